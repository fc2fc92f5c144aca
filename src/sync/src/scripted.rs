//! A service that answers as a test wants it to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use protocol::changes::{ChangesQuery, ChangesResponse};
use protocol::commit::{CommitRequest, CommitResponse};
use protocol::error::{ErrorBody, ErrorCode};
use protocol::file::{
    CheckRequest, CheckResponse, EntriesQuery, EntriesResponse, LocateRequest, LocateResponse,
    VersionList,
};
use protocol::hash::ContentHash;
use protocol::id::{FileId, SessionId, SpaceId};
use protocol::upload::{
    ChunkState, ContentAccess, DeclareRequest, DeclareResponse, DeclaredChunk, OpenSessionResponse,
    TemporaryCredential,
};

use crate::clock::Clock;
use crate::error::{ApiError, ContentError};
use crate::service::{Content, Service};

type Judge = dyn Fn(&CommitRequest) -> Option<ErrorBody> + Send + Sync;

/// Needs every chunk, keeps a record of commits and sessions, refuses what the judge refuses.
pub(crate) struct Scripted {
    pub(crate) judge: Box<Judge>,
    pub(crate) page: Option<ChangesResponse>,
    pub(crate) commits: Mutex<Vec<CommitRequest>>,
    pub(crate) sessions: Mutex<u128>,
}

impl Scripted {
    pub(crate) fn new(
        judge: impl Fn(&CommitRequest) -> Option<ErrorBody> + Send + Sync + 'static,
    ) -> Self {
        let judge = Box::new(judge);
        Self { judge, page: None, commits: Mutex::default(), sessions: Mutex::default() }
    }
}

fn refused<T>(body: ErrorBody) -> Result<T, ApiError> {
    Err(ApiError::Refused(Box::new(body)))
}

fn off_script<T>() -> Result<T, ApiError> {
    refused(ErrorBody::new(ErrorCode::Internal, "not in the script"))
}

fn needed(request: &DeclareRequest) -> Vec<DeclaredChunk> {
    let chunks = request.chunks.iter();
    let need =
        |hash: ContentHash| DeclaredChunk { hash, state: ChunkState::Need, key: hash.to_string() };
    chunks.map(|chunk| need(chunk.hash)).collect()
}

fn access() -> ContentAccess {
    ContentAccess {
        bucket: "bucket".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: None,
        path_style: true,
        prefix: String::new(),
        credential: TemporaryCredential {
            access_key_id: String::new(),
            secret_access_key: String::new(),
            session_token: String::new(),
            expires_at: "2100-01-01T00:00:00Z".to_owned(),
        },
    }
}

#[async_trait]
impl Service for Scripted {
    async fn open_session(
        &self,
        _: &SpaceId,
        request: &DeclareRequest,
    ) -> Result<OpenSessionResponse, ApiError> {
        let mut sessions = self.sessions.lock().unwrap();
        *sessions += 1;
        Ok(OpenSessionResponse {
            session: SessionId::from_random(*sessions),
            expires_at: "2100-01-01T00:00:00Z".to_owned(),
            chunks: needed(request),
            access: access(),
        })
    }

    async fn declare(
        &self,
        _: &SpaceId,
        _: &SessionId,
        request: &DeclareRequest,
    ) -> Result<DeclareResponse, ApiError> {
        Ok(DeclareResponse { chunks: needed(request) })
    }

    async fn renew_access(&self, _: &SpaceId, _: &SessionId) -> Result<ContentAccess, ApiError> {
        off_script()
    }

    async fn reader_access(&self, _: &SpaceId) -> Result<ContentAccess, ApiError> {
        off_script()
    }

    async fn commit(
        &self,
        _: &SpaceId,
        request: &CommitRequest,
    ) -> Result<CommitResponse, ApiError> {
        if let Some(body) = (self.judge)(request) {
            return refused(body);
        }
        let mut commits = self.commits.lock().unwrap();
        commits.push(request.clone());
        Ok(CommitResponse { seq: commits.len() as u64 })
    }

    async fn changes(&self, _: &SpaceId, _: &ChangesQuery) -> Result<ChangesResponse, ApiError> {
        self.page.clone().map_or_else(off_script, Ok)
    }

    async fn entries(&self, _: &SpaceId, _: &EntriesQuery) -> Result<EntriesResponse, ApiError> {
        off_script()
    }

    async fn check(&self, _: &SpaceId, _: &CheckRequest) -> Result<CheckResponse, ApiError> {
        off_script()
    }

    async fn locate(&self, _: &SpaceId, _: &LocateRequest) -> Result<LocateResponse, ApiError> {
        off_script()
    }

    async fn versions(&self, _: &SpaceId, _: &FileId) -> Result<VersionList, ApiError> {
        off_script()
    }

    fn connect(&self, _: &ContentAccess) -> Arc<dyn Content> {
        Arc::new(Nowhere)
    }
}

struct Nowhere;

#[async_trait]
impl Content for Nowhere {
    async fn put(&self, _: &str, _: &ContentHash, _: Bytes) -> Result<(), ContentError> {
        Ok(())
    }

    async fn get(&self, key: &str, _: u64, _: u64) -> Result<Bytes, ContentError> {
        Err(ContentError::Missing { key: key.to_owned() })
    }
}

/// Counts pauses instead of making them.
#[derive(Default)]
pub(crate) struct Hasty(pub(crate) Mutex<u32>);

#[async_trait]
impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, _: Duration) {
        *self.0.lock().unwrap() += 1;
    }
}
