//! What can go wrong, one variant per code of the protocol.

use std::fmt::Debug;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use protocol::commit::OpConflict;
use protocol::error::{ErrorBody, ErrorCode};
use protocol::hash::ContentHash;
use protocol::id::FileId;

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store refused or failed. The texts are sentences for the person at the other end.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{0}")]
    InvalidRequest(String),
    #[error("{0}")]
    Unauthenticated(String),
    #[error("login name and password do not fit, or the account is disabled")]
    BadCredentials,
    #[error("{0}")]
    Forbidden(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    AlreadyExists(String),
    #[error("'{login}' has an invitation already, until {}", .until.strftime("%-d %B %Y, %H:%M UTC"))]
    InvitationPending { login: String, until: jiff::Timestamp },
    #[error("{} of the commit's operations rest on a state that has moved on", .0.len())]
    Conflict(Vec<OpConflict>),
    #[error("the upload session is unknown, expired or not yours; open a new one")]
    SessionClosed,
    #[error("{} chunks are not in the store with the declared digest; upload them again", .0.len())]
    ContentMissing(Vec<ContentHash>),
    #[error("{} chunks were never declared by this upload session; declare them first", .0.len())]
    UndeclaredContent(Vec<ContentHash>),
    #[error("the invitation is unknown, used or expired; ask for a new one")]
    InvitationInvalid,
    #[error("the cursor does not belong to this journal any more; list the space again")]
    CursorReset,
    #[error("{0}")]
    TooLarge(String),
    #[error("the range lies outside the content of {size} bytes")]
    RangeNotSatisfiable { size: u64 },
    /// `by` is the login name of who uploaded it.
    #[error(
        "the bytes of file {file}, version {rev}, do not have the SHA-256 that {} declared when \
         uploading them; trying again can't help: restore another version or upload the file again",
        .by.as_deref().unwrap_or("their author")
    )]
    ContentDamaged { file: FileId, rev: u64, by: Option<String> },
    #[error("too many attempts; try again in {} seconds", .retry_after.as_secs().max(1))]
    TooManyRequests { retry_after: Duration },
    /// A dependency is in doubt. Never to be read as "not there".
    #[error("{0} did not answer as it should; try again")]
    Unavailable(String),
    #[error(
        "the service has no room left on its disk: nothing can be added or changed until its \
         operator makes room; what is there can be read"
    )]
    StorageFull,
    /// To a client this release is as good as no server: the newer one may be back in a moment.
    #[error(
        "the data has format {found}, this release knows {known}; nothing was changed: \
         run the newer release that wrote it"
    )]
    NewerFormat { found: u64, known: u64 },
    /// A defect, or a row that makes no sense.
    #[error("{0}")]
    Internal(String),
}

impl StoreError {
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidRequest(_) => ErrorCode::InvalidRequest,
            Self::Unauthenticated(_) => ErrorCode::Unauthenticated,
            Self::BadCredentials => ErrorCode::BadCredentials,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::AlreadyExists(_) | Self::InvitationPending { .. } => ErrorCode::AlreadyExists,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::SessionClosed => ErrorCode::SessionClosed,
            Self::ContentMissing(_) => ErrorCode::ContentMissing,
            Self::UndeclaredContent(_) => ErrorCode::UndeclaredContent,
            Self::InvitationInvalid => ErrorCode::InvitationInvalid,
            Self::CursorReset => ErrorCode::CursorReset,
            Self::TooLarge(_) => ErrorCode::TooLarge,
            Self::RangeNotSatisfiable { .. } => ErrorCode::RangeNotSatisfiable,
            Self::ContentDamaged { .. } => ErrorCode::ContentDamaged,
            Self::TooManyRequests { .. } => ErrorCode::TooManyRequests,
            Self::Unavailable(_) | Self::NewerFormat { .. } => ErrorCode::Unavailable,
            Self::StorageFull => ErrorCode::StorageFull,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// The body of the answer, lists included; the caller adds the request id.
    pub fn body(&self) -> ErrorBody {
        let mut body = ErrorBody::new(self.code(), self.to_string());
        match self {
            Self::Conflict(conflicts) => body.conflicts.clone_from(conflicts),
            Self::ContentMissing(chunks) | Self::UndeclaredContent(chunks) => {
                body.chunks.clone_from(chunks);
            }
            _ => {}
        }
        body
    }
}

/// A dependency's failure: the details go to the log, the caller learns which call it was.
pub(crate) fn unavailable(call: &str, error: &dyn Debug) -> StoreError {
    tracing::warn!(call, ?error, "a dependency failed");
    StoreError::Unavailable(call.to_owned())
}

/// The same for a call that writes: a full disk is no doubt, and waiting doesn't help.
pub(crate) fn not_written<E: Debug>(call: &str, error: &SdkError<E>) -> StoreError {
    const INSUFFICIENT_STORAGE: u16 = 507;
    let status = error.raw_response().map(|response| response.status().as_u16());
    if status != Some(INSUFFICIENT_STORAGE) {
        return unavailable(call, error);
    }
    tracing::warn!(call, "the disk is full");
    StoreError::StorageFull
}

pub(crate) fn invalid(message: impl Into<String>) -> StoreError {
    StoreError::InvalidRequest(message.into())
}

pub(crate) fn no_such_space() -> StoreError {
    StoreError::NotFound("no such space, or you are no member of it".to_owned())
}
