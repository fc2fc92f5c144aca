use axum::extract::State;
use http::StatusCode;
use protocol::id::SpaceId;
use protocol::space::{CreateSpaceRequest, Space, SpaceList};

use crate::error::Result;
use crate::extract::{Caller, Json, Path};
use crate::openapi::{Read, Signed};
use crate::state::AppState;

/// The spaces that the caller is a member of.
#[utoipa::path(get, path = "/v1/spaces", operation_id = "list_spaces", tag = "spaces",
    responses((status = 200, body = SpaceList), Signed))]
pub(crate) async fn list(State(state): State<AppState>, caller: Caller) -> Result<Json<SpaceList>> {
    Ok(Json(state.store.spaces(&caller.identity).await?))
}

/// Make a space; the caller owns it.
#[utoipa::path(post, path = "/v1/spaces", operation_id = "create_space", tag = "spaces",
    request_body = CreateSpaceRequest,
    responses((status = 201, body = Space),
        (status = 409, description = "The caller owns a space of that name.", body = protocol::error::ErrorBody),
        Signed))]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Json(request): Json<CreateSpaceRequest>,
) -> Result<(StatusCode, Json<Space>)> {
    let space = state.store.create_space(&caller.identity, request).await?;
    Ok((StatusCode::CREATED, Json(space)))
}

/// One space, as the caller sees it.
#[utoipa::path(get, path = "/v1/spaces/{space}", operation_id = "show_space", tag = "spaces",
    params(("space" = SpaceId, Path)),
    responses((status = 200, body = Space), Read))]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
) -> Result<Json<Space>> {
    Ok(Json(state.store.space(&caller.identity, &space).await?))
}
