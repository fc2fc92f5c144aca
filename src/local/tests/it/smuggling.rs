//! No client can make the server take part of one request for another (HA-5).
//!
//! A server of the test's own writes down every byte it gets. Whatever is tried, it must see one
//! well-formed request or none, and a request on another connection must get its own answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::bench::Bench;
use crate::support::{eventually, request};

/// Request lines in the order of their arrival, and what was not a request.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn witness() -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let noted = seen.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let noted = noted.clone();
            std::thread::spawn(move || while note(&stream, &noted).is_some() {});
        }
    });
    (address, seen)
}

/// One request, read by the strictest rules; anything else is noted as it is.
fn note(mut stream: &TcpStream, seen: &Seen) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        let count = stream.read(&mut byte).unwrap_or(0);
        if count == 0 {
            if !head.is_empty() {
                seen.0.lock().unwrap().push(format!("CUT {}", head.escape_ascii()));
            }
            return None;
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let values = |name: &str| -> Vec<String> {
        text.lines()
            .filter_map(|line| line.split_once(':'))
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    };
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    let line = text.lines().next().unwrap().to_owned();
    let sound = head.iter().all(|byte| *byte >= b' ' || b"\r\n\t".contains(byte))
        && text.replace("\r\n", "").bytes().all(|byte| byte != b'\r' && byte != b'\n')
        && lengths.len() + codings.len() <= 1
        && values("host").len() <= 1
        && line.ends_with(" HTTP/1.1");
    if !sound {
        seen.0.lock().unwrap().push(format!("MALFORMED {}", head.escape_ascii()));
        return None;
    }
    if !line.contains("/health") {
        seen.0.lock().unwrap().push(line.clone());
    }
    if let Some(length) = lengths.first() {
        let mut body = vec![0; length.parse().ok()?];
        stream.read_exact(&mut body).ok()?;
    } else if !codings.is_empty() {
        let mut body = Vec::new();
        while !body.ends_with(b"0\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            body.push(byte[0]);
        }
    }
    let length = line.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{line}");
    stream.write_all(answer.as_bytes()).ok()
}

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";

/// A request with these lines after its Host, and with this after its header.
fn post(lines: &str, rest: &str) -> Vec<u8> {
    format!("POST /attempt HTTP/1.1\r\nHost: h\r\n{lines}\r\n{rest}").into_bytes()
}

fn chunked(rest: &str) -> Vec<u8> {
    post("Transfer-Encoding: chunked\r\n", rest)
}

fn attempts() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let ended = format!("0\r\n\r\n{SMUGGLED}");
    let length = ended.len();
    // Two lengths in one request, in both orders.
    for coding in [
        "Transfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        "\tTransfer-Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "X: y\r\rTransfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding:\n chunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: 'chunked'",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunk",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding:",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
        "Transfer_Encoding: chunked",
        "Transfer-Encoding chunked",
        "Transfer-\r\n Encoding: chunked",
        "Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding",
        "Connection: close, Transfer-Encoding\r\nTransfer-Encoding: chunked",
        "\0Transfer-Encoding: chunked",
        "Transfer-Encoding\0: chunked",
        ": chunked",
        "Transfer\u{2010}Encoding: chunked",
    ] {
        all.push(post(&format!("Content-Length: {length}\r\n{coding}\r\n"), &ended));
        all.push(post(&format!("{coding}\r\nContent-Length: 4\r\n"), &ended));
        if coding != "Transfer-Encoding: chunked" {
            all.push(post(&format!("{coding}\r\n"), &ended));
        }
    }
    // Every odd byte around the name and the value.
    for byte in (0..=b' ').chain(0x7f..=0xff).filter(|byte| !b"\r\n".contains(byte)) {
        for place in [
            "@Transfer-Encoding: chunked",
            "Transfer-Encoding@: chunked",
            "Transfer-Encoding:@@chunked",
            "Transfer-Encoding: chunked@x",
            "X@Y: z",
        ] {
            let lines = format!("Content-Length: {length}\r\n{place}\r\n");
            let (before, after) = lines.split_once('@').unwrap();
            let mut odd = format!("POST /attempt HTTP/1.1\r\nHost: h\r\n{before}").into_bytes();
            odd.push(byte);
            odd.extend(after.replace('@', "").bytes());
            odd.extend(format!("\r\n{ended}").bytes());
            all.push(odd);
        }
    }
    // A length that is not one decimal number.
    for length in [
        "5, 5",
        "5,5",
        "+5",
        "-5",
        "0x5",
        "5 5",
        "5_0",
        "05",
        "5.0",
        "5e0",
        "\"5\"",
        "",
        "5;",
        "０",
        "99999999999999999999999",
        "18446744073709551621",
        "5\r\nContent-Length: 5",
        "5\r\nContent-Length: 6",
        "5\r\ncontent-length: 0",
        "0\r\nContent-Length: 5",
        "5\r\n 0",
        "5\r\nContent_Length: 0",
        "5\r\nConnection: Content-Length",
        "5\x0b",
        "5\u{a0}",
    ] {
        all.push(post(&format!("Content-Length: {length}\r\n"), &format!("hello{SMUGGLED}")));
    }
    all.push(post("Content-Length : 5\r\n", &format!("hello{SMUGGLED}")));
    // A chunk whose size or end can be read in two ways.
    for size in [
        "0x5",
        "+5",
        "-5",
        " 5",
        "5 ",
        "5\t",
        "5_",
        "5\0",
        "5;a\nb",
        "5;\u{b}",
        "5\n",
        "5\r",
        ";5",
        "",
        "10000000000000005",
        "ffffffffffffffff",
        "FFFFFFFFFFFFFFFFF",
        "000000000000000000005",
        "5;a=\"\r\n0\r\n\r\n",
        "5,5",
        "5.",
        "５",
    ] {
        all.push(chunked(&format!("{size}\r\nhello\r\n0\r\n\r\n{SMUGGLED}")));
    }
    for body in [
        format!("5\r\nhello0\r\n\r\n{SMUGGLED}"),
        format!("5\r\nhelloXX0\r\n\r\n{SMUGGLED}"),
        format!("5\r\nhello\n0\r\n\r\n{SMUGGLED}"),
        format!("5\nhello\r\n0\r\n\r\n{SMUGGLED}"),
        format!("5\r\nhello\r\n0\n\n{SMUGGLED}"),
        format!("0\r\n\n{SMUGGLED}"),
        format!("0\r\nX: y\n\n{SMUGGLED}"),
        format!("0\r\n Content-Length: 5\r\n\r\n{SMUGGLED}"),
        format!("2;\n{SMUGGLED}\r\n0\r\n\r\n"),
    ] {
        all.push(chunked(&body));
    }
    // A request line or a version that servers read differently, and where a request goes.
    for line in [
        "POST  /attempt HTTP/1.1",
        "POST /attempt  HTTP/1.1",
        "POST\t/attempt\tHTTP/1.1",
        "POST /attempt HTTP/1.1 ",
        " POST /attempt HTTP/1.1",
        "POST /attempt",
        "POST /attempt HTTP/1",
        "POST /attempt HTTP/1.10",
        "POST /attempt HTTP/01.1",
        "POST /attempt http/1.1",
        "POST /attempt HTTP/2.0",
        "POST /attempt HTTP/0.9",
        "POST /attempt HTTP/1.1\0",
        "PO(ST /attempt HTTP/1.1",
        "POST /att\0empt HTTP/1.1",
        "POST /att\x7fempt HTTP/1.1",
        "POST attempt HTTP/1.1",
        "POST http://other/attempt HTTP/1.1",
        "POST //h\\attempt\n HTTP/1.1",
        "POST ftp://h/attempt HTTP/1.1",
        "POST http://h@other/attempt HTTP/1.1",
        "CONNECT h:80 HTTP/1.1",
        "POST /attempt\rX HTTP/1.1",
        "POST /caf\u{e9} HTTP/1.1",
    ] {
        all.push(
            format!("{line}\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello{SMUGGLED}").into_bytes(),
        );
    }
    all.push(
        format!("POST /attempt HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{ended}").into_bytes(),
    );
    all.push(
        format!("POST /attempt HTTP/1.1\nHost: h\nContent-Length: 0\n\n{SMUGGLED}").into_bytes(),
    );
    for host in [
        "",
        "Host: a\r\nHost: b\r\n",
        "Host: a, b\r\n",
        "Host: a/b\r\n",
        "Host: a@b\r\n",
        "Host: a b\r\n",
        "Host: a\r\n Host: b\r\n",
        "Host : a\r\n",
        "Host: a\r\nConnection: Host\r\n",
    ] {
        all.push(format!("GET /attempt HTTP/1.1\r\n{host}\r\n").into_bytes());
    }
    // A change of protocol, an odd expectation, and what hides the way a request has come.
    for lines in [
        "Expect: 100-continue, 100-continue\r\nContent-Length: 5\r\n",
        "Expect: x\r\nContent-Length: 5\r\n",
        "Connection: X-Forwarded-For\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 5\r\n",
        "Connection: close, X-Forwarded-Proto\r\nContent-Length: 5\r\n",
    ] {
        all.push(post(lines, "hello"));
    }
    all.push(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec());
    all
}

#[test]
fn every_attempt_ends_with_a_refusal_and_reaches_no_server() {
    let (server, seen) = witness();
    let bench = Bench::before(vec![server], Vec::new(), |_| ());
    eventually("the server is in", || bench.get("/first").status == 200);
    seen.take();
    let attempts = attempts();
    assert!(attempts.len() > 900, "{}", attempts.len());
    let mut cut = 0;
    for (index, attempt) in attempts.iter().enumerate() {
        let mut stream = TcpStream::connect(bench.listen).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(attempt).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer);
        let shown = attempt.escape_ascii().to_string();
        let status = text.get(9..12).unwrap_or_default();
        assert!(["400", "405", "417", "505"].contains(&status), "{shown}: {text}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{shown}: {text}");
        let path = format!("/innocent-{index}");
        let innocent = bench.get(&path);
        let line = format!("GET {path} HTTP/1.1");
        assert_eq!((innocent.status, &innocent.body), (200, &line), "{shown}");
        // The start of a chunked body may go ahead of its fault: that request is cut there, and
        // may be written down a little later.
        let mut got = seen.take();
        let before = got.len();
        got.retain(|line| line != "POST /attempt HTTP/1.1");
        cut += before - got.len();
        assert_eq!(got, [line], "{shown}");
        assert!(cut <= index + 1, "{shown}: one attempt has become two requests");
    }
}

#[test]
fn an_upgrade_to_anything_but_a_websocket_is_an_ordinary_request() {
    let bench = Bench::with_servers(1);
    let fields =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    let seen = raw(&bench, &format!("GET /headers HTTP/1.1\r\nHost: h\r\n{fields}\r\n"));
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
    let seen = seen.to_ascii_lowercase();
    assert!(!seen.contains("upgrade") && !seen.contains("http2-settings"), "{seen}");
}

#[test]
fn requests_sent_ahead_are_answered_in_turn() {
    let bench = Bench::with_servers(1);
    let ahead = "POST /one HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
        POST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nde\r\n\
        GET /wait?100 HTTP/1.1\r\nHost: h\r\n\r\n\
        GET /four HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let answers = raw(&bench, ahead);
    let places: Vec<_> = ["POST /one 3", "POST /two 2", "GET /wait 0", "GET /four 0"]
        .iter()
        .map(|answer| answers.find(answer).unwrap_or_else(|| panic!("{answer}: {answers}")))
        .collect();
    assert!(places.is_sorted(), "{answers}");
}

#[test]
fn a_forged_way_is_kept_but_the_real_peer_comes_last() {
    let bench = Bench::with_servers(1);
    let fields = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2, 127.9.9.9\r\nX-Forwarded-Proto: https\r\n";
    let seen =
        request(bench.listen, "GET", "/headers", fields, &[]).unwrap().body.to_ascii_lowercase();
    assert!(
        seen.contains("x-forwarded-for: 192.0.2.1, 192.0.2.2, 127.9.9.9, 127.0.0.1\r"),
        "{seen}"
    );
    assert_eq!(seen.matches("x-forwarded-for").count(), 1, "{seen}");
    assert!(seen.contains("x-forwarded-proto: http\r"), "{seen}");
}

/// Everything the balancer says to these bytes, the sending direction closed after them.
fn raw(bench: &Bench, bytes: &str) -> String {
    let mut stream = TcpStream::connect(bench.listen).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
