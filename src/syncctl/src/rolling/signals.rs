//! Ctrl-C, counted, and SIGTERM.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

pub(super) struct Signals {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Signals {
    pub(super) fn listen() -> Self {
        let flag = |signal| {
            let flag = Arc::new(AtomicBool::new(false));
            // Without a handler the signal ends this process, and the roll goes on: safe as well.
            let _ = signal_hook::flag::register(signal, Arc::clone(&flag));
            flag
        };
        Self { interrupted: flag(SIGINT), terminated: flag(SIGTERM) }
    }

    /// Whether Ctrl-C came since this was asked last.
    pub(super) fn interrupted_anew(&self) -> bool {
        self.interrupted.swap(false, Ordering::Relaxed)
    }

    pub(super) fn terminated(&self) -> bool {
        self.terminated.load(Ordering::Relaxed)
    }
}
