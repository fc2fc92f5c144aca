use axum::extract::State;
use http::StatusCode;
use protocol::id::{SpaceId, UserId};
use protocol::space::{Member, MemberList, ShareRequest};

use crate::error::Result;
use crate::extract::{Caller, Json, Path};
use crate::openapi::{Read, Write};
use crate::state::AppState;

/// Who may see the space, and as what.
#[utoipa::path(get, path = "/v1/spaces/{space}/members", operation_id = "list_members", tag = "spaces",
    params(("space" = SpaceId, Path)),
    responses((status = 200, body = MemberList), Read))]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
) -> Result<Json<MemberList>> {
    Ok(Json(state.store.members(&caller.identity, &space).await?))
}

/// Give somebody who has an account a role, or change it.
#[utoipa::path(put, path = "/v1/spaces/{space}/members", operation_id = "share_space", tag = "spaces",
    params(("space" = SpaceId, Path)), request_body = ShareRequest,
    responses((status = 200, body = Member), Write))]
pub(crate) async fn share(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
    Json(request): Json<ShareRequest>,
) -> Result<Json<Member>> {
    Ok(Json(state.store.share(&caller.identity, &space, request).await?))
}

/// Take somebody's role away, or leave.
#[utoipa::path(delete, path = "/v1/spaces/{space}/members/{user}", operation_id = "remove_member", tag = "spaces",
    params(("space" = SpaceId, Path), ("user" = UserId, Path)),
    responses((status = 204, description = "No member any more."), Write))]
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path((space, user)): Path<(SpaceId, UserId)>,
) -> Result<StatusCode> {
    let store = &state.store;
    store.remove_member(&caller.identity, &space, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
