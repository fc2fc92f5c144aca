use axum::extract::State;
use protocol::file::{LocateRequest, LocateResponse};
use protocol::id::SpaceId;

use crate::error::Result;
use crate::extract::{Caller, Json, Path};
use crate::openapi::Read;
use crate::state::AppState;

/// Where the bytes of versions lie, for reading them straight from S3.
#[utoipa::path(post, path = "/v1/spaces/{space}/locate", operation_id = "locate_content", tag = "files",
    params(("space" = SpaceId, Path)), request_body = LocateRequest,
    responses((status = 200, body = LocateResponse), Read))]
pub(crate) async fn locate(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
    Json(request): Json<LocateRequest>,
) -> Result<Json<LocateResponse>> {
    let store = &state.store;
    Ok(Json(store.locate(&caller.identity, &space, request).await?))
}
