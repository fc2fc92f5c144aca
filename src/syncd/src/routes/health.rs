use axum::extract::State;
use protocol::error::ErrorCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, Result};
use crate::extract::Json;
use crate::state::AppState;

/// A server that may get requests.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    pub status: &'static str,
    pub instance: String,
    pub version: &'static str,
}

/// Whether this process may get requests. Touches no dependency, so that a hiccup of one does not
/// take every server out at once.
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "operations", security(()),
    responses((status = 200, body = Health),
        (status = 503, description = "This server is leaving.", body = protocol::error::ErrorBody)))]
pub(crate) async fn health(State(state): State<AppState>) -> Result<Json<Health>> {
    refuse_when_leaving(&state)?;
    Ok(Json(Health::of(&state)))
}

impl Health {
    pub(crate) fn of(state: &AppState) -> Self {
        Self {
            status: "ok",
            instance: state.config.instance.clone(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

pub(crate) fn refuse_when_leaving(state: &AppState) -> Result<()> {
    if state.drain.is_leaving() {
        let message = "this server is leaving; others answer";
        return Err(ApiError::new(ErrorCode::Unavailable, message));
    }
    Ok(())
}
