use axum::extract::State;
use axum::response::IntoResponse;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use protocol::error::ErrorCode;

use crate::error::{ApiError, Result};
use crate::state::AppState;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What this process counts, for Prometheus. Only for those who ask the instance itself: figures
/// of one instance behind a load balancer mean nothing, and are nobody's business outside.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "operations", security(()),
    responses((status = 200, body = String, content_type = "application/openmetrics-text"),
        (status = 404, description = "Asked through a proxy.", body = protocol::error::ErrorBody)))]
pub(crate) async fn metrics(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    if headers.contains_key("x-forwarded-for") {
        let message = "metrics are for the inside; ask the instance itself";
        return Err(ApiError::new(ErrorCode::NotFound, message));
    }
    Ok(([(CONTENT_TYPE, TEXT)], state.metrics.encode()))
}
