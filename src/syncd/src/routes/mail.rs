use axum::extract::State;
use http::StatusCode;
use protocol::id::SpaceId;
use protocol::space::MailRequest;

use crate::error::Result;
use crate::extract::{Caller, Json, Path};
use crate::openapi::Write;
use crate::state::AppState;

/// Whether the caller gets mail about others' changes in this space.
#[utoipa::path(put, path = "/v1/spaces/{space}/mail", operation_id = "choose_mail", tag = "spaces",
    params(("space" = SpaceId, Path)), request_body = MailRequest,
    responses((status = 204, description = "Remembered."), Write))]
pub(crate) async fn choose(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
    Json(request): Json<MailRequest>,
) -> Result<StatusCode> {
    let store = &state.store;
    store.set_mail(&caller.identity, &space, request).await?;
    Ok(StatusCode::NO_CONTENT)
}
