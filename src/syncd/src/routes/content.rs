use std::io;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt as _};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG, RANGE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use protocol::error::{ErrorBody, ErrorCode};
use protocol::id::{FileId, SpaceId};
use protocol::name::SpacePath;
use serde::Deserialize;
use store::{OpenFile, StoreError};
use utoipa::IntoParams;

use crate::content::disposition::attachment;
use crate::content::paced::{PATIENCE, paced};
use crate::content::precondition::{Verdict, entity_tag, judge, range_applies};
use crate::content::range::{Wanted, wanted};
use crate::error::{ApiError, Result, range_not_satisfiable};
use crate::extract::{Caller, Path, Query};
use crate::openapi::Read;
use crate::state::AppState;

/// Seconds after which a refused client may ask again.
const FULL_SECONDS: u64 = 5;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileQuery {
    /// The version; the current one by default.
    rev: Option<u64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PathQuery {
    #[param(value_type = String)]
    path: SpacePath,
}

/// The bytes of a file, by its id (FS-7). `ETag` is the quoted SHA-256 of the content.
#[utoipa::path(method(get, head), path = "/v1/spaces/{space}/files/{file}/content", operation_id = "read_file", tag = "files",
    params(("space" = SpaceId, Path), ("file" = FileId, Path), FileQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The range asked for.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The client has these bytes."),
        (status = 412, description = "`If-Match` names other bytes.", body = ErrorBody),
        (status = 416, description = "The range lies outside the content.", body = ErrorBody),
        (status = 422, description = "The bytes don't have the digest that their author declared.", body = ErrorBody),
        Read))]
pub(crate) async fn by_file(
    State(state): State<AppState>,
    caller: Caller,
    Path((space, file)): Path<(SpaceId, FileId)>,
    Query(query): Query<FileQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response> {
    let store = &state.store;
    let file = store.open_file(&caller.identity, &space, &file, query.rev);
    answer(&state, file.await?, &method, &headers).await
}

/// The current bytes of the file at a path (FS-7).
#[utoipa::path(method(get, head), path = "/v1/spaces/{space}/content", operation_id = "read_path", tag = "files",
    params(("space" = SpaceId, Path), PathQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The range asked for.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The client has these bytes."),
        (status = 412, description = "`If-Match` names other bytes.", body = ErrorBody),
        (status = 416, description = "The range lies outside the content.", body = ErrorBody),
        (status = 422, description = "The bytes don't have the digest that their author declared.", body = ErrorBody),
        Read))]
pub(crate) async fn by_path(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
    Query(query): Query<PathQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response> {
    let store = &state.store;
    let node = store.node_at_path(&caller.identity, &space, &query.path);
    let node = node.await?;
    let file = store.open_file(&caller.identity, &space, &node.file, None);
    answer(&state, file.await?, &method, &headers).await
}

async fn answer(
    state: &AppState,
    file: OpenFile,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response> {
    let (size, tag) = (file.size(), entity_tag(&file.hash()));
    let mut response = match judge(headers, &tag) {
        Verdict::NotModified => StatusCode::NOT_MODIFIED.into_response(),
        Verdict::Failed => {
            let message = "the content is not what `If-Match` names";
            return Err(ApiError::new(ErrorCode::InvalidRequest, message)
                .with_status(StatusCode::PRECONDITION_FAILED));
        }
        Verdict::Proceed => {
            let name = attachment(file.node.name.as_str());
            let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
            // Range means something for GET only, and only for the bytes the client began with.
            let range = range.filter(|_| method == Method::GET && range_applies(headers, &tag));
            let mut response = match wanted(range, size) {
                Wanted::Outside => return Ok(range_not_satisfiable(size)),
                Wanted::Whole if method == Method::HEAD => described(size),
                Wanted::Whole => streamed(state, file, None).await?,
                Wanted::Part(range) => streamed(state, file, Some(range)).await?,
            };
            let headers = response.headers_mut();
            headers.insert(CONTENT_DISPOSITION, name);
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
            response
        }
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    // May be kept by the one who asked, if he asks again whether it is still so.
    let cache = HeaderValue::from_static("private, no-cache");
    headers.insert(CACHE_CONTROL, cache);
    Ok(response)
}

fn described(size: u64) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    response
}

/// Waits for the first bytes, so that a store that does not answer is a 503 and not a 200 that
/// breaks off.
async fn streamed(state: &AppState, file: OpenFile, part: Option<Range<u64>>) -> Result<Response> {
    let places = Arc::clone(&state.content_streams);
    let permit = places.try_acquire_owned().map_err(|_full| {
        let message = "this server sends as many files as it can; try again";
        ApiError::new(ErrorCode::Unavailable, message).with_retry_after(FULL_SECONDS)
    })?;
    let is_part = part.is_some();
    let mut content = file.stream(part).await?;
    let (range, size) = (content.range.clone(), content.size);
    let first = content.next().await.transpose().map_err(unreadable)?;
    let content = stream::iter(first.map(Ok)).chain(content);
    let mut response = Body::from_stream(paced(content, permit, PATIENCE)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    if is_part {
        let text = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(CONTENT_RANGE, value);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// Damage is told as such, and for good; everything else may pass.
fn unreadable(error: io::Error) -> ApiError {
    match error.downcast::<StoreError>() {
        Ok(damaged) if damaged.code() == ErrorCode::ContentDamaged => damaged.into(),
        other => {
            tracing::warn!(error = ?other, "content could not be read");
            ApiError::new(ErrorCode::Unavailable, "the content could not be read; try again")
        }
    }
}
