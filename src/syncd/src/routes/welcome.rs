use axum::response::{Html, IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};

/// For somebody who opens the address in a browser: what this is, and how to get in. Constants only,
/// and nothing that a stranger should not know.
pub(crate) async fn welcome() -> Response {
    let mut response = Html(PAGE).into_response();
    let headers = response.headers_mut();
    let policy = "default-src 'none'; frame-ancestors 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\"><title>File sync service</title>\
<h1>File sync service</h1>\
<p>It runs. There is nothing to click here: files are synchronised by a program, <code>sync-agent</code>.</p>\
<p>With an invitation, connect a device with this page's address as URL:</p>\
<pre>sync-agent login URL</pre>\
<p>Whoever runs the service makes invitations with <code>syncctl user add</code>.</p>\
<p>For programs: the <a href=\"/v1/openapi.json\">HTTP API</a> as an OpenAPI document.</p></html>\n";
