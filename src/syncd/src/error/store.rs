//! The store's failures. Codes, sentences and lists are the store's own; only what HTTP adds is
//! decided here.

use axum::response::IntoResponse;
use http::HeaderValue;
use http::header::CONTENT_RANGE;
use protocol::error::ErrorCode;
use store::StoreError;

use super::ApiError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.code() == ErrorCode::Internal {
            return Self::internal(error);
        }
        let refused = Self::from_body(error.body());
        match error {
            StoreError::TooManyRequests { retry_after } => {
                refused.with_retry_after(retry_after.as_secs())
            }
            _ => refused,
        }
    }
}

/// 416 with the size, as RFC 9110 section 15.5.17 asks.
pub fn range_not_satisfiable(size: u64) -> axum::response::Response {
    let error = StoreError::RangeNotSatisfiable { size };
    let mut response = ApiError::from(error).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
    response
}
