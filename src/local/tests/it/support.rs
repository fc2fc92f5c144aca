//! A deployment to play with, and a small HTTP client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use local::{ComponentState, ComponentStatus, LocalSpec, Programs, Reporter, Silent, Status};

/// Stopped and removed when dropped.
pub(crate) struct Deployment {
    folder: tempfile::TempDir,
    pub(crate) spec: LocalSpec,
    pub(crate) programs: Programs,
}

impl Deployment {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = LocalSpec::new("test", folder.path().canonicalize().unwrap().join("data"));
        spec.listen = free_address();
        spec.health.interval = Duration::from_millis(300);
        spec.health.timeout = Duration::from_millis(250);
        spec.drain_timeout = Duration::from_secs(3);
        spec.bake = Duration::from_millis(500);
        let programs = Programs { syncctl: stand_in(), syncd: stand_in() };
        Self { folder, spec, programs }
    }

    pub(crate) fn started() -> Self {
        let deployment = Self::new();
        deployment.up();
        deployment
    }

    pub(crate) fn up(&self) -> local::UpOutcome {
        local::up(&self.spec, &self.programs, &Silent).unwrap()
    }

    pub(crate) fn data(&self) -> &Path {
        &self.spec.data_dir
    }

    pub(crate) fn outside(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn status(&self) -> Status {
        local::status(self.data()).unwrap()
    }

    pub(crate) fn ask(&self, path: &str) -> Answer {
        request(self.spec.listen, "GET", path, "", &[]).unwrap()
    }

    /// Lets the servers do something wrong from now on.
    pub(crate) fn set_fault(&self, name: &str) {
        std::fs::write(self.fault(name), "").unwrap();
    }

    pub(crate) fn clear_fault(&self, name: &str) {
        std::fs::remove_file(self.fault(name)).unwrap();
    }

    fn fault(&self, name: &str) -> PathBuf {
        self.data().join("run").join(format!("fault-{name}"))
    }

    /// The status, once it is as described.
    pub(crate) fn status_when(&self, what: &str, is_so: impl Fn(&Status) -> bool) -> Status {
        let mut last = self.status();
        eventually(what, || {
            last = self.status();
            is_so(&last)
        });
        last
    }

    /// Processes that carry this deployment's mark, as the kernel shows them.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mark = format!("SYNCCTL_LOCAL_DATA={}\0", self.data().display());
        std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .filter(|pid| {
                std::fs::read(format!("/proc/{pid}/environ"))
                    .is_ok_and(|text| text.windows(mark.len()).any(|part| part == mark.as_bytes()))
            })
            .filter(|pid| !is_zombie(*pid))
            .collect()
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        for _ in 0..50 {
            let processes = self.processes();
            if processes.is_empty() {
                return;
            }
            // The supervisor first: it would start the others again.
            let supervisor = self
                .processes()
                .into_iter()
                .find(|pid| command_line(*pid).contains("__supervisor"));
            if let Some(pid) = supervisor {
                kill(pid, "KILL");
            }
            processes.into_iter().for_each(|pid| kill(pid, "KILL"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn is_zombie(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
    })
}

pub(crate) fn command_line(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().replace('\0', " ")
}

pub(crate) fn kill(pid: u32, signal: &str) {
    let _ = std::process::Command::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .stderr(std::process::Stdio::null())
        .status();
}

/// The program in `examples/`, which `cargo test` builds beside the tests.
pub(crate) fn stand_in() -> PathBuf {
    let me = std::env::current_exe().unwrap();
    let path = me.ancestors().nth(2).unwrap().join("examples/stand_in");
    assert!(
        path.exists(),
        "{} is missing: run `cargo test -p local` without a target filter",
        path.display()
    );
    path
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub(crate) fn all_healthy(status: &Status) -> bool {
    status.converged
        && status.ready
        && parts(status).all(|part| part.state == ComponentState::Healthy)
}

pub(crate) fn parts(status: &Status) -> impl Iterator<Item = &ComponentStatus> {
    [&status.supervisor, &status.balancer, &status.engines].into_iter().chain(&status.servers)
}

/// Looks again and again, for at most a minute: far more than it takes, also on a busy machine.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// One request on a connection of its own.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: files.example:8420\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    )?;
    stream.write_all(body)?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let broken = || std::io::Error::other(format!("no whole answer: {text:?}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status =
        head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let announced = head.lines().find_map(|line| {
        line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
    });
    if announced.is_some_and(|announced| announced != body.len()) {
        return Err(broken());
    }
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// Asks without a pause until the work is done; panics on any request that failed.
pub(crate) fn under_load<T>(deployment: &Deployment, work: impl FnOnce() -> T) -> (T, usize) {
    under_load_of("POST", deployment, work)
}

/// The same with requests that the balancer may repeat when a server dies under them.
pub(crate) fn under_repeatable_load<T>(
    deployment: &Deployment,
    work: impl FnOnce() -> T,
) -> (T, usize) {
    under_load_of("PUT", deployment, work)
}

/// Says that it is over when dropped, also by a failed test: whoever waits for that must not wait
/// for ever.
pub(crate) struct UntilDropped<'a>(pub(crate) &'a AtomicBool);

impl Drop for UntilDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn under_load_of<T>(method: &str, deployment: &Deployment, work: impl FnOnce() -> T) -> (T, usize) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let until = UntilDropped(&over);
        let asking: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut count = 0;
                    while !over.load(Ordering::Relaxed) {
                        let answer =
                            request(deployment.spec.listen, method, "/wait?5", "", b"hello");
                        assert_eq!(answer.unwrap().status, 200);
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let outcome = work();
        drop(until);
        (outcome, asking.into_iter().map(|one| one.join().unwrap()).sum())
    })
}

/// Remembers what it is told.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) lines: Mutex<Vec<String>>,
    pub(crate) cancel_at: Option<&'static str>,
}

impl Recorder {
    fn add(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.lines.lock().unwrap().iter().any(|line| line.contains(text))
    }
}

impl Reporter for Recorder {
    fn started(&self, step: &str) {
        self.add(format!("started {step}"));
    }
    fn finished(&self, step: &str) {
        self.add(format!("finished {step}"));
    }
    fn progress(&self, text: &str) {
        self.add(text.to_owned());
    }
    fn message(&self, text: &str) {
        self.add(text.to_owned());
    }
    fn cancelled(&self) -> bool {
        self.cancel_at.is_some_and(|line| self.has(line))
    }
}
