use protocol::account::User;

use crate::extract::{Caller, Json};
use crate::openapi::Signed;

/// Who the token belongs to.
#[utoipa::path(get, path = "/v1/me", operation_id = "show_me", tag = "accounts",
    responses((status = 200, body = User), Signed))]
pub(crate) async fn show(caller: Caller) -> Json<User> {
    Json(User { id: caller.identity.user, login: caller.identity.login })
}
