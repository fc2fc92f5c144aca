//! Steady load, as clients that never repeat a request would make it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use super::WriteProbe;
use super::wire::{Dialer, Wire};
use crate::spec::LocalSpec;

/// Answered by a server, not by the balancer, and asks nobody else.
const PATH: &str = "/health";
/// A client that waits longer than this has given up.
const PATIENCE: Duration = Duration::from_secs(10);
/// Requests per second that one connection carries at most.
const PER_CONNECTION: u32 = 25;
const MOST_CONNECTIONS: u32 = 64;
/// Between two writes of the probe.
const BETWEEN_WRITES: Duration = Duration::from_millis(250);

/// One request and what became of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) sent: Instant,
    pub(super) took: Duration,
    /// A whole answer below 500.
    pub(super) ok: bool,
}

pub(super) struct Load<'a> {
    shared: Arc<Shared>,
    rate: u32,
    writer: Option<&'a dyn WriteProbe>,
}

struct Shared {
    entry: Dialer,
    over: AtomicBool,
    /// Requests that somebody has taken on; with the rate it gives each its moment.
    taken: AtomicU64,
    answers: Mutex<Vec<Answer>>,
    writes: Mutex<Vec<Answer>>,
}

impl<'a> Load<'a> {
    pub(super) fn start(spec: &LocalSpec, rate: u32, writer: Option<&'a dyn WriteProbe>) -> Self {
        let shared = Shared {
            entry: Dialer::new(spec, PATIENCE),
            over: AtomicBool::new(false),
            taken: AtomicU64::new(0),
            answers: Mutex::default(),
            writes: Mutex::default(),
        };
        Self { shared: Arc::new(shared), rate: rate.max(1), writer }
    }

    pub(super) fn run<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
    ) -> Vec<ScopedJoinHandle<'scope, ()>> {
        let begun = Instant::now();
        // A lost server holds some connections for a while; the others keep up the rate.
        let connections = (2 * self.rate / PER_CONNECTION).clamp(4, MOST_CONNECTIONS);
        let mut clients: Vec<_> = (0..connections)
            .map(|_| {
                let shared = Arc::clone(&self.shared);
                let rate = self.rate;
                scope.spawn(move || shared.ask(begun, rate))
            })
            .collect();
        if let Some(writer) = self.writer {
            let shared = Arc::clone(&self.shared);
            clients.push(scope.spawn(move || shared.write(writer)));
        }
        clients
    }

    /// Ends the load; every answer, and every attempt to write. Waits for those that still hang:
    /// a request without an answer counts more than any other.
    pub(super) fn stop(
        &self,
        clients: Vec<ScopedJoinHandle<'_, ()>>,
    ) -> (Vec<Answer>, Vec<Answer>) {
        self.shared.over.store(true, Ordering::Relaxed);
        for client in clients {
            // One that panicked has told why on its way.
            let _ = client.join();
        }
        (take(&self.shared.answers), take(&self.shared.writes))
    }

    pub(super) fn has_writer(&self) -> bool {
        self.writer.is_some()
    }

    /// Whether something was stored that was begun after this moment.
    pub(super) fn wrote_since(&self, moment: Instant) -> bool {
        let writes = self.shared.writes.lock().unwrap_or_else(PoisonError::into_inner);
        writes.iter().any(|write| write.ok && write.sent > moment)
    }
}

impl Shared {
    fn ask(&self, begun: Instant, rate: u32) {
        let mut connection = None;
        while !self.over.load(Ordering::Relaxed) {
            let number = self.taken.fetch_add(1, Ordering::Relaxed);
            let due = begun + Duration::from_secs_f64(number as f64 / f64::from(rate));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let sent = Instant::now();
            let ok = matches!(request(&self.entry, &mut connection), Ok(200));
            if !ok {
                connection = None;
            }
            self.keep(&self.answers, Answer { sent, took: sent.elapsed(), ok });
        }
    }

    /// Writes are counted apart: a full disk refuses them by design, and what is looked for is that
    /// they work again.
    fn write(&self, writer: &dyn WriteProbe) {
        while !self.over.load(Ordering::Relaxed) {
            let sent = Instant::now();
            let ok = writer.write().is_ok();
            self.keep(&self.writes, Answer { sent, took: sent.elapsed(), ok });
            std::thread::sleep(BETWEEN_WRITES);
        }
    }

    fn keep(&self, list: &Mutex<Vec<Answer>>, answer: Answer) {
        list.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
    }
}

fn take(list: &Mutex<Vec<Answer>>) -> Vec<Answer> {
    std::mem::take(&mut *list.lock().unwrap_or_else(PoisonError::into_inner))
}

/// One request on a connection that is kept; the status of its whole answer.
fn request(entry: &Dialer, connection: &mut Option<BufReader<Box<dyn Wire>>>) -> io::Result<u16> {
    let address = entry.address();
    let reader = match connection {
        Some(reader) => reader,
        None => connection.insert(BufReader::new(entry.dial()?)),
    };
    let text =
        format!("GET {PATH} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: syncctl-drill\r\n\r\n");
    reader.get_mut().write_all(text.as_bytes())?;
    let broken = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text.to_owned());
    let (mut status, mut length, mut closes) = (None, 0_u64, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        match (status, line.split_once(':')) {
            (None, _) => status = line.split(' ').nth(1).and_then(|text| text.parse().ok()),
            (_, Some(("content-length", value))) => {
                length = value.trim().parse().map_err(|_| broken("no length"))?;
            }
            (_, Some(("connection", value))) => closes = value.trim() == "close",
            _ => {}
        }
    }
    let read = io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
    if read != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if closes {
        *connection = None;
    }
    status.ok_or_else(|| broken("no status"))
}
