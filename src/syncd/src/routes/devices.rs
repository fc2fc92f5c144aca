use axum::extract::State;
use http::StatusCode;
use protocol::account::DeviceList;
use protocol::id::DeviceId;

use crate::error::Result;
use crate::extract::{Caller, Json, Path};
use crate::openapi::Signed;
use crate::state::AppState;

/// The caller's devices.
#[utoipa::path(get, path = "/v1/devices", operation_id = "list_devices", tag = "accounts",
    responses((status = 200, body = DeviceList), Signed))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<DeviceList>> {
    Ok(Json(state.store.accounts().devices(&caller.identity).await?))
}

/// End the token of one of the caller's devices.
#[utoipa::path(delete, path = "/v1/devices/{device}", operation_id = "revoke_device", tag = "accounts",
    params(("device" = DeviceId, Path)),
    responses((status = 204, description = "Revoked."),
        (status = 404, description = "No such device of the caller.", body = protocol::error::ErrorBody),
        Signed))]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    caller: Caller,
    Path(device): Path<DeviceId>,
) -> Result<StatusCode> {
    let accounts = state.store.accounts();
    accounts.revoke_device(&caller.identity, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}
