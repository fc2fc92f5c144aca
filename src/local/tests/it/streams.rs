//! Bodies, events and upgrades pass in both directions as they come (HA-5).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::support::{eventually, request};

fn open(bench: &Bench, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(bench.listen).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn answer_of(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A server that answers probes and gives every other connection to the test.
fn by_hand() -> (Bench, mpsc::Receiver<TcpStream>) {
    by_hand_with(|_| ())
}

fn by_hand_with(change: impl FnOnce(&mut Value)) -> (Bench, mpsc::Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (give, connections) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut first = [0; 11];
            stream.set_nodelay(true).unwrap();
            if stream.peek(&mut first).is_ok_and(|_| first.starts_with(b"GET /health")) {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            } else if give.send(stream).is_err() {
                return;
            }
        }
    });
    let bench = Bench::before(vec![address], Vec::new(), change);
    eventually("the server is in", || bench.reports("\"healthy\""));
    (bench, connections)
}

fn head_of(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn each_event_arrives_at_once_and_the_server_hears_that_the_client_has_gone() {
    follow_events(by_hand());
}

#[test]
fn so_do_events_over_tls() {
    follow_events(by_hand_with(|config| config["tls"] = json!("self_made")));
}

fn follow_events((bench, connections): (Bench, mpsc::Receiver<TcpStream>)) {
    let mut client = bench.dial();
    client
        .write_all(b"GET /events HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n")
        .unwrap();
    let mut server = connections.recv_timeout(Duration::from_secs(10)).unwrap();
    head_of(&mut server);
    server
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    let mut reader = BufReader::new(client);
    for number in 0..5 {
        let event = format!("data: {number}\n\n");
        server.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).unwrap();
        // The next is written only when this one is here.
        let mut line = String::new();
        while line != format!("data: {number}\n") {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0);
        }
    }
    drop(reader);
    eventually("a later event meets a closed connection", || {
        server.write_all(b"9\r\ndata: x\n\n\r\n").is_err()
    });
}

#[test]
fn a_client_that_has_sent_all_and_closes_that_direction_gets_its_answer() {
    let bench = Bench::with_servers(1);
    let requests = [
        "GET /wait?700 HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /wait?700 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        "POST /wait?700 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ];
    for text in requests {
        let mut stream = open(&bench, text);
        stream.shutdown(Shutdown::Write).unwrap();
        let answer = answer_of(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 200"), "{text}: {answer}");
    }
    let mut half = open(&bench, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
    half.shutdown(Shutdown::Write).unwrap();
    let answer = answer_of(&mut half);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    eventually("nothing stays behind", || bench.reports("\"in_flight\": 0"));
}

#[test]
fn who_expects_100_continue_is_told_to_go_on_before_the_body() {
    let (bench, connections) = by_hand();
    let text = "PUT /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    let mut client = open(&bench, text);
    let mut server = connections.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(head_of(&mut server).to_ascii_lowercase().contains("expect: 100-continue"));
    server.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    let mut interim = vec![0; 25];
    client.read_exact(&mut interim).unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100 Continue\r\n"), "{}", interim.escape_ascii());
    client.write_all(b"hello").unwrap();
    let mut body = [0; 5];
    server.read_exact(&mut body).unwrap();
    assert_eq!(&body, b"hello");
    server.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").unwrap();
    assert!(answer_of(&mut client).contains("HTTP/1.1 201"));
}

#[test]
fn a_body_goes_on_to_the_server_before_it_is_whole() {
    let (bench, connections) = by_hand();
    let mut client = open(
        &bench,
        "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n",
    );
    let mut server = connections.recv_timeout(Duration::from_secs(10)).unwrap();
    head_of(&mut server);
    let mut piece = [0; 10];
    server.read_exact(&mut piece).unwrap();
    assert_eq!(&piece, b"5\r\nfirst\r\n");
    client.write_all(b"6\r\nsecond\r\n0\r\nX-Sum: 1\r\n\r\n").unwrap();
    let mut rest = [0; 16];
    server.read_exact(&mut rest).unwrap();
    assert!(rest.starts_with(b"6\r\nsecond\r\n0\r\n"), "{}", rest.escape_ascii());
    // An answer with a trailer of its own.
    server
        .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n")
        .unwrap();
    let mut answer = head_of(&mut client);
    let mut reader = BufReader::new(client);
    while reader.read_line(&mut answer).unwrap() > 2 {}
    assert!(answer.contains("2\r\nok\r\n0\r\n"), "{answer}");
}

#[test]
fn answers_without_a_body_leave_the_connection_usable() {
    let (bench, connections) = by_hand();
    let mut client = open(&bench, "");
    let answers = [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "200"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", "204"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", "304"),
        (
            "GET",
            "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            "103",
        ),
    ];
    let mut server = None;
    for (method, answer, status) in answers {
        client.write_all(format!("{method} /x HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).unwrap();
        let server = server
            .get_or_insert_with(|| connections.recv_timeout(Duration::from_secs(10)).unwrap());
        assert!(head_of(server).starts_with(method));
        server.write_all(answer.as_bytes()).unwrap();
        let head = head_of(&mut client);
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
    }
    assert!(head_of(&mut client).starts_with("HTTP/1.1 204"), "the answer after the hints");
}

#[test]
fn an_early_answer_to_a_large_upload_reaches_its_client() {
    let (bench, connections) = by_hand();
    let mut client =
        open(&bench, "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n");
    let mut server = connections.recv_timeout(Duration::from_secs(10)).unwrap();
    head_of(&mut server);
    let mut writer = client.try_clone().unwrap();
    let sender = std::thread::spawn(move || while writer.write_all(&[b'y'; 65536]).is_ok() {});
    server
        .write_all(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
        .unwrap();
    assert!(head_of(&mut client).starts_with("HTTP/1.1 413"));
    drop((client, server));
    sender.join().unwrap();
}

#[test]
fn a_server_that_declines_an_upgrade_has_its_answer_passed_on() {
    let (bench, connections) = by_hand();
    let text = "GET /s HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let mut client = open(&bench, text);
    let mut server = connections.recv_timeout(Duration::from_secs(10)).unwrap();
    let head = head_of(&mut server).to_ascii_lowercase();
    assert!(head.contains("upgrade: websocket") && head.contains("connection: upgrade"), "{head}");
    server.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap();
    assert!(head_of(&mut client).starts_with("HTTP/1.1 404"));
    assert_eq!(request(bench.listen, "GET", "/-/balancer/health", "", &[]).unwrap().status, 200);
}
