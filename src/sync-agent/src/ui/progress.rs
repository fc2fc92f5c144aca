//! The engine's events as bars, or as lines.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sync::report::{Event, Reporter};

use super::{tell, units};

pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    silent: bool,
    started: Instant,
    files: AtomicU64,
    done: AtomicU64,
}

impl Progress {
    pub(super) fn new(bars: bool, silent: bool) -> Self {
        let bar = bars.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            let template = "{spinner} {msg}  {bytes}/{total_bytes}  {wide_bar} {eta}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar.set_message("looking");
            bar
        });
        Self {
            bar,
            silent,
            started: Instant::now(),
            files: AtomicU64::new(0),
            done: AtomicU64::new(0),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Removes the bar, so that what follows stands on lines of its own.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell(line)),
            None if self.silent => {}
            None => tell(line),
        }
    }

    fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Reporter for Progress {
    fn event(&self, event: Event) {
        match event {
            Event::Planned { files, bytes } => {
                self.files.fetch_add(files, Ordering::Relaxed);
                if let Some(bar) = &self.bar {
                    // A bar that began without a length has nothing to increase.
                    bar.set_length(bar.length().unwrap_or(0) + bytes);
                }
            }
            Event::Uploaded { bytes } | Event::Downloaded { bytes } => self.advance(bytes),
            Event::AlreadyThere { bytes } => self.advance(bytes),
            Event::Read { .. } => {}
            Event::Done { files } => {
                self.done.fetch_add(files, Ordering::Relaxed);
            }
            Event::Problem(problem) => {
                let (path, reason) = (units::path(&problem.path), &problem.reason);
                self.line(&match &problem.kept_as {
                    Some(name) => {
                        format!("renamed: {path} is {} there: {reason}", units::name(name))
                    }
                    None if problem.failed => format!("failed: {path}: {reason}"),
                    None => format!("left out: {path}: {reason}"),
                });
            }
            Event::Note(text) => self.line(&text),
        }
        if let Some(bar) = &self.bar {
            let done = self.done.load(Ordering::Relaxed);
            let files = self.files.load(Ordering::Relaxed).max(done);
            if files > 0 {
                bar.set_message(format!("{done}/{files} files"));
            }
        }
    }
}
