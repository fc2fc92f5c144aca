use axum::extract::State;
use http::StatusCode;
use protocol::account::{LoginRequest, LoginResponse};
use protocol::error::ErrorCode;
use store::StoreError;

use crate::error::{ApiError, Result};
use crate::extract::{Caller, Json, Source};
use crate::openapi::{Public, Signed};
use crate::state::AppState;

/// Log in with a password; the token belongs to one device.
#[utoipa::path(post, path = "/v1/login", operation_id = "log_in", tag = "accounts", security(()),
    request_body = LoginRequest,
    responses((status = 200, body = LoginResponse),
        (status = 401, description = "Login name and password do not fit.", body = protocol::error::ErrorBody),
        Public))]
pub(crate) async fn login(
    State(state): State<AppState>,
    source: Source,
    Json(request): Json<LoginRequest>,
) -> Result<Json<LoginResponse>> {
    state.limits.admit(source)?;
    match state.store.accounts().login(request).await {
        Ok(answer) => Ok(Json(answer)),
        Err(error) => Err(count_failure(&state, source, error).await),
    }
}

/// End this device's token.
#[utoipa::path(post, path = "/v1/logout", operation_id = "log_out", tag = "accounts",
    responses((status = 204, description = "Logged out."), Signed))]
pub(crate) async fn logout(State(state): State<AppState>, caller: Caller) -> Result<StatusCode> {
    state.store.accounts().logout(&caller.identity).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Wrong secrets are counted, per source and for the metrics; other failures are not guesses.
pub(crate) async fn count_failure(state: &AppState, source: Source, error: StoreError) -> ApiError {
    if matches!(
        error.code(),
        ErrorCode::BadCredentials | ErrorCode::InvitationInvalid | ErrorCode::TooManyRequests
    ) {
        state.limits.failed(source, state.store.accounts()).await;
        state.metrics.login_failures.inc();
    }
    error.into()
}
