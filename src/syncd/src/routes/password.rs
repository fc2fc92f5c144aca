use axum::extract::State;
use http::StatusCode;
use protocol::account::ChangePasswordRequest;

use super::login::count_failure;
use crate::error::Result;
use crate::extract::{Caller, Json, Source};
use crate::openapi::Signed;
use crate::state::AppState;

/// Change one's own password; ends every other device's token.
#[utoipa::path(post, path = "/v1/password", operation_id = "change_password", tag = "accounts",
    request_body = ChangePasswordRequest,
    responses((status = 204, description = "Changed."), Signed))]
pub(crate) async fn change(
    State(state): State<AppState>,
    source: Source,
    caller: Caller,
    Json(request): Json<ChangePasswordRequest>,
) -> Result<StatusCode> {
    state.limits.admit(source)?;
    match state.store.accounts().change_password(&caller.identity, request).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(count_failure(&state, source, error).await),
    }
}
