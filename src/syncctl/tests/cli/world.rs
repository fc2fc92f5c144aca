//! The closed world of one test, and the words the tests are told in.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A home directory of its own, a free port, and the guarantee that nothing is left running.
pub(crate) struct World {
    home: TempDir,
    port: u16,
    started: std::cell::Cell<bool>,
}

/// How one command ended.
#[must_use]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    shown: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let home = tempfile::Builder::new().prefix("syncctl-test-").tempdir().unwrap();
        Self { home, port: free_port(), started: false.into() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn data_dir(&self, name: &str) -> PathBuf {
        self.path(".local/share/syncctl").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program with nothing of the caller's environment, working in the home directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_syncctl"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/bin:/bin")
            .env("COLUMNS", "80")
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Brings a service up on this world's own port.
    pub(crate) fn up(&self, arguments: &[&str]) -> Outcome {
        self.service(&[&["up"], arguments].concat())
    }

    /// An `up` that must end before any server is started: any program stands for the server.
    pub(crate) fn refused_up(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.command(&[&["up"], arguments].concat());
        command.env("SYNCCTL_SET_LOCAL__PORT", self.port.to_string());
        command.env("SYNCCTL_SYNCD", env!("CARGO_BIN_EXE_syncctl"));
        self.finish(command)
    }

    /// A command about the service of this world.
    pub(crate) fn service(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.command(arguments);
        command.env("SYNCCTL_SET_LOCAL__PORT", self.port.to_string());
        self.finish(command)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.finish(self.command(arguments))
    }

    /// The whole answer to a JSON document, as a client gets it.
    pub(crate) fn post(&self, address: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Runs to the end and makes what differs from run to run the same.
    pub(crate) fn finish(&self, mut command: Command) -> Outcome {
        if command.get_args().any(|argument| argument == "up") {
            self.started.set(true);
        }
        self.ended(command.output().unwrap())
    }

    /// What a command left behind that was started otherwise.
    pub(crate) fn ended(&self, output: std::process::Output) -> Outcome {
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let code = output.status.code().unwrap_or(-1);
        let shown = in_one_order(&self.filtered(&show(code, &stdout, &stderr)));
        Outcome { code, stdout, stderr, shown }
    }

    /// Paths, ports, times and secrets have names in snapshots.
    pub(crate) fn filtered(&self, text: &str) -> String {
        let home = self.home.path().canonicalize().unwrap();
        let programs = Path::new(env!("CARGO_BIN_EXE_syncctl")).parent().unwrap();
        let mut text = text
            .replace(&*home.to_string_lossy(), "[HOME]")
            .replace(&*self.home.path().to_string_lossy(), "[HOME]")
            .replace(&*programs.to_string_lossy(), "[PROGRAMS]")
            .replace(&format!(":{}", self.port), ":[PORT]")
            .replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
        for (pattern, name) in FILTERS.iter() {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        text
    }
}

impl Outcome {
    /// Exit code, standard output and standard error as one text.
    pub(crate) fn snapshot(&self) -> &str {
        &self.shown
    }

    /// The document, or the last one of those that tell of an operation, one a line.
    pub(crate) fn json(&self) -> serde_json::Value {
        let last = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(&self.stdout)
            .or_else(|_| serde_json::from_str(last))
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.shown);
        self
    }
}

static FILTERS: std::sync::LazyLock<Vec<(regex::Regex, &'static str)>> =
    std::sync::LazyLock::new(|| {
        [
            (r"syi_[A-Za-z0-9_-]+", "[INVITATION]"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[TIME]"),
            (r"\d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC", "[TIME]"),
            (r"\b\d+\.\d s\b", "[SECONDS]"),
            (r"\bprocess \d+", "process [PID]"),
        ]
        .map(|(pattern, name)| (regex::Regex::new(pattern).unwrap(), name))
        .into()
    });

fn show(code: i32, stdout: &str, stderr: &str) -> String {
    let mut text = format!("exit code {code}\n");
    for (name, output) in [("stdout", stdout), ("stderr", stderr)] {
        if !output.is_empty() {
            text.push_str(&format!("--- {name}\n{output}"));
        }
    }
    text
}

/// Parts come up side by side; a snapshot lists them by name.
fn in_one_order(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    for steps in lines.chunk_by_mut(|one, next| is_step(one) && is_step(next)) {
        steps.sort_unstable();
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn is_step(line: &str) -> bool {
    line.starts_with("  ✓ ")
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Processes whose environment or command line names this world.
fn left_running(home: &Path) -> Vec<String> {
    let needle = home.to_string_lossy().into_owned();
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok())
        .filter(|entry| entry.file_name().to_string_lossy() != own)
        .filter_map(|entry| {
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let arguments = fs::read(entry.path().join("cmdline")).ok()?;
            let all = [environment, arguments.clone()].concat();
            let found = String::from_utf8_lossy(&all).contains(&needle);
            found.then(|| String::from_utf8_lossy(&arguments).replace('\0', " "))
        })
        .collect()
}

impl Drop for World {
    fn drop(&mut self) {
        if !self.started.get() {
            return;
        }
        for name in fs::read_dir(self.path(".local/share/syncctl")).into_iter().flatten().flatten()
        {
            let name = name.file_name().to_string_lossy().into_owned();
            let _ = self.command(&["down", "--name", &name, "--quiet"]).output();
        }
        let left = left_running(self.home.path());
        if !std::thread::panicking() {
            assert!(left.is_empty(), "left running: {left:#?}");
        }
    }
}
