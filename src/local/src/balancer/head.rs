//! Which request headers are passed on: only what every reader understands in the same way.
//!
//! Stricter than RFC 9112 asks for where servers are known to differ. Two readers that disagree on
//! where a request ends can be made to take one client's bytes for another client's request.

use super::limits::HEADER_FIELDS;
use super::refusal::Refusal;

/// What follows a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Nothing,
    /// So many bytes.
    Length(u64),
    Chunked,
    /// A WebSocket handshake: what comes after the answer is nobody's business.
    Tunnel,
}

/// Where the header at the start of `bytes` ends; looks only at what is new since `from`.
pub(super) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    let from = from.saturating_sub(3);
    bytes[from..].windows(4).position(|four| four == b"\r\n\r\n").map(|at| from + at + 4)
}

/// Whether the part of a header that has arrived can still become a valid one; looks only at what
/// is new since `from`. Without it, a client of another protocol would wait for its answer.
pub(super) fn plausible(bytes: &[u8], from: usize) -> Result<(), Refusal> {
    let newline = |at: usize| bytes[at] == b'\n' && (at == 0 || bytes[at - 1] != b'\r');
    if (from..bytes.len()).any(newline) {
        return Err(Refusal::bad("a line of the header does not end with CR LF"));
    }
    match bytes.first() {
        Some(0x16) => Err(Refusal::bad("this port speaks HTTP: use http:// in the address")),
        Some(first) if !is_token(*first) && *first != b'\r' => {
            Err(Refusal::bad("the request line is not method, target and version"))
        }
        _ => Ok(()),
    }
}

/// Judges a header that ends with its blank line.
pub(super) fn check(head: &[u8]) -> Result<Framing, Refusal> {
    let text = head.strip_suffix(b"\r\n\r\n").unwrap_or(head);
    let mut lines = Lines(Some(text));
    let line = lines.next().ok_or(Refusal::bad("the request line is missing"))??;
    let request = request_line(line)?;
    let mut fields = Fields::default();
    for (index, line) in lines.enumerate() {
        if index == HEADER_FIELDS {
            return Err(Refusal::LONG_HEADER);
        }
        let (name, value) = field(line?)?;
        fields.note(name, value)?;
    }
    fields.judge(&request)
}

struct Request<'a> {
    method: &'a [u8],
    target: &'a [u8],
    /// HTTP/1.1, not 1.0.
    modern: bool,
}

/// Splits at CR LF and takes neither alone.
struct Lines<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Lines<'a> {
    type Item = Result<&'a [u8], Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.take()?;
        let Some(at) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            return Some(Ok(rest));
        };
        if rest[at..].starts_with(b"\r\n") {
            self.0 = Some(&rest[at + 2..]);
            return Some(Ok(&rest[..at]));
        }
        Some(Err(Refusal::bad("a line of the header does not end with CR LF")))
    }
}

fn request_line(line: &[u8]) -> Result<Request<'_>, Refusal> {
    let mut parts = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::bad("the request line is not method, target and version"));
    };
    if method.is_empty() || method.len() > 32 || !method.iter().copied().all(is_token) {
        return Err(Refusal::bad("the method is not a word"));
    }
    if method == b"CONNECT" {
        return Err(Refusal { status: 405, message: "CONNECT is not offered" });
    }
    if !target.iter().all(u8::is_ascii_graphic) {
        return Err(Refusal::bad("the target has characters that must be percent-encoded"));
    }
    let asterisk = target == b"*" && method == b"OPTIONS";
    if !(target.starts_with(b"/") || asterisk || authority_of(target).is_some()) {
        return Err(Refusal::bad("the target is neither a path nor an http address"));
    }
    let modern = match version {
        b"HTTP/1.1" => true,
        b"HTTP/1.0" => false,
        _ => {
            return Err(Refusal {
                status: 505,
                message: "the version of HTTP is neither 1.1 nor 1.0",
            });
        }
    };
    Ok(Request { method, target, modern })
}

fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let colon = line
        .iter()
        .position(|byte| *byte == b':')
        .ok_or(Refusal::bad("a header field has no colon"))?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return Err(Refusal::bad("a header field's name is not a word, or its line is folded"));
    }
    if value.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
        return Err(Refusal::bad("a header field has a control character"));
    }
    Ok((name, value))
}

/// The fields that decide where a request ends and where it goes.
#[derive(Default)]
struct Fields<'a> {
    host: Option<&'a [u8]>,
    length: Option<u64>,
    chunked: bool,
    upgrade: bool,
    nominated: bool,
}

impl<'a> Fields<'a> {
    fn note(&mut self, name: &'a [u8], value: &'a [u8]) -> Result<(), Refusal> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("content-length") {
            if self.length.is_some() {
                return Err(Refusal::bad("there is more than one Content-Length"));
            }
            self.length = Some(number(value)?);
        } else if is("transfer-encoding") {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Refusal::bad("the only Transfer-Encoding taken is one chunked"));
            }
            self.chunked = true;
        } else if is("host") {
            if self.host.is_some() {
                return Err(Refusal::bad("there is more than one Host"));
            }
            self.host = Some(value);
        } else if is("upgrade") {
            self.upgrade |= value.eq_ignore_ascii_case(b"websocket");
        } else if is("connection") {
            self.connection(value)?;
        } else if is("expect") && !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(Refusal { status: 417, message: "only 100-continue can be expected" });
        } else if is("content_length") || is("transfer_encoding") {
            return Err(Refusal::bad("a field that some servers take for the body's length"));
        }
        Ok(())
    }

    /// A field named here is taken out on the way: never one that the server has to see.
    fn connection(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            let is = |known: &str| option.eq_ignore_ascii_case(known.as_bytes());
            self.nominated |= is("upgrade");
            let hidden = ["content-length", "transfer-encoding", "host", "authorization", "cookie"];
            if hidden.into_iter().any(is) || option.len() >= 2 && is_forwarding(option) {
                return Err(Refusal::bad("Connection names a field that has to stay"));
            }
        }
        Ok(())
    }

    fn judge(&self, request: &Request<'_>) -> Result<Framing, Refusal> {
        match self.host {
            None if request.modern => return Err(Refusal::bad("Host is missing")),
            Some(host) if !host.iter().copied().all(is_host) => {
                return Err(Refusal::bad("Host is not a host name with a port"));
            }
            _ => {}
        }
        if let Some(authority) = authority_of(request.target)
            && self.host.is_some_and(|host| !host.eq_ignore_ascii_case(authority))
        {
            return Err(Refusal::bad("the target and Host name different hosts"));
        }
        if self.chunked && self.length.is_some() {
            return Err(Refusal::bad("there are both Content-Length and Transfer-Encoding"));
        }
        if self.chunked && !request.modern {
            return Err(Refusal::bad("HTTP/1.0 knows no Transfer-Encoding"));
        }
        let bodiless = !self.chunked && self.length.unwrap_or(0) == 0;
        if self.upgrade && self.nominated && request.modern && request.method == b"GET" && bodiless
        {
            return Ok(Framing::Tunnel);
        }
        Ok(match self.length {
            _ if self.chunked => Framing::Chunked,
            None | Some(0) => Framing::Nothing,
            Some(length) => Framing::Length(length),
        })
    }
}

/// Digits and nothing else: no sign, no list, no second value.
fn number(value: &[u8]) -> Result<u64, Refusal> {
    std::str::from_utf8(value)
        .ok()
        .filter(|text| (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
        .filter(|text| !text.starts_with('0') || text.len() == 1)
        .and_then(|text| text.parse().ok())
        .ok_or(Refusal::bad("Content-Length is not one decimal number"))
}

/// The host and port of a target such as `http://host:80/path`.
fn authority_of(target: &[u8]) -> Option<&[u8]> {
    let scheme = target.windows(3).position(|three| three == b"://")?;
    if ![&b"http"[..], b"https"].iter().any(|known| target[..scheme].eq_ignore_ascii_case(known)) {
        return None;
    }
    let rest = &target[scheme + 3..];
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    Some(&rest[..end])
}

fn is_forwarding(name: &[u8]) -> bool {
    name.get(..12).is_some_and(|start| start.eq_ignore_ascii_case(b"x-forwarded-"))
        || name.eq_ignore_ascii_case(b"x-request-id")
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:[]%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(fields: &str) -> Result<Framing, u16> {
        let head = format!("POST /x HTTP/1.1\r\nHost: h:1\r\n{fields}\r\n");
        assert_eq!(end(head.as_bytes(), 0), Some(head.len()));
        check(head.as_bytes()).map_err(|refusal| refusal.status)
    }

    #[test]
    fn ordinary_requests_are_understood() {
        assert_eq!(with(""), Ok(Framing::Nothing));
        assert_eq!(with("Content-Length: 0\r\n"), Ok(Framing::Nothing));
        assert_eq!(with("content-length:  12 \r\n"), Ok(Framing::Length(12)));
        assert_eq!(with("Transfer-Encoding: Chunked\r\n"), Ok(Framing::Chunked));
        assert_eq!(
            with("X-Text: caf\u{e9}\tau lait\r\nExpect: 100-Continue\r\n"),
            Ok(Framing::Nothing)
        );
        let socket = b"GET /s HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n";
        assert_eq!(check(socket), Ok(Framing::Tunnel));
        assert_eq!(check(b"GET / HTTP/1.0\r\n\r\n"), Ok(Framing::Nothing));
        assert_eq!(check(b"GET http://h:1/x HTTP/1.1\r\nHost: h:1\r\n\r\n"), Ok(Framing::Nothing));
        assert_eq!(check(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), Ok(Framing::Nothing));
    }

    #[test]
    fn a_header_ends_at_its_blank_line_wherever_the_reads_were_cut() {
        let bytes = b"GET / HTTP/1.1\r\n\r\nrest";
        for from in 0..18 {
            assert_eq!(end(bytes, from), Some(18));
        }
        assert_eq!(end(b"GET / HTTP/1.1\n\n", 0), None);
    }

    #[test]
    fn too_many_fields_have_an_answer_of_their_own() {
        assert_eq!(with(&"A: b\r\n".repeat(HEADER_FIELDS - 1)), Ok(Framing::Nothing));
        assert_eq!(with(&"A: b\r\n".repeat(HEADER_FIELDS)), Err(431));
    }
}
