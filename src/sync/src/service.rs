//! The two things outside that the engine talks to, as traits.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::changes::{ChangesQuery, ChangesResponse};
use protocol::commit::{CommitRequest, CommitResponse};
use protocol::file::{
    CheckRequest, CheckResponse, EntriesQuery, EntriesResponse, LocateRequest, LocateResponse,
    VersionList,
};
use protocol::hash::ContentHash;
use protocol::id::{FileId, SessionId, SpaceId};
use protocol::upload::{ContentAccess, DeclareRequest, DeclareResponse, OpenSessionResponse};

use crate::error::{ApiError, ContentError};

/// A server, as far as one space's files are concerned.
///
/// Implementations retry what is safe to retry; an error that comes out of here is final for now.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    async fn open_session(
        &self,
        space: &SpaceId,
        request: &DeclareRequest,
    ) -> Result<OpenSessionResponse, ApiError>;
    async fn declare(
        &self,
        space: &SpaceId,
        session: &SessionId,
        request: &DeclareRequest,
    ) -> Result<DeclareResponse, ApiError>;
    async fn renew_access(
        &self,
        space: &SpaceId,
        session: &SessionId,
    ) -> Result<ContentAccess, ApiError>;
    async fn reader_access(&self, space: &SpaceId) -> Result<ContentAccess, ApiError>;
    async fn commit(
        &self,
        space: &SpaceId,
        request: &CommitRequest,
    ) -> Result<CommitResponse, ApiError>;
    async fn changes(
        &self,
        space: &SpaceId,
        query: &ChangesQuery,
    ) -> Result<ChangesResponse, ApiError>;
    async fn entries(
        &self,
        space: &SpaceId,
        query: &EntriesQuery,
    ) -> Result<EntriesResponse, ApiError>;
    async fn check(
        &self,
        space: &SpaceId,
        request: &CheckRequest,
    ) -> Result<CheckResponse, ApiError>;
    async fn locate(
        &self,
        space: &SpaceId,
        request: &LocateRequest,
    ) -> Result<LocateResponse, ApiError>;
    async fn versions(&self, space: &SpaceId, file: &FileId) -> Result<VersionList, ApiError>;
    /// The object store behind this access.
    fn connect(&self, access: &ContentAccess) -> Arc<dyn Content>;
}

/// The object store with one credential.
#[async_trait]
pub trait Content: Send + Sync + 'static {
    /// Creates the object; one that exists already is success, because the key names its digest.
    async fn put(&self, key: &str, hash: &ContentHash, bytes: Bytes) -> Result<(), ContentError>;
    /// Exactly `length` bytes from `offset`.
    async fn get(&self, key: &str, offset: u64, length: u64) -> Result<Bytes, ContentError>;
}
