//! Asks a server how it is: one request on a new connection, within one limit for everything.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Why a part counts as unwell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unwell {
    /// It answered, with this status.
    Answered { path: String, status: u16 },
    /// It did not answer, for this short reason.
    Silent(String),
}

impl Unwell {
    /// Whether it is there: it says itself that something is wrong.
    pub(crate) fn answers(&self) -> bool {
        matches!(self, Self::Answered { .. })
    }
}

impl fmt::Display for Unwell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { path, status } => write!(formatter, "{path} answered {status}"),
            Self::Silent(reason) => formatter.write_str(reason),
        }
    }
}

/// The status of the answer, or why there was none.
pub(crate) fn get(address: SocketAddr, path: &str, limit: Duration) -> Result<u16, Unwell> {
    ask(address, path, limit).map_err(Unwell::Silent)
}

fn ask(address: SocketAddr, path: &str, limit: Duration) -> Result<u16, String> {
    let deadline = Instant::now() + limit;
    let mut stream = TcpStream::connect_timeout(&address, limit).map_err(|error| reason(&error))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: syncctl-health\r\nConnection: close\r\n\r\n"
    );
    stream.set_write_timeout(Some(limit)).map_err(|error| reason(&error))?;
    stream.write_all(request.as_bytes()).map_err(|error| reason(&error))?;
    let mut answer = Vec::with_capacity(256);
    let mut piece = [0_u8; 256];
    loop {
        if let Some(status) = status_of(&answer) {
            return status;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("no answer in time".to_owned());
        }
        stream.set_read_timeout(Some(left)).map_err(|error| reason(&error))?;
        match stream.read(&mut piece) {
            Ok(0) => return Err("the connection was closed without an answer".to_owned()),
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(reason(&error)),
        }
    }
}

/// Whether the path answers 200 to 299 in time; the reason where it does not.
pub(crate) fn healthy(address: SocketAddr, path: &str, limit: Duration) -> Result<(), Unwell> {
    match get(address, path, limit)? {
        200..=299 => Ok(()),
        status => Err(Unwell::Answered { path: path.to_owned(), status }),
    }
}

/// `None` while the first line is not complete.
fn status_of(answer: &[u8]) -> Option<Result<u16, String>> {
    let end = answer.iter().position(|byte| *byte == b'\n');
    if end.is_none() && answer.len() < 4096 {
        return None;
    }
    let line = String::from_utf8_lossy(&answer[..end.unwrap_or(0)]);
    let mut parts = line.split_ascii_whitespace();
    let version = parts.next().unwrap_or_default();
    let status = parts.next().and_then(|status| status.parse().ok());
    Some(match status {
        Some(status) if version.starts_with("HTTP/1.") => Ok(status),
        _ => Err("the answer is not HTTP".to_owned()),
    })
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
            "no answer in time".to_owned()
        }
        std::io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// One answer for one question.
    fn answering(answer: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            stream.write_all(answer).unwrap();
        });
        address
    }

    #[test]
    fn an_answer_is_told_from_silence() {
        let limit = Duration::from_secs(5);
        let ill = healthy(answering(b"HTTP/1.1 503 No\r\n\r\n"), "/health", limit).unwrap_err();
        assert!(ill.answers());
        assert_eq!(ill.to_string(), "/health answered 503");
        let strange = healthy(answering(b"the path answered 503\n"), "/health", limit).unwrap_err();
        assert!(!strange.answers(), "{strange}");
        assert!(healthy(answering(b"HTTP/1.1 204 Yes\r\n\r\n"), "/health", limit).is_ok());
    }
}
