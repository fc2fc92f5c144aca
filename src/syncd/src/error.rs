//! The one file that turns a failure into an answer: status, [`ErrorBody`], `Retry-After`.
//!
//! Handlers return [`ApiError`]. What the caller can act upon has a code and a sentence; what is
//! our own defect is logged here, once, and leaves as a bare 500.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use protocol::error::{ErrorBody, ErrorCode};

mod rejection;
mod store;

pub use store::range_not_satisfiable;

/// A refused request.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    /// Boxed, so that the `Result` of a handler stays small.
    body: Box<ErrorBody>,
    retry_after_seconds: Option<u64>,
}

pub type Result<T, E = ApiError> = std::result::Result<T, E>;

impl ApiError {
    /// With the status that [`ErrorCode`] documents.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::from_body(ErrorBody::new(code, message))
    }

    pub fn from_body(body: ErrorBody) -> Self {
        let retry_after_seconds = match body.code {
            ErrorCode::TooManyRequests => Some(5),
            ErrorCode::Unavailable => Some(1),
            _ => None,
        };
        Self { status: status(body.code), body: Box::new(body), retry_after_seconds }
    }

    /// For the statuses that share a code, such as 405 and 415.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds.max(1));
        self
    }

    /// A defect: the cause goes to the log, not to the caller.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(cause = %cause, "a request met a defect");
        Self::new(ErrorCode::Internal, "the server met a defect; report the request id")
    }

    pub fn code(&self) -> ErrorCode {
        self.body.code
    }

    pub fn message(&self) -> &str {
        &self.body.message
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl IntoResponse for ApiError {
    /// The body travels as an extension: `middleware::finish` adds the request id and writes it.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self.body);
        response
    }
}

/// The status of each code, as `protocol` documents it. Written out in full, so that a new code
/// forces a decision.
const fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidRequest => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthenticated | ErrorCode::BadCredentials => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden | ErrorCode::UndeclaredContent => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::AlreadyExists
        | ErrorCode::Conflict
        | ErrorCode::SessionClosed
        | ErrorCode::ContentMissing => StatusCode::CONFLICT,
        ErrorCode::InvitationInvalid | ErrorCode::CursorReset => StatusCode::GONE,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        ErrorCode::ContentDamaged => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        ErrorCode::Internal | ErrorCode::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
