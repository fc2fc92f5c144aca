//! Cross-origin rules: a web page may read and write with its own credential.

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use s3s::Body;

const METHODS: &str = "GET, PUT, HEAD";

const EXPOSED: &str = "ETag, Content-Range, Accept-Ranges, x-amz-request-id, \
    x-amz-checksum-sha256, x-amz-checksum-sha1, x-amz-checksum-crc32, \
    x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, x-amz-checksum-type";

/// Answers the question a browser asks before the request itself.
pub(super) fn preflight<B>(request: &Request<B>) -> Option<Response<Body>> {
    let headers = request.headers();
    let method = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    if request.method() != Method::OPTIONS || !headers.contains_key(header::ORIGIN) {
        return None;
    }
    let mut response = Response::new(Body::empty());
    if !METHODS.split(", ").any(|known| method == known) {
        *response.status_mut() = StatusCode::FORBIDDEN;
        return Some(response);
    }
    let answer = response.headers_mut();
    allow(answer);
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    if let Some(asked) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    Some(response)
}

/// Lets a page see an answer. No cookies exist here, so any origin may.
pub(super) fn allow(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}
