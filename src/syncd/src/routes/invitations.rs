use axum::extract::State;
use protocol::account::{LoginResponse, RedeemRequest};

use super::login::count_failure;
use crate::error::Result;
use crate::extract::{Json, Source};
use crate::openapi::Public;
use crate::state::AppState;

/// Turn a single-use invitation into an account, or set a new password with it.
#[utoipa::path(post, path = "/v1/invitations/redeem", operation_id = "redeem_invitation", tag = "accounts", security(()),
    request_body = RedeemRequest,
    responses((status = 200, body = LoginResponse),
        (status = 409, description = "The login name has an account.", body = protocol::error::ErrorBody),
        (status = 410, description = "The invitation is unknown, used or expired.", body = protocol::error::ErrorBody),
        Public))]
pub(crate) async fn redeem(
    State(state): State<AppState>,
    source: Source,
    Json(request): Json<RedeemRequest>,
) -> Result<Json<LoginResponse>> {
    state.limits.admit(source)?;
    match state.store.accounts().redeem(request).await {
        Ok(answer) => Ok(Json(answer)),
        Err(error) => Err(count_failure(&state, source, error).await),
    }
}
