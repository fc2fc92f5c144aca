//! Ctrl-C asks what to do; a second one leaves at once. AWS goes on either way.

use std::io::{self, BufRead as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use deploy::Wish;
use signal_hook::consts::SIGINT;

pub(crate) struct Signals {
    interrupts: Arc<AtomicUsize>,
    answered: AtomicUsize,
    can_ask: bool,
}

impl Signals {
    pub(crate) fn listen(can_ask: bool) -> Self {
        let interrupts = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&interrupts);
        // The second Ctrl-C ends the process even where nothing asks for wishes.
        let second = Arc::new(AtomicBool::new(false));
        let _ = signal_hook::flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&second));
        let _ = signal_hook::flag::register(SIGINT, second);
        let _ = signal_hook::flag::register_usize(SIGINT, Arc::clone(&counted), 1);
        Self { interrupts, answered: AtomicUsize::new(0), can_ask }
    }

    /// What the person wants now. Asks where there is somebody to answer.
    pub(crate) fn wish(&self) -> Wish {
        let interrupted = self.interrupts.load(Ordering::Relaxed);
        if interrupted == self.answered.load(Ordering::Relaxed) {
            return Wish::GoOn;
        }
        self.answered.store(interrupted, Ordering::Relaxed);
        if self.can_ask { ask() } else { Wish::Detach }
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
