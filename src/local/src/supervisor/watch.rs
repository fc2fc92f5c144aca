//! Watches one process: a thread that waits for its end, and one that asks how it is. And the files
//! that others write for the supervisor.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

use super::outage;
use crate::balancer::config;
use crate::component::{Component, Kind};
use crate::data::DataDir;
use crate::desired;
use crate::probe::{self, Unwell};
use crate::process::Process;

/// Between questions until the first success.
const EAGER: Duration = Duration::from_millis(20);
const EAGER_FOR: Duration = Duration::from_secs(5);
const LESS_EAGER: Duration = Duration::from_millis(250);

/// What the loop is told.
pub(super) enum Notice {
    Died {
        launch: String,
    },
    Healthy {
        launch: String,
    },
    Unhealthy {
        launch: String,
        reason: String,
        answers: bool,
    },
    /// A file has changed that somebody else may have written.
    Written,
    Terminate,
}

impl Notice {
    pub(super) fn launch(&self) -> &str {
        match self {
            Self::Died { launch } | Self::Healthy { launch } | Self::Unhealthy { launch, .. } => {
                launch
            }
            Self::Written | Self::Terminate => "",
        }
    }
}

/// Ends the questions when dropped.
pub(super) struct Watch {
    closely: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    prober: Thread,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.prober.unpark();
    }
}

impl Watch {
    /// `first_path` is what has to answer before the process counts as healthy, where that is more
    /// than the ordinary check.
    pub(super) fn start(
        component: &Component,
        process: &Process,
        first_path: Option<&'static str>,
        sender: &Sender<Notice>,
    ) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let closely = Arc::new(AtomicBool::new(false));
        let (identity, launch, deaths) =
            (process.identity.clone(), process.launch.clone(), sender.clone());
        thread::spawn(move || {
            while !identity.wait_for_end(Duration::from_secs(3600)) {}
            // The loop is gone only when the supervisor ends.
            let _ = deaths.send(Notice::Died { launch });
        });
        let prober = Prober {
            component: component.clone(),
            launch: process.launch.clone(),
            first_path,
            sender: sender.clone(),
            closely: Arc::clone(&closely),
            over: Arc::clone(&over),
        };
        let prober = thread::spawn(move || prober.run()).thread().clone();
        Self { closely, over, prober }
    }

    /// More often, or as the blueprint says; the next check comes by that.
    pub(super) fn look_closely(&self, closely: bool) {
        if self.closely.swap(closely, Ordering::Relaxed) != closely {
            self.prober.unpark();
        }
    }

    pub(super) fn is_close(&self) -> bool {
        self.closely.load(Ordering::Relaxed)
    }
}

struct Prober {
    component: Component,
    launch: String,
    first_path: Option<&'static str>,
    sender: Sender<Notice>,
    closely: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Prober {
    fn run(&self) {
        let begun = Instant::now();
        while self.ask(self.first_path).is_err() {
            let pause = if begun.elapsed() < EAGER_FOR { EAGER } else { LESS_EAGER };
            if !self.rest(|| pause) {
                return;
            }
        }
        self.tell(Notice::Healthy { launch: self.launch.clone() });
        let mut failures = 0;
        let interval = || self.component.health.pause(self.closely.load(Ordering::Relaxed));
        while self.rest(interval) {
            match self.ask(None) {
                Ok(()) => failures = 0,
                Err(unwell) => {
                    failures += 1;
                    if failures >= self.component.health.unhealthy.max(1) {
                        let launch = self.launch.clone();
                        let (reason, answers) = (unwell.to_string(), unwell.answers());
                        self.tell(Notice::Unhealthy { launch, reason, answers });
                        return;
                    }
                }
            }
        }
    }

    fn ask(&self, path: Option<&str>) -> Result<(), Unwell> {
        let health = &self.component.health;
        match self.component.kind {
            // They know nobody without a signature; that they answer at all is what counts.
            Kind::Engines => match probe::get(self.component.address, "/", health.timeout)? {
                status @ 500.. => Err(Unwell::Answered { path: "/".to_owned(), status }),
                _ => Ok(()),
            },
            _ => {
                let path = path.unwrap_or(&health.path);
                probe::healthy(self.component.address, path, health.timeout)
            }
        }
    }

    /// `false` when there is no more to ask. The pause may change while it lasts.
    fn rest(&self, pause: impl Fn() -> Duration) -> bool {
        let begun = Instant::now();
        while !self.over.load(Ordering::Relaxed) {
            let left = pause().saturating_sub(begun.elapsed());
            if left.is_zero() {
                return true;
            }
            thread::park_timeout(left);
        }
        false
    }

    fn tell(&self, notice: Notice) {
        if !self.over.load(Ordering::Relaxed) {
            let _ = self.sender.send(notice);
        }
    }
}

/// Sends a notice when a file that the supervisor follows is replaced or removed, for as long as
/// the answer says so: a kernel may have no such watch left.
pub(super) fn files(data: &DataDir, sender: Sender<Notice>) -> Arc<AtomicBool> {
    let works = Arc::new(AtomicBool::new(false));
    match folder_watch(data) {
        Ok(watch) => {
            works.store(true, Ordering::Relaxed);
            let works = Arc::clone(&works);
            thread::spawn(move || {
                tell_of_files(&watch, &sender);
                works.store(false, Ordering::Relaxed);
            });
        }
        Err(error) => tracing::warn!(%error, "files are looked at all the time"),
    }
    works
}

fn folder_watch(data: &DataDir) -> rustix::io::Result<OwnedFd> {
    let watch = inotify::init(CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watch, data.run_file("."), WatchFlags::MOVED_TO | WatchFlags::DELETE)?;
    Ok(watch)
}

fn tell_of_files(watch: &OwnedFd, sender: &Sender<Notice>) {
    let followed = [desired::FILE, outage::FILE, config::FILE].map(str::as_bytes);
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(watch, &mut buffer);
    loop {
        let told = match reader.next() {
            Ok(event) if event.events().contains(ReadFlags::IGNORED) => return,
            // More has happened than could be kept: it may have been anything.
            Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => true,
            Ok(event) => event.file_name().is_some_and(|name| followed.contains(&name.to_bytes())),
            Err(rustix::io::Errno::INTR) => false,
            Err(error) => {
                tracing::warn!(%error, "files are looked at all the time");
                return;
            }
        };
        if told && sender.send(Notice::Written).is_err() {
            return;
        }
    }
}

/// Sends one notice on SIGTERM or SIGINT.
pub(super) fn termination(sender: Sender<Notice>) {
    thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        runtime.block_on(crate::balancer::termination());
        let _ = sender.send(Notice::Terminate);
    });
}
