//! Answers to what is not passed on, written without Pingora.

use super::proxy::error_body;

/// Why a request goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: &'static str,
}

impl Refusal {
    pub(super) const SLOW_HEADER: Self =
        Self { status: 408, message: "the header did not arrive in time" };
    pub(super) const SLOW_BODY: Self =
        Self { status: 408, message: "the body did not arrive in time" };
    pub(super) const GAVE_WAY: Self = Self {
        status: 408,
        message: "the request was incomplete when others needed its place; try again",
    };
    pub(super) const LONG_HEADER: Self =
        Self { status: 431, message: "the header has more than 32 KiB or 100 fields" };
    pub(super) const FULL: Self =
        Self { status: 503, message: "the balancer is at its limit of connections; try again" };
    pub(super) const UPLOADS: Self = Self {
        status: 503,
        message: "too many requests are still on their way to the balancer; try again",
    };
    pub(super) const NOT_TLS: Self =
        Self { status: 400, message: "this port speaks HTTPS: use https:// in the address" };

    /// A header or a body that is not valid HTTP/1.
    pub(super) const fn bad(message: &'static str) -> Self {
        Self { status: 400, message }
    }

    pub(super) fn code(self) -> &'static str {
        if self.status == 503 { "unavailable" } else { "invalid_request" }
    }

    /// The whole answer; the connection is closed after it.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let request_id = format!("{:032x}", rand::random::<u128>());
        let body = error_body(self.code(), self.message, &request_id).to_string();
        let reason = match self.status {
            400 => "Bad Request",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            417 => "Expectation Failed",
            431 => "Request Header Fields Too Large",
            505 => "HTTP Version Not Supported",
            _ => "Service Unavailable",
        };
        let retry = if self.status == 503 { "Retry-After: 1\r\n" } else { "" };
        format!(
            "HTTP/1.1 {} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nX-Request-Id: {request_id}\r\n{retry}Connection: close\r\n\r\n{body}",
            self.status,
            body.len()
        )
        .into_bytes()
    }
}
