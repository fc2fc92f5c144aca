//! Clients that let the balancer wait, or are simply too many: the others notice nothing (HA-5).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::bench::Bench;
use crate::support::{eventually, request};

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Everything until the balancer closes.
fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset after the answer is as good an end.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn half_sent(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    write!(stream, "POST /half HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nabc").unwrap();
    stream
}

#[test]
fn a_header_in_drops_ends_with_408_after_the_stated_ten_seconds() {
    let bench = Bench::with_servers(1);
    let mut stream = connect(bench.listen);
    stream.write_all(b"GET /instance HTTP/1.1\r\n").unwrap();
    let begun = Instant::now();
    let mut writer = stream.try_clone().unwrap();
    let dropper = std::thread::spawn(move || {
        while begun.elapsed() < Duration::from_secs(15) && writer.write_all(b"X: y\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(400));
        }
    });
    let answer = read_all(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let elapsed = begun.elapsed();
    assert!(elapsed > Duration::from_secs(9) && elapsed < Duration::from_secs(13), "{elapsed:?}");
    assert_eq!(bench.get("/instance").status, 200);
    dropper.join().unwrap();
}

#[test]
fn a_long_header_gets_431_and_one_with_many_fields_too() {
    let bench = Bench::with_servers(1);
    let fits = format!("X-Long: {}\r\n", "y".repeat(30_000));
    assert_eq!(request(bench.listen, "GET", "/instance", &fits, &[]).unwrap().status, 200);
    for long in [format!("X-Long: {}\r\n", "y".repeat(40_000)), "X: y\r\n".repeat(200)] {
        let answer = request(bench.listen, "GET", "/instance", &long, &[]).unwrap();
        assert_eq!(answer.status, 431);
        assert!(answer.body.contains("32 KiB or 100 fields"), "{}", answer.body);
    }
    let mut endless = connect(bench.listen);
    endless.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    let piece = [b'y'; 65536];
    while endless.write_all(&piece).is_ok() {}
    assert_eq!(bench.get("/instance").status, 200);
}

#[test]
fn a_body_that_stops_or_trickles_ends_with_408_and_a_slow_honest_one_passes() {
    let bench = Bench::with(1, |config| {
        config["times"] = json!({ "header": { "secs": 10, "nanos": 0 },
            "body": { "secs": 1, "nanos": 0 }, "idle": { "secs": 75, "nanos": 0 } });
    });
    let begun = Instant::now();
    let answer = read_all(&mut half_sent(bench.listen));
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(5));

    let mut trickle = half_sent(bench.listen);
    let mut drops = trickle.try_clone().unwrap();
    let dropper = std::thread::spawn(move || {
        while drops.write_all(b"y").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let answer = read_all(&mut trickle);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    drop(trickle);
    dropper.join().unwrap();

    // 1,000 bytes each 0.2 s for twice the time a silent one has.
    let mut honest = connect(bench.listen);
    write!(
        honest,
        "POST /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 10000\r\n\r\n"
    )
    .unwrap();
    for _ in 0..10 {
        honest.write_all(&[b'y'; 1000]).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    let answer = read_all(&mut honest);
    assert!(answer.ends_with("POST /slow 10000"), "{answer}");
}

#[test]
fn a_connection_without_a_request_is_closed_after_its_time() {
    let bench = Bench::with(1, |config| {
        config["times"] = json!({ "header": { "secs": 10, "nanos": 0 },
            "body": { "secs": 30, "nanos": 0 }, "idle": { "secs": 1, "nanos": 0 } });
    });
    let begun = Instant::now();
    assert_eq!(read_all(&mut connect(bench.listen)), "");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn half_sent_posts_beyond_every_limit_leave_the_others_their_places() {
    let bench = Bench::with(1, |config| {
        config["max_connections"] = 64.into();
        config["max_requests"] = 32.into();
    });
    // More than twice what there is room for, as fast as they can be opened, and held open.
    let held: Vec<TcpStream> = (0..150).map(|_| half_sent(bench.listen)).collect();
    let mut worst = Duration::ZERO;
    for _ in 0..50 {
        let begun = Instant::now();
        eventually("an honest request has its answer", || {
            request(bench.listen, "GET", "/instance", "", &[])
                .is_ok_and(|answer| answer.status == 200)
        });
        eventually("an honest upload has its answer", || {
            request(bench.listen, "PUT", "/upload", "", &[b'y'; 10_000])
                .is_ok_and(|answer| answer.body == "PUT /upload 10000")
        });
        worst = worst.max(begun.elapsed());
    }
    // Who had just come when the others came has to have waited a little before it gives way.
    assert!(worst < Duration::from_secs(10), "{worst:?}");
    eventually("some made room", || !bench.reports("\"given_up\": 0"));
    drop(held);
}

#[test]
fn beyond_the_connections_there_is_a_clear_answer_and_the_supervisor_still_gets_its_own() {
    let bench = Bench::with(1, |config| config["max_connections"] = 8.into());
    let mut waiting: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = connect(bench.listen);
            write!(stream, "GET /wait?3000 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                .unwrap();
            stream
        })
        .collect();
    eventually("all are on their way", || bench.reports("\"in_flight\": 8"));
    let refused = bench.get("/instance");
    assert_eq!(refused.status, 503);
    assert!(refused.body.contains("limit of connections"), "{}", refused.body);
    assert!(refused.head.contains("Retry-After: 1"), "{}", refused.head);
    assert_eq!(bench.get("/-/balancer/health").status, 200);
    for stream in &mut waiting {
        let answer = read_all(stream);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert_eq!(bench.get("/instance").status, 200);
}

#[test]
fn idle_connections_make_room_for_new_ones() {
    let bench = Bench::with(1, |config| config["max_connections"] = 16.into());
    let idle: Vec<TcpStream> = (0..16).map(|_| connect(bench.listen)).collect();
    eventually("all have a place", || bench.reports("\"connections\": 16"));
    eventually("one more has its answer", || {
        request(bench.listen, "GET", "/instance", "", &[]).is_ok_and(|answer| answer.status == 200)
    });
    drop(idle);
}
