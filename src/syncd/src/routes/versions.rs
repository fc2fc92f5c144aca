use axum::extract::State;
use protocol::file::VersionList;
use protocol::id::{FileId, SpaceId};

use crate::error::Result;
use crate::extract::{Caller, Json, Path};
use crate::openapi::Read;
use crate::state::AppState;

/// Every version of a file that is kept, newest first.
#[utoipa::path(get, path = "/v1/spaces/{space}/files/{file}/versions", operation_id = "list_versions", tag = "files",
    params(("space" = SpaceId, Path), ("file" = FileId, Path)),
    responses((status = 200, body = VersionList), Read))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Path((space, file)): Path<(SpaceId, FileId)>,
) -> Result<Json<VersionList>> {
    let store = &state.store;
    Ok(Json(store.versions(&caller.identity, &space, &file).await?))
}
