//! What axum refuses by itself: bodies, paths and queries that can't be read.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use http::StatusCode;
use protocol::error::ErrorCode;

use super::ApiError;

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(
                ErrorCode::TooLarge,
                "the body is larger than this route takes; send less at a time",
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(
                ErrorCode::InvalidRequest,
                "the body must be JSON, with `Content-Type: application/json`",
            )
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            _ => Self::new(ErrorCode::InvalidRequest, sentence(&rejection.body_text())),
        }
    }
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        Self::new(ErrorCode::InvalidRequest, sentence(&rejection.body_text()))
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(ErrorCode::InvalidRequest, sentence(&rejection.body_text()))
    }
}

/// A message quotes at most this much of a request back.
const LONGEST: usize = 300;

fn sentence(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
