//! [`Service`] over HTTP.

use std::sync::Arc;

use async_trait::async_trait;
use protocol::changes::{ChangesQuery, ChangesResponse};
use protocol::commit::{CommitRequest, CommitResponse};
use protocol::file::{
    CheckRequest, CheckResponse, EntriesQuery, EntriesResponse, LocateRequest, LocateResponse,
    VersionList,
};
use protocol::id::{FileId, SessionId, SpaceId};
use protocol::upload::{ContentAccess, DeclareRequest, DeclareResponse, OpenSessionResponse};
use reqwest::Method;

use super::Api;
use super::retry::Repeat;
use crate::content::S3Content;
use crate::error::ApiError;
use crate::service::{Content, Service};

type Answer<T> = Result<T, ApiError>;

#[async_trait]
impl Service for Api {
    async fn open_session(
        &self,
        space: &SpaceId,
        request: &DeclareRequest,
    ) -> Answer<OpenSessionResponse> {
        // A session opened twice is one that nobody uses; it expires by itself.
        let path = ["spaces", space.as_str(), "sessions"];
        self.call(Method::POST, &path, request, Repeat::Freely).await
    }

    async fn declare(
        &self,
        space: &SpaceId,
        session: &SessionId,
        request: &DeclareRequest,
    ) -> Answer<DeclareResponse> {
        let path = ["spaces", space.as_str(), "sessions", session.as_str(), "chunks"];
        self.call(Method::POST, &path, request, Repeat::Freely).await
    }

    async fn renew_access(&self, space: &SpaceId, session: &SessionId) -> Answer<ContentAccess> {
        let path = ["spaces", space.as_str(), "sessions", session.as_str(), "access"];
        self.call(Method::POST, &path, &serde_json::json!({}), Repeat::Freely).await
    }

    async fn reader_access(&self, space: &SpaceId) -> Answer<ContentAccess> {
        let path = ["spaces", space.as_str(), "access"];
        self.call(Method::POST, &path, &serde_json::json!({}), Repeat::Freely).await
    }

    async fn commit(&self, space: &SpaceId, request: &CommitRequest) -> Answer<CommitResponse> {
        // The commit id makes a repetition return the first outcome.
        let path = ["spaces", space.as_str(), "commits"];
        self.call(Method::POST, &path, request, Repeat::Freely).await
    }

    async fn changes(&self, space: &SpaceId, query: &ChangesQuery) -> Answer<ChangesResponse> {
        self.get(&["spaces", space.as_str(), "changes"], query).await
    }

    async fn entries(&self, space: &SpaceId, query: &EntriesQuery) -> Answer<EntriesResponse> {
        self.get(&["spaces", space.as_str(), "entries"], query).await
    }

    async fn check(&self, space: &SpaceId, request: &CheckRequest) -> Answer<CheckResponse> {
        let path = ["spaces", space.as_str(), "check"];
        self.call(Method::POST, &path, request, Repeat::Freely).await
    }

    async fn locate(&self, space: &SpaceId, request: &LocateRequest) -> Answer<LocateResponse> {
        let path = ["spaces", space.as_str(), "locate"];
        self.call(Method::POST, &path, request, Repeat::Freely).await
    }

    async fn versions(&self, space: &SpaceId, file: &FileId) -> Answer<VersionList> {
        let path = ["spaces", space.as_str(), "files", file.as_str(), "versions"];
        self.get(&path, &()).await
    }

    fn connect(&self, access: &ContentAccess) -> Arc<dyn Content> {
        Arc::new(S3Content::new(access))
    }
}
