use axum::extract::State;
use protocol::id::SpaceId;
use protocol::upload::ContentAccess;

use crate::error::Result;
use crate::extract::{Caller, Json, Path};
use crate::openapi::Read;
use crate::state::AppState;

/// A credential for reading the space's content straight from S3.
#[utoipa::path(post, path = "/v1/spaces/{space}/access", operation_id = "read_access", tag = "files",
    params(("space" = SpaceId, Path)),
    responses((status = 200, body = ContentAccess), Read))]
pub(crate) async fn reader(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
) -> Result<Json<ContentAccess>> {
    let access = state.store.reader_access(&caller.identity, &space);
    Ok(Json(access.await?))
}
