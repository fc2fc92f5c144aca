use axum::extract::State;
use protocol::file::{EntriesQuery, EntriesResponse, PageQuery};
use protocol::id::{FileId, SpaceId};

use crate::error::Result;
use crate::extract::{Caller, Json, Path, Query};
use crate::openapi::Read;
use crate::state::AppState;

/// What a directory holds.
#[utoipa::path(get, path = "/v1/spaces/{space}/entries", operation_id = "list_entries", tag = "files",
    params(("space" = SpaceId, Path), EntriesQuery),
    responses((status = 200, body = EntriesResponse), Read))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
    Query(query): Query<EntriesQuery>,
) -> Result<Json<EntriesResponse>> {
    let store = &state.store;
    let (after, limit) = (query.after.as_deref(), query.limit);
    let entries = store.entries(&caller.identity, &space, &query.path, after, limit);
    Ok(Json(entries.await?))
}

/// What a directory holds, by its id (`root` for the root), however long its path is.
#[utoipa::path(get, path = "/v1/spaces/{space}/files/{file}/entries", operation_id = "list_entries_of", tag = "files",
    params(("space" = SpaceId, Path), ("file" = FileId, Path), PageQuery),
    responses((status = 200, body = EntriesResponse), Read))]
pub(crate) async fn list_by_id(
    State(state): State<AppState>,
    caller: Caller,
    Path((space, file)): Path<(SpaceId, FileId)>,
    Query(query): Query<PageQuery>,
) -> Result<Json<EntriesResponse>> {
    let store = &state.store;
    let (after, limit) = (query.after.as_deref(), query.limit);
    Ok(Json(store.entries_of(&caller.identity, &space, &file, after, limit).await?))
}
