use axum::extract::State;
use protocol::error::ErrorCode;

use super::health::{Health, refuse_when_leaving};
use crate::error::{ApiError, Result};
use crate::extract::Json;
use crate::state::AppState;

/// Whether table and bucket answer this process.
#[utoipa::path(get, path = "/ready", operation_id = "ready", tag = "operations", security(()),
    responses((status = 200, body = Health),
        (status = 503, description = "A dependency does not answer, or this server is leaving.", body = protocol::error::ErrorBody)))]
pub(crate) async fn ready(State(state): State<AppState>) -> Result<Json<Health>> {
    refuse_when_leaving(&state)?;
    if state.readiness.check(&state.store).await {
        Ok(Json(Health::of(&state)))
    } else {
        let message = "the table or the bucket does not answer; see this server's log";
        Err(ApiError::new(ErrorCode::Unavailable, message))
    }
}
