//! Asks a server how it is: one request on a new connection, within one limit for everything.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The status of the answer, or a short reason why there was none.
pub(crate) fn get(address: SocketAddr, path: &str, limit: Duration) -> Result<u16, String> {
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
pub(crate) fn healthy(address: SocketAddr, path: &str, limit: Duration) -> Result<(), String> {
    match get(address, path, limit)? {
        200..=299 => Ok(()),
        status => Err(format!("{path} answered {status}")),
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
