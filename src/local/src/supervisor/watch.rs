//! Watches one process: a thread that waits for its end, and one that asks how it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::component::{Component, Kind};
use crate::probe::{self, Unwell};
use crate::process::Process;

/// Between questions until the first success.
const EAGER: Duration = Duration::from_millis(20);
const EAGER_FOR: Duration = Duration::from_secs(5);
const LESS_EAGER: Duration = Duration::from_millis(250);

/// What the loop is told.
pub(super) enum Notice {
    Died { launch: String },
    Healthy { launch: String },
    Unhealthy { launch: String, reason: String, answers: bool },
    Terminate,
}

impl Notice {
    pub(super) fn launch(&self) -> &str {
        match self {
            Self::Died { launch } | Self::Healthy { launch } | Self::Unhealthy { launch, .. } => {
                launch
            }
            Self::Terminate => "",
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
