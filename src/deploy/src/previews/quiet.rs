//! Several removals side by side on one screen.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::events::{Event, Listener, Wish};

/// Passes on what went wrong, with the name of the preview; single steps of several at once would tell nobody
/// anything. Whoever wants to leave leaves all of them.
pub(super) struct Quiet<'a> {
    pub(super) listener: &'a dyn Listener,
    pub(super) name: &'a str,
    pub(super) left: &'a AtomicBool,
}

impl Listener for Quiet<'_> {
    fn tell(&self, event: Event) {
        if let Event::Trouble { text } = event {
            self.listener.tell(Event::Trouble { text: format!("{}: {text}", self.name) });
        }
    }

    fn wish(&self) -> Wish {
        if self.left.load(Ordering::Relaxed) {
            return Wish::Detach;
        }
        match self.listener.wish() {
            Wish::GoOn => Wish::GoOn,
            // A removal cannot be undone, so there is nothing to cancel.
            Wish::Detach | Wish::Cancel => {
                self.left.store(true, Ordering::Relaxed);
                Wish::Detach
            }
        }
    }
}
