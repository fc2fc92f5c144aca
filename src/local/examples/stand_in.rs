//! Every program of a deployment in one binary, for the tests of this crate: the real supervisor,
//! balancer and engines behind the hidden entry points, and a small server in the place of `syncd`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "__supervisor", "--data", data] => local::entry::supervisor(Path::new(data)),
        [_, "__balancer", "--data", data] => local::entry::balancer(Path::new(data)),
        [_, "__engines", "--data", data] => local::entry::engines(Path::new(data)),
        [_, "roll", data, program] => roll(Path::new(data), Path::new(program)),
        [_, "up", data, listen] => up(Path::new(data), listen),
        [_] => serve(),
        _ => ExitCode::from(64),
    }
}

/// What `syncctl up` does, so that a test can kill it.
fn up(data: &Path, listen: &str) -> ExitCode {
    let mut spec = local::LocalSpec::new("test", data);
    spec.listen = listen.parse().expect("an address");
    let me = std::env::current_exe().expect("a path");
    let programs = local::Programs { syncctl: me.clone(), syncd: me };
    match local::up(&spec, &programs, &local::Silent) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What `syncctl roll` does.
fn roll(data: &Path, program: &Path) -> ExitCode {
    let request = local::RollRequest { program: program.to_owned(), bake: None };
    match local::roll(data, &request, &local::Silent) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// How long a release with a late fault is well.
const LATE: Duration = Duration::from_secs(2);

/// A fault that comes with the release itself.
fn own_fault(name: &str) -> bool {
    std::env::var("STAND_IN_FAULT").is_ok_and(|fault| fault == name)
}

fn serve() -> ExitCode {
    let address = std::env::var("SYNCD_LISTEN").expect("SYNCD_LISTEN");
    if fault("exit").exists() {
        writeln!(std::io::stderr(), "the stand-in was told to fail").expect("a log");
        return ExitCode::from(3);
    }
    let listener = TcpListener::bind(&address).expect("a free address");
    writeln!(std::io::stderr(), "listening on {address}").expect("a log");
    let begun = Instant::now();
    if own_fault("exit-later") {
        std::thread::spawn(|| {
            std::thread::sleep(LATE);
            // As abrupt as a crash, but with a status a test can tell from others.
            #[expect(clippy::exit, reason = "a crash is what is played")]
            std::process::exit(3);
        });
    }
    if own_fault("exit-on-cue") || own_fault("freeze-on-cue") {
        std::thread::spawn(|| {
            while !fault("cue").exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
            fail_on_cue();
        });
    }
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || converse(stream, begun));
    }
    ExitCode::SUCCESS
}

fn fail_on_cue() {
    if own_fault("freeze-on-cue") {
        let me = rustix::process::getpid();
        rustix::process::kill_process(me, rustix::process::Signal::STOP).expect("a signal");
    } else {
        #[expect(clippy::exit, reason = "a crash is what is played")]
        std::process::exit(3);
    }
}

/// A file that asks for a fault, beside the credentials the server is given.
fn fault(name: &str) -> PathBuf {
    let credentials = std::env::var("AWS_SHARED_CREDENTIALS_FILE").unwrap_or_default();
    let root = Path::new(&credentials).ancestors().nth(2).unwrap_or(Path::new("/nonexistent"));
    root.join("run").join(format!("fault-{name}"))
}

fn converse(stream: TcpStream, begun: Instant) {
    stream.set_nodelay(true).expect("a socket");
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut writer = stream;
    while answer(&mut reader, &mut writer, begun).is_some() {}
}

fn answer(reader: &mut BufReader<TcpStream>, writer: &mut TcpStream, begun: Instant) -> Option<()> {
    let mut head = String::new();
    loop {
        let before = head.len();
        reader.read_line(&mut head).ok().filter(|count| *count > 0)?;
        if head[before..].trim().is_empty() {
            break;
        }
    }
    let mut line = head.lines().next()?.split(' ');
    let (method, target) = (line.next()?.to_owned(), line.next()?.to_owned());
    let (path, number) = target.split_once('?').unwrap_or((&target, "0"));
    let number: u64 = number.parse().unwrap_or(0);
    if header(&head, "upgrade").is_some() {
        return echo(reader, writer);
    }
    let received = read_body(reader, &head)?;
    if own_fault("unready") && path != "/health" {
        return send(writer, 503, "not ready");
    }
    match path {
        path if own_fault("errors") && !["/health", "/ready"].contains(&path) => {
            return send(writer, 500, "an error");
        }
        "/wait" if own_fault("errors-on-cue") && fault("cue").exists() => {
            return send(writer, 500, "an error");
        }
        "/wait" => std::thread::sleep(Duration::from_millis(number)),
        "/burn" => burn(Duration::from_millis(number)),
        "/download" => return download(writer, number),
        "/health" if own_fault("unhealthy-later") && begun.elapsed() > LATE => {
            return send(writer, 503, "not well");
        }
        "/ready" if fault("unready").exists() => return send(writer, 503, "not ready"),
        "/health" if fault("unhealthy").exists() => return send(writer, 503, "not well"),
        _ => {}
    }
    let instance = std::env::var("SYNCD_INSTANCE").unwrap_or_default();
    match path {
        "/headers" => send(writer, 200, &head),
        "/environment" => {
            send(writer, 200, &std::env::vars().map(|(name, _)| name + "\n").collect::<String>())
        }
        "/status" => send(writer, number as u16, ""),
        "/instance" => send(writer, 200, &instance),
        _ => send(writer, 200, &format!("{method} {path} {received}")),
    }
}

/// Keeps a processor busy.
fn burn(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        std::hint::spin_loop();
    }
}

fn send(writer: &mut TcpStream, status: u16, body: &str) -> Option<()> {
    let length = body.len();
    write!(writer, "HTTP/1.1 {status} Whatever\r\nContent-Length: {length}\r\n\r\n{body}").ok()
}

fn download(writer: &mut TcpStream, bytes: u64) -> Option<()> {
    write!(writer, "HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").ok()?;
    let piece = vec![b'x'; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        let count = left.min(piece.len() as u64);
        writer.write_all(&piece[..count as usize]).ok()?;
        left -= count;
    }
    Some(())
}

fn echo(reader: &mut BufReader<TcpStream>, writer: &mut TcpStream) -> Option<()> {
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    write!(writer, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{accept}\r\n\r\n")
        .ok()?;
    let mut piece = [0; 1024];
    loop {
        let count = reader.read(&mut piece).ok().filter(|count| *count > 0)?;
        writer.write_all(&piece[..count]).ok()?;
    }
}

/// Reads and counts; slowly where the fault asks for it, so that somebody in between would fill up.
fn read_body(reader: &mut BufReader<TcpStream>, head: &str) -> Option<u64> {
    let mut piece = vec![0; 64 * 1024];
    if let Some(length) = header(head, "content-length") {
        let length: u64 = length.parse().ok()?;
        let mut received = 0;
        while received < length {
            let most = (length - received).min(piece.len() as u64) as usize;
            received += reader.read(&mut piece[..most]).ok().filter(|count| *count > 0)? as u64;
        }
        return Some(received);
    }
    if header(head, "transfer-encoding").is_none() {
        return Some(0);
    }
    let mut received = 0;
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok().filter(|count| *count > 0)?;
        let mut left = usize::from_str_radix(size.trim(), 16).ok()? + 2;
        let last = left == 2;
        received += left as u64 - 2;
        while left > 0 {
            let most = left.min(piece.len());
            left -= reader.read(&mut piece[..most]).ok().filter(|count| *count > 0)?;
        }
        if last {
            return Some(received);
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
