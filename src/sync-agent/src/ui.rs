//! Everything that is printed, in one place.

mod progress;
pub(crate) mod units;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use serde::Serialize;
use sync::report::{Problem, Reporter};

use crate::args::{Format, Global};
use crate::failure::Failure;
pub(crate) use progress::Progress;

/// Data goes to standard output, talk to standard error.
pub(crate) struct Ui {
    format: Format,
    quiet: bool,
}

impl Ui {
    pub(crate) fn new(global: &Global) -> Self {
        Self { format: global.format, quiet: global.quiet }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Bars on a terminal; elsewhere only notes and problems as they come.
    pub(crate) fn progress(&self) -> Arc<Progress> {
        let bars = !self.quiet && !self.is_json() && io::stderr().is_terminal();
        Arc::new(Progress::new(bars, self.quiet || self.is_json()))
    }

    pub(crate) fn reporter(progress: &Arc<Progress>) -> Arc<dyn Reporter> {
        progress.clone()
    }

    /// A command's result: the value as a JSON document of this format, or the lines.
    pub(crate) fn result(
        &self,
        format: &str,
        value: &impl Serialize,
        lines: impl FnOnce() -> Vec<String>,
    ) {
        if self.is_json() {
            return print_document(format, value);
        }
        for line in lines() {
            print_line(&line);
        }
    }

    /// A summary: the value as JSON on standard output, or lines of talk.
    pub(crate) fn summary(
        &self,
        format: &str,
        value: &impl Serialize,
        lines: impl FnOnce() -> Vec<String>,
    ) {
        if self.is_json() {
            print_document(format, value);
        } else if !self.quiet {
            for line in lines() {
                tell(&line);
            }
        }
    }

    /// Whether only results and errors are printed.
    pub(crate) fn is_silent(&self) -> bool {
        self.quiet || self.is_json()
    }

    pub(crate) fn say(&self, line: &str) {
        if !self.is_silent() {
            tell(line);
        }
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        tell(&format!("error: {failure}"));
        let hint = failure.hint();
        if let Some(hint) = hint {
            tell(&format!("hint: {hint}"));
        }
        if self.is_json() {
            print_error(&failure.to_string(), hint, failure.code());
        }
    }

    /// One closing line about what was left out.
    pub(crate) fn problems(&self, problems: &[Problem]) {
        let failed = problems.iter().filter(|problem| problem.failed).count();
        let renamed = problems.iter().filter(|problem| problem.kept_as.is_some()).count();
        let skipped = problems.len() - failed - renamed;
        if renamed > 0 {
            self.say(&format!("{renamed} kept under another name (see above)"));
        }
        if skipped > 0 {
            self.say(&format!("{skipped} left out (see above)"));
        }
        if failed > 0 {
            self.say(&format!("{failed} could not be handled (see above)"));
        }
    }
}

/// A JSON document's first field names its shape and version.
#[derive(Serialize)]
struct Envelope<'a, T> {
    format: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

/// What a failed command prints for programs.
#[derive(Serialize)]
struct ErrorDocument<'a> {
    message: &'a str,
    hints: Vec<&'a str>,
    exit_code: u8,
}

/// A failure as a JSON document.
pub(crate) fn print_error(message: &str, hint: Option<&str>, exit_code: u8) {
    let hints = hint.into_iter().collect();
    print_document("sync-agent/error/1", &ErrorDocument { message, hints, exit_code });
}

fn print_document(format: &str, body: &impl Serialize) {
    let text = serde_json::to_string_pretty(&Envelope { format, body }).unwrap_or_default();
    print_line(&text);
}

/// A reader that hung up (`| head`) is no error.
fn print_line(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
