//! The DynamoDB API over one database file.

mod metadata;
mod operation;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};

pub(crate) use metadata::{FORMAT, Metadata};

use operation::Operation;

const TARGET: &str = "x-amz-target";
const VERSION: &str = "DynamoDB_20120810.";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// How the database's message says that the disk is full; the library has no kind for it.
const SQLITE_FULL: &str = "database or disk is full";

/// Whether a request is one of this API.
pub(crate) fn is_addressed(headers: &HeaderMap) -> bool {
    headers.contains_key(TARGET)
}

/// Answers one verified request.
pub(crate) async fn answer(metadata: Metadata, headers: &HeaderMap, body: Bytes) -> Response<Body> {
    let name = headers
        .get(TARGET)
        .and_then(|target| target.to_str().ok())
        .and_then(|target| target.strip_prefix(VERSION));
    let Some(operation) = name.and_then(Operation::from_name) else {
        return error(StatusCode::BAD_REQUEST, "UnknownOperationException", "");
    };
    // The database blocks on the disk.
    let run = move || metadata.has_room_for(operation).then(|| metadata.run(operation, &body));
    match tokio::task::spawn_blocking(run).await {
        Ok(None) => full(operation),
        Ok(Some(Ok(json))) => respond(StatusCode::OK, json),
        Ok(Some(Err(refusal))) if refusal.to_string().contains(SQLITE_FULL) => full(operation),
        Ok(Some(Err(refusal))) => {
            let status = StatusCode::from_u16(refusal.status_code());
            if refusal.status_code() >= 500 {
                tracing::error!(?operation, error = %refusal, "metadata database failed");
            }
            respond(status.unwrap_or(StatusCode::BAD_REQUEST), refusal.to_json())
        }
        Err(panic) => {
            tracing::error!(?operation, error = %panic, "metadata operation broke off");
            error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "")
        }
    }
}

/// Not a status that SDKs try again: more tries make no room.
fn full(operation: Operation) -> Response<Body> {
    tracing::warn!(?operation, "no room on the disk for metadata");
    error(
        StatusCode::INSUFFICIENT_STORAGE,
        "InsufficientStorageException",
        "There is no space left on the disk of the metadata.",
    )
}

/// An error in the form of this API.
pub(crate) fn error(status: StatusCode, kind: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({
        "__type": format!("com.amazon.coral.service#{kind}"),
        "message": message,
    });
    respond(status, body.to_string())
}

fn respond(status: StatusCode, json: String) -> Response<Body> {
    let sum = s3s::crypto::Crc32::checksum_u32(json.as_bytes());
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(CONTENT_TYPE));
    // SDKs check the body against it.
    headers.insert("x-amz-crc32", sum.into());
    headers.insert("x-amzn-requestid", crate::api::request_id());
    response
}
