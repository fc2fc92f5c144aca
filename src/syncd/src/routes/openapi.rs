use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

/// The document, written once when the router is built.
#[derive(Clone)]
pub(crate) struct Document(pub Arc<Bytes>);

/// This API, as OpenAPI.
#[utoipa::path(get, path = "/v1/openapi.json", operation_id = "openapi", tag = "operations", security(()),
    responses((status = 200, body = serde_json::Value)))]
pub(crate) async fn document(Extension(Document(text)): Extension<Document>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], Bytes::clone(&text))
}
