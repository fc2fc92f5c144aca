use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::state::AppState;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const INSTANCE: HeaderName = HeaderName::from_static("x-syncd-instance");

/// Finds a request again, in the logs of every process it passed.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub String);

/// Takes over a sane id from the client or makes one, and names this process in the answer.
pub(crate) async fn request_id(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = accepted(request.headers()).unwrap_or_else(generated);
    let value = HeaderValue::from_str(&id);
    request.extensions_mut().insert(RequestId(id));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(value) = value {
        headers.insert(REQUEST_ID, value);
    }
    if let Ok(value) = HeaderValue::from_str(&state.config.instance) {
        headers.insert(INSTANCE, value);
    }
    response
}

/// 8 to 64 characters that can stand in any log without quoting.
fn accepted(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fits = (8..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    fits.then(|| text.to_owned())
}

fn generated() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{REQUEST_ID, accepted};

    #[test]
    fn only_sane_ids_are_taken_over() {
        let long = "a".repeat(65);
        for (text, fits) in [
            ("agent-0001", true),
            ("4bf92f3577b34da6a3ce929d0e0e4736", true),
            ("short", false),
            ("with space", false),
            ("\"quoted\"\"", false),
            (long.as_str(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(text).unwrap());
            assert_eq!(accepted(&headers).is_some(), fits, "{text}");
        }
    }
}
