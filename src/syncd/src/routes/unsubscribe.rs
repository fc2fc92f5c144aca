use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderValue, StatusCode};
use protocol::error::ErrorCode;
use protocol::id::{SpaceId, UserId};

use crate::error::{ApiError, Result};
use crate::extract::Path;
use crate::openapi::Public;
use crate::state::AppState;

/// The page behind the link in every digest. Opening it changes nothing, because mail scanners
/// open every link; its button does.
#[utoipa::path(get, path = "/v1/unsubscribe/{space}/{user}/{secret}", operation_id = "ask_unsubscribe", tag = "mail", security(()),
    params(("space" = SpaceId, Path), ("user" = UserId, Path), ("secret" = String, Path)),
    responses((status = 200, body = String, content_type = "text/html"), Public))]
pub(crate) async fn ask(Path(_link): Path<(SpaceId, UserId, String)>) -> Response {
    page("Stop mail about this space?", "<form method=\"post\"><button>Stop it</button></form>")
}

/// Stop mail about one space: by the page's button, or by a mail program in one click (RFC 8058).
#[utoipa::path(post, path = "/v1/unsubscribe/{space}/{user}/{secret}", operation_id = "unsubscribe", tag = "mail", security(()),
    params(("space" = SpaceId, Path), ("user" = UserId, Path), ("secret" = String, Path)),
    responses((status = 200, body = String, content_type = "text/html"),
        (status = 404, description = "The link is not valid any more.", body = String, content_type = "text/html"),
        Public))]
pub(crate) async fn unsubscribe(
    State(state): State<AppState>,
    Path((space, user, secret)): Path<(SpaceId, UserId, String)>,
) -> Result<Response> {
    let outcome = state.store.unsubscribe(&space, &user, &secret).await;
    match outcome.map_err(ApiError::from) {
        Ok(()) => Ok(page(
            "Done",
            "<p>You get no more mail about this space. Switch it on again in the space itself.</p>",
        )),
        Err(error) if error.code() == ErrorCode::NotFound => {
            let text = "<p>Nothing was changed. Newer mail has a valid link.</p>";
            let mut response = page("This link is not valid any more", text);
            *response.status_mut() = StatusCode::NOT_FOUND;
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

/// A page of constants: nothing from the request gets into it.
fn page(title: &'static str, content: &'static str) -> Response {
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><h1>{title}</h1>{content}</html>\n"
    );
    let policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'";
    let mut response = Html(text).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
