use axum::extract::State;
use protocol::file::{CheckRequest, CheckResponse};
use protocol::id::SpaceId;

use crate::error::Result;
use crate::extract::{Caller, Json, Path};
use crate::openapi::Read;
use crate::state::AppState;

/// Is what I hold the newest? Compares checksums (FS-7).
#[utoipa::path(post, path = "/v1/spaces/{space}/check", operation_id = "check_content", tag = "files",
    params(("space" = SpaceId, Path)), request_body = CheckRequest,
    responses((status = 200, body = CheckResponse), Read))]
pub(crate) async fn check(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
    Json(request): Json<CheckRequest>,
) -> Result<Json<CheckResponse>> {
    let store = &state.store;
    Ok(Json(store.check(&caller.identity, &space, request).await?))
}
