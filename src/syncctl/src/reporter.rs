//! The local target's progress on the screen, and Ctrl-C on its way to the local target.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use local::Reporter;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::settings::Settings;
use crate::ui::progress::Progress;
use crate::ui::stream::{self, Plain};
use crate::ui::units;

/// Shows each step as it ends, with the time since the command began.
pub(crate) struct ProgressReporter {
    progress: Progress,
    /// What happens to the steps that are open: `starting`, `stopping`.
    doing: &'static str,
    begun: Instant,
    open: RefCell<Vec<String>>,
    interrupted: Arc<AtomicBool>,
}

impl ProgressReporter {
    /// From here on the first Ctrl-C asks for a clean end and the second ends at once.
    pub(crate) fn new(settings: &Settings, doing: &'static str) -> Self {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            let flag = Arc::clone(&interrupted);
            // Without a handler the signal ends the process, which is safe too: `up` can be repeated.
            let _ =
                signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag));
            let _ = signal_hook::flag::register(signal, flag);
        }
        Self {
            progress: Progress::new(settings),
            doing,
            begun: Instant::now(),
            open: RefCell::default(),
            interrupted,
        }
    }

    fn show_open(&self) {
        let open = self.open.borrow();
        self.progress.doing(&match open.as_slice() {
            [] => String::new(),
            [only] if only == "ready" => "waiting for the endpoint".to_owned(),
            open => {
                let parts = open.iter().filter(|step| *step != "ready").map(String::as_str);
                format!("{} {}", self.doing, parts.collect::<Vec<_>>().join(", "))
            }
        });
    }
}

impl Reporter for ProgressReporter {
    fn started(&self, step: &str) {
        if self.progress.streams() {
            stream::write(&Plain::Began { step });
        }
        self.open.borrow_mut().push(step.to_owned());
        self.show_open();
    }

    fn finished(&self, step: &str) {
        self.open.borrow_mut().retain(|open| open != step);
        if self.progress.streams() {
            return stream::write(&Plain::Done { step });
        }
        self.progress.done(&format!("{step:10}  {}", units::seconds(self.begun.elapsed())));
        self.show_open();
    }

    fn progress(&self, text: &str) {
        self.progress.done(text);
    }

    fn message(&self, text: &str) {
        self.progress.trouble(text);
    }

    fn cancelled(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}
