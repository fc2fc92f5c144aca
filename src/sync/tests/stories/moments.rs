//! A service that lets a test act at a chosen moment of a run, and fail what it wants to.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use protocol::changes::{ChangesQuery, ChangesResponse};
use protocol::commit::{CommitRequest, CommitResponse};
use protocol::error::{ErrorBody, ErrorCode};
use protocol::file::{
    CheckRequest, CheckResponse, EntriesQuery, EntriesResponse, LocateRequest, LocateResponse,
    VersionList,
};
use protocol::hash::ContentHash;
use protocol::id::{FileId, SessionId, SpaceId};
use protocol::upload::{ContentAccess, DeclareRequest, DeclareResponse, OpenSessionResponse};
use sync::api::Api;
use sync::error::{ApiError, ContentError};
use sync::service::{Content, Service};

/// What is about to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A round begins: the journal is fetched, then comes the scan.
    Changes,
    Locate {
        items: usize,
    },
    Commit,
    RenewAccess,
    /// With the number of the credential, from 1.
    Put {
        credential: usize,
    },
}

/// `Err` refuses the call with this code; of a `Put`, `Unauthenticated` means an expired credential.
type Script = dyn FnMut(&Moment) -> Result<(), ErrorCode> + Send;

type Rewrite = dyn FnMut(&mut ChangesResponse) + Send;

/// The real service behind it.
pub(crate) struct Scripted {
    rewrite: Mutex<Option<Box<Rewrite>>>,
    api: Arc<Api>,
    script: Arc<Mutex<Box<Script>>>,
    seen: Arc<Mutex<Vec<Moment>>>,
    credentials: Mutex<usize>,
}

impl Scripted {
    pub(crate) fn new(
        api: &Arc<Api>,
        script: impl FnMut(&Moment) -> Result<(), ErrorCode> + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            rewrite: Mutex::default(),
            api: api.clone(),
            script: Arc::new(Mutex::new(Box::new(script))),
            seen: Arc::default(),
            credentials: Mutex::default(),
        })
    }

    /// A server that tells another history.
    pub(crate) fn rewriting(
        api: &Arc<Api>,
        rewrite: impl FnMut(&mut ChangesResponse) + Send + 'static,
    ) -> Arc<Self> {
        let scripted = Self::new(api, |_| Ok(()));
        *scripted.rewrite.lock().unwrap() = Some(Box::new(rewrite));
        scripted
    }

    pub(crate) fn seen(&self) -> Vec<Moment> {
        self.seen.lock().unwrap().clone()
    }

    fn at(&self, moment: Moment) -> Result<(), ApiError> {
        play(&self.script, &self.seen, moment)
            .map_err(|code| ApiError::Refused(Box::new(ErrorBody::new(code, "the test says no"))))
    }
}

fn play(
    script: &Mutex<Box<Script>>,
    seen: &Mutex<Vec<Moment>>,
    moment: Moment,
) -> Result<(), ErrorCode> {
    let verdict = script.lock().unwrap()(&moment);
    seen.lock().unwrap().push(moment);
    verdict
}

#[async_trait]
impl Service for Scripted {
    async fn open_session(
        &self,
        space: &SpaceId,
        request: &DeclareRequest,
    ) -> Result<OpenSessionResponse, ApiError> {
        self.api.open_session(space, request).await
    }

    async fn declare(
        &self,
        space: &SpaceId,
        session: &SessionId,
        request: &DeclareRequest,
    ) -> Result<DeclareResponse, ApiError> {
        self.api.declare(space, session, request).await
    }

    async fn renew_access(
        &self,
        space: &SpaceId,
        session: &SessionId,
    ) -> Result<ContentAccess, ApiError> {
        self.at(Moment::RenewAccess)?;
        self.api.renew_access(space, session).await
    }

    async fn reader_access(&self, space: &SpaceId) -> Result<ContentAccess, ApiError> {
        self.api.reader_access(space).await
    }

    async fn commit(
        &self,
        space: &SpaceId,
        request: &CommitRequest,
    ) -> Result<CommitResponse, ApiError> {
        self.at(Moment::Commit)?;
        self.api.commit(space, request).await
    }

    async fn changes(
        &self,
        space: &SpaceId,
        query: &ChangesQuery,
    ) -> Result<ChangesResponse, ApiError> {
        self.at(Moment::Changes)?;
        let mut page = self.api.changes(space, query).await?;
        if let Some(rewrite) = self.rewrite.lock().unwrap().as_mut() {
            rewrite(&mut page);
        }
        Ok(page)
    }

    async fn entries(
        &self,
        space: &SpaceId,
        query: &EntriesQuery,
    ) -> Result<EntriesResponse, ApiError> {
        self.api.entries(space, query).await
    }

    async fn check(
        &self,
        space: &SpaceId,
        request: &CheckRequest,
    ) -> Result<CheckResponse, ApiError> {
        self.api.check(space, request).await
    }

    async fn locate(
        &self,
        space: &SpaceId,
        request: &LocateRequest,
    ) -> Result<LocateResponse, ApiError> {
        self.at(Moment::Locate { items: request.items.len() })?;
        self.api.locate(space, request).await
    }

    async fn versions(&self, space: &SpaceId, file: &FileId) -> Result<VersionList, ApiError> {
        self.api.versions(space, file).await
    }

    fn connect(&self, access: &ContentAccess) -> Arc<dyn Content> {
        let mut credentials = self.credentials.lock().unwrap();
        *credentials += 1;
        Arc::new(Watched {
            content: self.api.connect(access),
            script: self.script.clone(),
            seen: self.seen.clone(),
            credential: *credentials,
        })
    }
}

struct Watched {
    content: Arc<dyn Content>,
    script: Arc<Mutex<Box<Script>>>,
    seen: Arc<Mutex<Vec<Moment>>>,
    credential: usize,
}

#[async_trait]
impl Content for Watched {
    async fn put(&self, key: &str, hash: &ContentHash, bytes: Bytes) -> Result<(), ContentError> {
        let moment = Moment::Put { credential: self.credential };
        play(&self.script, &self.seen, moment).map_err(|code| match code {
            ErrorCode::Unauthenticated => ContentError::Expired,
            _ => ContentError::Refused { key: key.to_owned(), message: "the test".to_owned() },
        })?;
        self.content.put(key, hash, bytes).await
    }

    async fn get(&self, key: &str, offset: u64, length: u64) -> Result<Bytes, ContentError> {
        self.content.get(key, offset, length).await
    }
}
