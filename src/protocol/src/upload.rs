//! Upload sessions: what a client wants to bring, what is there already, and the temporary
//! credential with which it uploads the rest straight to S3 (FS-2, FS-3, FS-4).

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::hash::ContentHash;
use crate::id::{SessionId, SpaceId};

/// The largest chunk in bytes: a single `PutObject` whose SHA-256 S3 itself checks.
pub const MAX_CHUNK_BYTES: u64 = 64 * 1024 * 1024;

/// Chunks that one request may declare.
pub const MAX_CHUNKS_PER_REQUEST: usize = 1_000;

/// A chunk as the client sees it: digest and length of one S3 object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChunkClaim {
    pub hash: ContentHash,
    /// Bytes, 1 to [`MAX_CHUNK_BYTES`].
    pub size: u64,
}

/// `POST /v1/spaces/{space}/sessions`, and `POST /v1/spaces/{space}/sessions/{session}/chunks` to
/// declare more.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareRequest {
    /// At most [`MAX_CHUNKS_PER_REQUEST`].
    pub chunks: Vec<ChunkClaim>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChunkState {
    /// In S3 and verified; commit it as it is.
    Have,
    /// Upload it under the key given.
    Need,
}

/// The answer for one declared chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeclaredChunk {
    pub hash: ContentHash,
    pub state: ChunkState,
    /// The object's key, `s/<space>/<hash>.<generation>`.
    pub key: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeclareResponse {
    pub chunks: Vec<DeclaredChunk>,
}

/// The answer to opening a session.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OpenSessionResponse {
    pub session: SessionId,
    /// RFC 3339, UTC: after this it is closed.
    pub expires_at: String,
    pub chunks: Vec<DeclaredChunk>,
    pub access: ContentAccess,
}

/// Where content lies and the credential to reach it: `POST /v1/spaces/{space}/access` for
/// readers, and part of every opened session for writers.
///
/// A writer's credential may create and read objects under `prefix`, a reader's may read them;
/// neither may list, overwrite or delete.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ContentAccess {
    pub bucket: String,
    pub region: String,
    /// Of a store other than AWS's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path instead of the host name.
    pub path_style: bool,
    /// `s/<space>/`.
    pub prefix: String,
    pub credential: TemporaryCredential,
}

/// What STS issued. Valid for an hour at most (FS-3).
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TemporaryCredential {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
}

impl fmt::Debug for TemporaryCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemporaryCredential")
            .field("access_key_id", &self.access_key_id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// The key of a chunk's object.
///
/// A new generation is a new key, so that deleting one can never hit its successor.
pub fn chunk_key(space: &SpaceId, hash: &ContentHash, generation: u32) -> String {
    format!("s/{space}/{hash}.{generation}")
}
