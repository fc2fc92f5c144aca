//! All routes in one list, and what every request passes.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, IF_RANGE, RANGE, RETRY_AFTER,
};
use http::{HeaderValue, Method};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::middleware::deadline::{Deadline, LONG_POLL, ORDINARY, deadline};
use crate::middleware::finish::{finish, unknown_method, unknown_route};
use crate::middleware::observe::observe;
use crate::middleware::request_id::{INSTANCE, REQUEST_ID, request_id};
use crate::openapi;
use crate::routes::openapi::Document;
use crate::routes::{
    access, changes, check, commits, content, devices, entries, health, invitations, locate, login,
    mail, me, members, metrics, openapi as document, password, ready, sessions, spaces,
    unsubscribe, versions, welcome,
};
use crate::state::AppState;

/// Bytes of an ordinary request's body.
const SMALL_BODY: usize = 64 * 1024;

/// Bytes of a commit: a file of [`protocol::commit::MAX_EXTENTS`], about 105 bytes each, fits.
const COMMIT_BODY: usize = 16 * 1024 * 1024;

/// Bytes of another request that carries lists: declared chunks, checksums.
const LARGE_BODY: usize = 4 * 1024 * 1024;

/// The whole server, without its listener.
pub fn app(state: AppState) -> Router {
    let (routes, document) = api().split_for_parts();
    let document = openapi::finished(document);
    // Plain data always becomes JSON.
    let text = serde_json::to_vec(&document).unwrap_or_default();
    let app = routes
        // For people; no part of the API.
        .route("/", get(welcome::welcome))
        .layer(Extension(Document(Arc::new(Bytes::from(text)))))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(catch_panic(&state));
    let app = match cors(&state.config.allowed_origins) {
        Some(cors) => app.layer(cors),
        None => app,
    };
    // The last layer is the outermost one.
    app.layer(from_fn(finish))
        .layer(from_fn_with_state(state.clone(), observe))
        .layer(from_fn_with_state(state.clone(), request_id))
        .with_state(state)
}

/// This API as OpenAPI, generated from the handlers.
pub fn api_document() -> OpenApi {
    openapi::finished(api().into_openapi())
}

fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::frame())
        .merge(limited(small(), SMALL_BODY, ORDINARY))
        .merge(limited(large(), LARGE_BODY, ORDINARY))
        .merge(limited(committing(), COMMIT_BODY, ORDINARY))
        .merge(limited(waiting(), SMALL_BODY, LONG_POLL))
}

fn small() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(invitations::redeem))
        .routes(routes!(login::login))
        .routes(routes!(login::logout))
        .routes(routes!(password::change))
        .routes(routes!(me::show))
        .routes(routes!(devices::list))
        .routes(routes!(devices::revoke))
        .routes(routes!(spaces::list, spaces::create))
        .routes(routes!(spaces::show))
        .routes(routes!(members::list, members::share))
        .routes(routes!(members::remove))
        .routes(routes!(mail::choose))
        .routes(routes!(unsubscribe::ask, unsubscribe::unsubscribe))
        .routes(routes!(sessions::renew))
        .routes(routes!(access::reader))
        .routes(routes!(entries::list))
        .routes(routes!(entries::list_by_id))
        .routes(routes!(versions::list))
        .routes(routes!(content::by_file))
        .routes(routes!(content::by_path))
        .routes(routes!(document::document))
        .routes(routes!(health::health))
        .routes(routes!(ready::ready))
        .routes(routes!(metrics::metrics))
}

fn large() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(sessions::open))
        .routes(routes!(sessions::declare))
        .routes(routes!(check::check))
        .routes(routes!(locate::locate))
}

fn committing() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(commits::commit))
}

fn waiting() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(changes::changes))
}

fn limited(
    routes: OpenApiRouter<AppState>,
    body_bytes: usize,
    longest: Deadline,
) -> OpenApiRouter<AppState> {
    routes.layer(DefaultBodyLimit::max(body_bytes)).layer(from_fn_with_state(longest, deadline))
}

/// A defect in one request is that request's 500, not the end of its connection.
fn catch_panic(
    state: &AppState,
) -> CatchPanicLayer<impl Fn(Box<dyn std::any::Any + Send>) -> Response + Clone + use<>> {
    let state = state.clone();
    CatchPanicLayer::custom(move |panic: Box<dyn std::any::Any + Send>| {
        state.metrics.panics.inc();
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without a message");
        ApiError::internal(text).into_response()
    })
}

/// No origin but our own may call, unless configured.
fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let cors = CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH, IF_RANGE, RANGE, REQUEST_ID])
        .expose_headers([
            ACCEPT_RANGES,
            CONTENT_DISPOSITION,
            CONTENT_RANGE,
            ETAG,
            RETRY_AFTER,
            REQUEST_ID,
            INSTANCE,
        ]);
    Some(cors)
}
