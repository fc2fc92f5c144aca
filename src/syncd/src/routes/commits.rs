use axum::extract::State;
use protocol::commit::{CommitRequest, CommitResponse};
use protocol::id::SpaceId;

use crate::error::Result;
use crate::extract::{Caller, Json, Path};
use crate::openapi::Write;
use crate::state::AppState;

/// Change the space: all operations, or none.
#[utoipa::path(post, path = "/v1/spaces/{space}/commits", operation_id = "commit", tag = "uploads",
    params(("space" = SpaceId, Path)), request_body = CommitRequest,
    responses((status = 200, body = CommitResponse), Write))]
pub(crate) async fn commit(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
    Json(request): Json<CommitRequest>,
) -> Result<Json<CommitResponse>> {
    let store = &state.store;
    let committed = store.commit(&caller.identity, &space, request).await?;
    state.watchers.committed(&space, committed.seq);
    state.metrics.commits.inc();
    Ok(Json(committed))
}
