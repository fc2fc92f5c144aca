use axum::extract::State;
use http::StatusCode;
use protocol::id::{SessionId, SpaceId};
use protocol::upload::{ContentAccess, DeclareRequest, DeclareResponse, OpenSessionResponse};

use crate::error::Result;
use crate::extract::{Caller, Json, Path};
use crate::openapi::Write;
use crate::state::AppState;

/// Open an upload session: which chunks are there already, and a credential for the rest.
#[utoipa::path(post, path = "/v1/spaces/{space}/sessions", operation_id = "open_session", tag = "uploads",
    params(("space" = SpaceId, Path)), request_body = DeclareRequest,
    responses((status = 201, body = OpenSessionResponse), Write))]
pub(crate) async fn open(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
    Json(request): Json<DeclareRequest>,
) -> Result<(StatusCode, Json<OpenSessionResponse>)> {
    let store = &state.store;
    let session = store.open_session(&caller.identity, &space, request).await?;
    Ok((StatusCode::CREATED, Json(session)))
}

/// Declare more chunks.
#[utoipa::path(post, path = "/v1/spaces/{space}/sessions/{session}/chunks", operation_id = "declare_chunks", tag = "uploads",
    params(("space" = SpaceId, Path), ("session" = SessionId, Path)),
    request_body = DeclareRequest,
    responses((status = 200, body = DeclareResponse), Write))]
pub(crate) async fn declare(
    State(state): State<AppState>,
    caller: Caller,
    Path((space, session)): Path<(SpaceId, SessionId)>,
    Json(request): Json<DeclareRequest>,
) -> Result<Json<DeclareResponse>> {
    let store = &state.store;
    let answer = store.declare(&caller.identity, &space, &session, request);
    Ok(Json(answer.await?))
}

/// A fresh credential for the session.
#[utoipa::path(post, path = "/v1/spaces/{space}/sessions/{session}/access", operation_id = "renew_access", tag = "uploads",
    params(("space" = SpaceId, Path), ("session" = SessionId, Path)),
    responses((status = 200, body = ContentAccess), Write))]
pub(crate) async fn renew(
    State(state): State<AppState>,
    caller: Caller,
    Path((space, session)): Path<(SpaceId, SessionId)>,
) -> Result<Json<ContentAccess>> {
    let store = &state.store;
    let access = store.renew_access(&caller.identity, &space, &session);
    Ok(Json(access.await?))
}
