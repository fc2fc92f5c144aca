use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use protocol::error::{ErrorBody, ErrorCode};

use super::request_id::RequestId;
use crate::error::ApiError;

/// Headers that no answer goes without, unless the handler set its own. Nothing that this server
/// sends is meant to run in a browser.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
    ),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

/// Writes the error body with the request id in it, and the security headers.
pub(crate) async fn finish(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    if let Some(mut body) = response.extensions_mut().remove::<Box<ErrorBody>>() {
        body.request_id = id.map(|id| id.0);
        write(&mut response, &body);
    }
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// The answer to a path that no route has.
pub(crate) async fn unknown_route() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is no such route; /v1/openapi.json lists all of them")
}

/// The answer to a method that the route does not have.
pub(crate) async fn unknown_method() -> ApiError {
    ApiError::new(
        ErrorCode::InvalidRequest,
        "this route does not take that method; /v1/openapi.json lists what it takes",
    )
    .with_status(StatusCode::METHOD_NOT_ALLOWED)
}

fn write(response: &mut Response, body: &ErrorBody) {
    // Plain data always becomes JSON; an empty body would still carry the right status.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(bytes);
}
