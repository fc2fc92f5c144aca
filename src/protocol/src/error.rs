//! What a refused request answers: a stable code for programs, a sentence for people.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of every answer that is not 2xx.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    pub code: ErrorCode,
    /// One sentence: what happened and what to do.
    pub message: String,
    /// Finds this request in the server's logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// For [`ErrorCode::Conflict`]: every operation of the commit that did not fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<crate::commit::OpConflict>,
    /// For [`ErrorCode::ContentMissing`]: the chunks to upload (again) in a new session.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chunks: Vec<crate::hash::ContentHash>,
}

impl ErrorBody {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            request_id: None,
            conflicts: Vec::new(),
            chunks: Vec::new(),
        }
    }
}

/// Codes are never renamed; a client that meets an unknown one treats it as its HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: the request can't be understood; retrying it as it is can't help.
    InvalidRequest,
    /// 401: no token, or one that is garbled, expired or revoked.
    Unauthenticated,
    /// 401: login name and password do not fit, or the account is disabled.
    BadCredentials,
    /// 403: the user may not do this in this space.
    Forbidden,
    /// 404: no such thing, or not visible to this user.
    NotFound,
    /// 409: the name (login, space) is taken.
    AlreadyExists,
    /// 409: operations rest on a state that has moved on; nothing was changed.
    Conflict,
    /// 409: the upload session is unknown, expired, committed or somebody else's.
    SessionClosed,
    /// 409: a chunk was declared but is not in S3 with that digest; nothing was changed.
    ContentMissing,
    /// 403: the commit names a chunk that its session never declared; nothing was changed.
    UndeclaredContent,
    /// 410: the invitation is unknown, used or expired.
    InvitationInvalid,
    /// 410: the cursor belongs to another epoch or lies below the journal's floor.
    CursorReset,
    /// 413: above a stated limit.
    TooLarge,
    /// 416: the range lies outside the content.
    RangeNotSatisfiable,
    /// 422: the bytes of a version don't have the digest that its author declared. Permanent.
    ContentDamaged,
    /// 429: slow down; `Retry-After` says how long.
    TooManyRequests,
    /// 503: a dependency is in doubt; retry, and never read it as "not there".
    Unavailable,
    /// 507: the service's disk is full; reads go on. Trying again helps once its operator made room.
    StorageFull,
    /// 500: a defect; the request id is in the logs.
    Internal,
    /// A code of a newer server.
    #[serde(other)]
    Unknown,
}
