//! The balancer alone, before servers of the test's choosing (HA-5).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::bench::{Bench, Wire, config, server, write_config};
use crate::support::{Deployment, UntilDropped, eventually, free_address, kill, request, stand_in};

const HUNDRED_MEGABYTES: usize = 100 * 1024 * 1024;

#[test]
fn without_a_healthy_server_the_answer_is_a_503_that_programs_understand() {
    let bench = Bench::with_servers(0);
    let answer = bench.get("/v1/me");
    assert_eq!(answer.status, 503);
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["code"], "unavailable");
    assert!(answer.head.contains(body["request_id"].as_str().unwrap()), "{}", answer.head);
    assert!(answer.head.to_ascii_lowercase().contains("retry-after"));
}

#[test]
fn a_servers_own_errors_are_counted_for_it_and_for_those_who_got_them() {
    let mut bench = Bench::with_servers(1);
    assert_eq!(bench.get("/status?500").status, 500);
    assert_eq!(bench.get("/status?503").status, 503);
    assert_eq!(bench.get("/status?404").status, 404);
    assert_eq!(bench.get("/ready").status, 200);
    eventually("two are reported", || bench.reports("\"errors\": 2"));
    assert!(bench.reports("\"errors_passed\": 2"), "clients got both to see");
    assert!(bench.reports("\"failures\": 0"));
    bench.servers[0].kill().unwrap();
    bench.servers[0].wait().unwrap();
    assert_eq!(bench.get("/instance").status, 503);
    eventually("the failure is the balancer's own", || bench.reports("\"failures\": 1"));
    assert!(bench.reports("\"errors\": 2"));
}

#[test]
fn what_another_server_answers_instead_is_no_failure() {
    let addresses = vec![free_address(), free_address()];
    let faulty = Command::new(stand_in())
        .env("SYNCD_LISTEN", addresses[0].to_string())
        .env("STAND_IN_FAULT", "errors")
        .spawn()
        .unwrap();
    let servers = vec![faulty, server(addresses[1])];
    let bench = Bench::before(addresses, servers, |config| {
        config["backends"][0]["trust"] = "trial".into();
    });
    eventually("the one on trial is asked, and its errors are kept from clients", || {
        assert_eq!(bench.get("/instance").status, 200);
        bench.reports("\"retries\": 3")
    });
    assert!(bench.reports("\"errors_passed\": 0"));
    // Where the other one fails as well, the client's one failure counts once.
    for asked in 1..=4 {
        assert_eq!(bench.get("/status?500").status, 500);
        let counted = format!("\"errors_passed\": {asked},");
        eventually("each is counted once", || bench.reports(&counted));
    }
    assert!(bench.reports("\"failures\": 0"));
}

#[test]
fn host_stays_and_the_way_is_told() {
    let bench = Bench::with_servers(1);
    let given =
        "X-Request-Id: my-request-1\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n";
    let seen = request(bench.listen, "GET", "/headers", given, &[]).unwrap();
    let head = seen.body.to_ascii_lowercase();
    assert!(head.contains("host: files.example:8420"), "{head}");
    assert!(head.contains("x-forwarded-for: 192.0.2.7, 127.0.0.1"), "{head}");
    assert!(head.contains("x-forwarded-proto: http\r"), "{head}");
    assert!(head.contains("x-request-id: my-request-1"), "{head}");
    assert!(seen.head.to_ascii_lowercase().contains("x-request-id: my-request-1"));
}

#[test]
fn a_killed_server_under_load_costs_repeatable_requests_nothing() {
    let mut bench = Bench::with_servers(3);
    let listen = bench.listen;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let until = UntilDropped(&over);
        let askers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut failed = Vec::new();
                    let mut count = 0;
                    while !over.load(Ordering::Relaxed) {
                        count += 1;
                        match request(listen, "GET", "/wait?4", "", &[]) {
                            Ok(answer) if answer.status == 200 => {}
                            other => failed.push(format!("{other:?}")),
                        }
                    }
                    (count, failed)
                })
            })
            .collect();
        for index in 0..2 {
            bench.servers[index].kill().unwrap();
            bench.servers[index].wait().unwrap();
            let begun = Instant::now();
            eventually("load goes on", || begun.elapsed() > Duration::from_millis(300));
        }
        drop(until);
        let results: Vec<(usize, Vec<String>)> =
            askers.into_iter().map(|asker| asker.join().unwrap()).collect();
        let failed: Vec<&String> = results.iter().flat_map(|(_, failed)| failed).collect();
        let count: usize = results.iter().map(|(count, _)| count).sum();
        assert!(failed.is_empty(), "{} of {count}: {:?}", failed.len(), failed.first());
    });
}

#[test]
fn a_returned_server_gets_requests_again_and_a_draining_one_none() {
    let mut bench = Bench::with_servers(2);
    bench.servers[0].kill().unwrap();
    bench.servers[0].wait().unwrap();
    let (first, second) = (bench.addresses[0].to_string(), bench.addresses[1].to_string());
    assert!((0..10).all(|_| bench.get("/instance").body == second));
    bench.servers[0] = server(bench.addresses[0]);
    eventually("the first is back", || bench.get("/instance").body == first);
    let mut draining = config(bench.listen, &bench.addresses);
    for backend in draining["backends"].as_array_mut().unwrap() {
        backend["draining"] = true.into();
    }
    write_config(&bench.data, &draining);
    eventually("both are draining", || bench.get("/instance").status == 503);
}

/// Who answers, unless it takes too long.
fn quickly_answered_by(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    stream.write_all(b"GET /instance HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

#[test]
fn a_server_on_trial_that_is_late_gets_nothing_until_it_answers_again() {
    let addresses = vec![free_address(), free_address()];
    let servers = addresses.iter().map(|address| server(*address)).collect();
    let bench = Bench::before(addresses, servers, |config| {
        config["backends"][0]["trust"] = "trial".into();
        config["backends"][1]["standby"] = true.into();
    });
    let [trial, standby] = [0, 1].map(|index| bench.addresses[index].to_string());
    let all_by =
        |who: &String| (0..5).all(|_| quickly_answered_by(bench.listen).as_ref() == Some(who));
    eventually("the one on trial serves", || all_by(&trial));
    kill(bench.servers[0].id(), "STOP");
    eventually("the standby serves", || all_by(&standby));
    kill(bench.servers[0].id(), "CONT");
    eventually("the one on trial serves again", || all_by(&trial));
}

#[test]
fn a_hundred_megabytes_stream_both_ways_in_little_memory() {
    let bench = Bench::with_servers(1);
    let before = bench.peak_memory();
    let body = vec![b'y'; HUNDRED_MEGABYTES];
    let answer = request(bench.listen, "PUT", "/upload", "", &body).unwrap();
    assert_eq!(answer.body, format!("PUT /upload {HUNDRED_MEGABYTES}"));
    let answer = bench.get(&format!("/download?{HUNDRED_MEGABYTES}"));
    assert_eq!(answer.body.len(), HUNDRED_MEGABYTES);
    let grown = bench.peak_memory().saturating_sub(before);
    assert!(grown < 20 * 1024 * 1024, "{grown} bytes more");
}

#[test]
fn a_slow_reader_holds_the_server_back_and_not_the_memory() {
    let bench = Bench::with_servers(1);
    let before = bench.peak_memory();
    let mut stream = TcpStream::connect(bench.listen).unwrap();
    write!(
        stream,
        "GET /download?{HUNDRED_MEGABYTES} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let begun = Instant::now();
    eventually("time passes without reading", || begun.elapsed() > Duration::from_millis(700));
    let grown = bench.peak_memory().saturating_sub(before);
    assert!(grown < 20 * 1024 * 1024, "{grown} bytes more");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.len() > HUNDRED_MEGABYTES);
}

#[test]
fn a_long_poll_waits_and_a_stop_lets_it_finish() {
    let mut bench = Bench::with_servers(1);
    let listen = bench.listen;
    std::thread::scope(|scope| {
        let poll = scope.spawn(move || request(listen, "GET", "/wait?1500", "", &[]).unwrap());
        eventually("it is on its way", || bench.reports("\"in_flight\": 1"));
        crate::support::kill(bench.balancer.id(), "TERM");
        assert_eq!(poll.join().unwrap().status, 200);
    });
    assert!(bench.balancer.wait().unwrap().success());
}

/// Often, since what once went wrong here went wrong by chance, once in twenty times.
#[test]
fn a_websocket_passes_in_both_directions() {
    let bench = Bench::with_servers(1);
    for _ in 0..60 {
        converse_by_websocket(&mut bench.dial());
    }
}

#[test]
fn a_websocket_passes_over_tls_too() {
    let addresses = vec![free_address()];
    let servers = vec![server(addresses[0])];
    let bench = Bench::before(addresses, servers, |config| config["tls"] = "self_made".into());
    eventually("the server is in", || bench.reports("\"healthy\""));
    for _ in 0..60 {
        converse_by_websocket(&mut bench.dial());
    }
}

fn converse_by_websocket(stream: &mut impl Wire) {
    let handshake = "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(handshake.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    for message in ["one", "two"] {
        stream.write_all(message.as_bytes()).unwrap();
        let mut echo = [0; 3];
        stream.read_exact(&mut echo).unwrap();
        assert_eq!(&echo, message.as_bytes());
    }
}

#[test]
fn above_the_limit_the_answer_is_clear_and_below_it_all_is_well_again() {
    let bench = Bench::with(1, |config| config["max_requests"] = 8.into());
    let mut waiting: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = TcpStream::connect(bench.listen).unwrap();
            write!(stream, "GET /wait?2000 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                .unwrap();
            stream
        })
        .collect();
    eventually("all are on their way", || bench.reports("\"in_flight\": 8"));
    let refused = bench.get("/instance");
    assert_eq!(refused.status, 503);
    assert!(refused.body.contains("limit of 8 requests"), "{}", refused.body);
    for stream in &mut waiting {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert_eq!(bench.get("/instance").status, 200);
}

#[test]
fn a_taken_entry_address_ends_the_balancer_with_a_reason() {
    let deployment = Deployment::new();
    local::DataDir::open_or_create(deployment.data()).unwrap();
    let holder = std::net::TcpListener::bind(deployment.spec.listen).unwrap();
    write_config(deployment.data(), &config(deployment.spec.listen, &[]));
    let output = Command::new(stand_in())
        .args(["__balancer", "--data"])
        .arg(deployment.data())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("is taken"));
    drop(holder);
}
