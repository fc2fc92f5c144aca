//! A roll as the person at the terminal follows it: the work is the supervisor's, and goes on
//! without us.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use local::{LocalError, Reporter, RollOutcome, RolloutStatus, Status, short_digest};

use self::signals::Signals;
use self::steps::{Step, Steps};
use crate::error::{CliError, Kind, Result};
use crate::ui::Ui;
use crate::ui::progress::Progress;
use crate::ui::units;

pub(crate) mod describe;
pub(crate) mod report;
mod signals;
mod steps;

const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// The supervisor has seen a new wish by then.
const SEEN_BY_THEN: Duration = Duration::from_secs(1);
/// Bringing a release back takes no longer, or won't end by waiting.
const LONGEST_RETURN: Duration = Duration::from_secs(120);

/// Runs `work` to its end and shows how each server is replaced.
///
/// The first Ctrl-C brings the old release back and waits for it, the second leaves that to the
/// supervisor. SIGTERM leaves at once and undoes nothing.
pub(crate) fn follow<Work>(data_dir: &Path, ui: &Ui, work: Work) -> Result<RollOutcome>
where
    Work: FnOnce(&dyn Reporter) -> local::Result<RollOutcome> + Send + 'static,
{
    let signals = Signals::listen();
    let progress = Arc::new(Progress::new(ui.settings()));
    let follower = Follower::new(&progress);
    let (begun, cancelled) = (Arc::clone(&follower.begun), Arc::clone(&follower.cancelled));
    let (sender, ended) = channel();
    // A thread of its own, so that a signal can leave it behind in the middle of its waiting.
    std::thread::spawn(move || drop(sender.send(work(&follower))));
    let mut screen = Screen { progress: &progress, steps: Steps::default(), since: Instant::now() };
    loop {
        match ended.recv_timeout(LOOK_AGAIN) {
            Ok(Ok(outcome)) => return Ok(outcome),
            Ok(Err(LocalError::Interrupted)) if begun.load(Ordering::Relaxed) => {
                return Err(wait_for_return(data_dir, &signals, &mut screen));
            }
            Ok(Err(LocalError::Interrupted)) => {
                return Err(CliError::new(
                    Kind::Interrupted,
                    "interrupted before anything was changed",
                ));
            }
            Ok(Err(error)) => return Err(explain(error, data_dir)),
            Err(RecvTimeoutError::Disconnected) => {
                let message = "the roll's own thread ended without an answer";
                return Err(CliError::new(Kind::Failed, message)
                    .hint("see where the roll is with `syncctl status`"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if signals.terminated() {
            return Err(detached(begun.load(Ordering::Relaxed)));
        }
        if signals.interrupted_anew() && cancelled.swap(true, Ordering::Relaxed) {
            return Err(left());
        }
        if let Ok(status) = local::status(data_dir) {
            screen.show(&status);
        }
    }
}

/// After the wish for the old release was written: until it serves.
fn wait_for_return(data_dir: &Path, signals: &Signals, screen: &mut Screen<'_>) -> CliError {
    screen.progress.doing("bringing the old release back; Ctrl-C leaves that to the supervisor");
    let begun = Instant::now();
    while begun.elapsed() < LONGEST_RETURN {
        std::thread::sleep(LOOK_AGAIN);
        if signals.interrupted_anew() || signals.terminated() {
            return left();
        }
        let Ok(status) = local::status(data_dir) else { continue };
        screen.show(&status);
        if begun.elapsed() > SEEN_BY_THEN && status.converged && !is_rolling(&status) {
            let message =
                format!("interrupted; release {} serves again", short_digest(&status.release));
            return CliError::new(Kind::Interrupted, message);
        }
    }
    CliError::new(Kind::Interrupted, "interrupted; the old release is not back yet")
        .hint("follow it with `syncctl status --watch`")
}

fn left() -> CliError {
    let message = "interrupted; the supervisor goes on and brings the old release back by itself";
    CliError::new(Kind::Interrupted, message).hint("follow it with `syncctl status --watch`")
}

fn detached(begun: bool) -> CliError {
    let message = match begun {
        true => "ended from outside; the roll goes on by itself",
        false => "ended from outside before anything was changed",
    };
    CliError::new(Kind::Detached, message).hint("follow it with `syncctl status --watch`")
}

/// A release that was undone: which one serves is what matters now.
fn explain(error: LocalError, data_dir: &Path) -> CliError {
    let undone = matches!(error, LocalError::ReleaseUndone { .. });
    let mut found = CliError::from(error);
    if let Ok(status) = local::status(data_dir)
        && undone
    {
        let serves = format!("release {} serves", short_digest(&status.release));
        found.hints = vec![format!("{serves}; read more with `syncctl status --activities`")];
    }
    found
}

fn is_rolling(status: &Status) -> bool {
    status.rollout.as_ref().is_some_and(RolloutStatus::is_running)
}

/// Hears from the work what looking at the status can't tell.
struct Follower {
    progress: Arc<Progress>,
    /// Whether something was asked for that a Ctrl-C has to undo.
    begun: Arc<AtomicBool>,
    cancelled: Arc<AtomicBool>,
}

impl Follower {
    fn new(progress: &Arc<Progress>) -> Self {
        let progress = Arc::clone(progress);
        Self { progress, begun: Arc::default(), cancelled: Arc::default() }
    }
}

impl Reporter for Follower {
    fn started(&self, _step: &str) {
        self.begun.store(true, Ordering::Relaxed);
    }

    fn finished(&self, _step: &str) {}

    fn progress(&self, _text: &str) {}

    fn message(&self, text: &str) {
        self.progress.trouble(text);
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

struct Screen<'a> {
    progress: &'a Progress,
    steps: Steps,
    since: Instant,
}

impl Screen<'_> {
    fn show(&mut self, status: &Status) {
        for step in self.steps.look(status) {
            match step {
                Step::Done(text) => {
                    let after = units::seconds(self.since.elapsed());
                    self.progress.done(&format!("{text}  {after}"));
                }
                Step::Doing(text) => self.progress.doing(&text),
                Step::Trouble(text) => self.progress.trouble(&text),
            }
        }
    }
}
