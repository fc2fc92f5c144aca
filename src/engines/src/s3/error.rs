use http::{HeaderValue, Response, StatusCode, header};
use s3s::{Body, S3Error, S3ErrorCode, StdError};

use crate::object::StoreError;

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::NoSuchBucket(_) => S3ErrorCode::NoSuchBucket,
            StoreError::BucketExists(_) => S3ErrorCode::BucketAlreadyOwnedByYou,
            StoreError::BucketNotEmpty(_) => S3ErrorCode::BucketNotEmpty,
            StoreError::NoSuchKey(_) => S3ErrorCode::NoSuchKey,
            StoreError::NoSuchUpload(_) => S3ErrorCode::NoSuchUpload,
            StoreError::PreconditionFailed => S3ErrorCode::PreconditionFailed,
            StoreError::Full => return full(),
            StoreError::Damaged(_) | StoreError::Io(_) => {
                // Paths stay in the log.
                tracing::error!(%error, "object store failed");
                return Self::with_message(
                    S3ErrorCode::InternalError,
                    "The object store failed; its log says why.",
                );
            }
        };
        Self::with_message(code, error.to_string())
    }
}

/// Not retried by SDKs, unlike 503: more tries make no room.
fn full() -> S3Error {
    let mut error = S3Error::with_message(
        S3ErrorCode::Custom("InsufficientStorage".into()),
        "There is no space left on the disk of the object store.",
    );
    error.set_status_code(StatusCode::INSUFFICIENT_STORAGE);
    error
}

/// What went wrong while a body came in: the client's signature or hash, or
/// the connection.
pub(super) fn body_error(error: &StdError) -> S3Error {
    let text = format!("{error} {error:?}");
    if text.contains("Sha256Mismatch") {
        S3Error::with_message(
            // No name for it in `s3s`; what is unknown has no status either.
            S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    } else if text.contains("Stalled(") {
        S3Error::with_message(
            S3ErrorCode::RequestTimeout,
            "Your socket connection to the server was not written to within the timeout period.",
        )
    } else if text.contains("SignatureMismatch") {
        S3ErrorCode::SignatureDoesNotMatch.into()
    } else {
        S3Error::with_message(
            S3ErrorCode::IncompleteBody,
            "The request body ended before the announced length.",
        )
    }
}

/// An error answer made outside `s3s`.
pub(super) fn refuse(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}
