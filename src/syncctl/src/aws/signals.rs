//! Ctrl-C while AWS is at work asks what to do; a second one leaves at once. AWS goes on either way.

use std::io::{self, BufRead as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use deploy::Wish;
use signal_hook::consts::{SIGINT, SIGTERM};

/// One for the whole process: a Ctrl-C between two steps of a command counts for the next one.
static SIGNALS: OnceLock<Signals> = OnceLock::new();

pub(crate) struct Signals {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
    /// The next Ctrl-C ends the process, whoever is listening.
    armed: Arc<AtomicBool>,
}

impl Signals {
    pub(crate) fn of_process() -> &'static Self {
        SIGNALS.get_or_init(Self::listen)
    }

    /// Those that are listened for, if this command listens at all.
    pub(crate) fn listening() -> Option<&'static Self> {
        SIGNALS.get()
    }

    fn listen() -> Self {
        let interrupted = Arc::new(AtomicBool::new(false));
        let armed = Arc::new(AtomicBool::new(false));
        // In this order: the first one arms the second.
        let _ = signal_hook::flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&armed));
        let _ = signal_hook::flag::register(SIGINT, Arc::clone(&armed));
        let _ = signal_hook::flag::register(SIGINT, Arc::clone(&interrupted));
        let terminated = Arc::new(AtomicBool::new(false));
        let _ = signal_hook::flag::register(SIGTERM, Arc::clone(&terminated));
        Self { interrupted, terminated, armed }
    }

    /// Whether Ctrl-C came since this was asked last.
    pub(crate) fn interrupted_anew(&self) -> bool {
        self.interrupted.swap(false, Ordering::Relaxed)
    }

    /// Whether somebody wants the process to end: whoever waits for an answer waits no longer.
    pub(crate) fn terminated(&self) -> bool {
        self.terminated.load(Ordering::Relaxed)
    }

    /// What the person wants now. Asks where there is somebody to answer.
    pub(crate) fn wish(&self, can_ask: bool) -> Wish {
        if !self.interrupted_anew() {
            return Wish::GoOn;
        }
        let wish = if can_ask { ask() } else { Wish::Detach };
        // Whoever waits may change their mind.
        self.armed.store(wish != Wish::GoOn, Ordering::Relaxed);
        wish
    }
}

fn ask() -> Wish {
    let question =
        "\nAWS is still at work. [d]etach and let it finish, [c]ancel and undo it, or [w]ait? ";
    let mut stderr = io::stderr();
    let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
    let mut answer = String::new();
    match io::stdin().lock().read_line(&mut answer) {
        Ok(read) if read > 0 => match answer.trim().to_ascii_lowercase().as_str() {
            "c" | "cancel" => Wish::Cancel,
            "w" | "wait" | "" => Wish::GoOn,
            _ => Wish::Detach,
        },
        _ => Wish::Detach,
    }
}
