//! What is going on right now: a spinner on a terminal, calm lines elsewhere, nothing with `--quiet`.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::stream::{self, Plain};
use super::style::Style;
use crate::settings::{Settings, Verbosity};

/// Progress of one command. Finished steps stay on screen, the current one is redrawn.
pub(crate) struct Progress {
    screen: Screen,
    style: Style,
}

enum Screen {
    Silent,
    /// Events on standard output.
    Stream,
    Lines,
    Bar(ProgressBar),
}

impl Progress {
    pub(crate) fn new(settings: &Settings) -> Self {
        let screen = match settings.verbosity {
            _ if settings.streams => Screen::Stream,
            Verbosity::Quiet => Screen::Silent,
            _ if settings.terminal.redraw_stderr => Screen::Bar(spinner()),
            _ => Screen::Lines,
        };
        Self { screen, style: Style::new(settings.terminal.color_stderr) }
    }

    /// Whether events go to standard output instead.
    pub(crate) fn streams(&self) -> bool {
        matches!(self.screen, Screen::Stream)
    }

    /// A step that has begun. Without a terminal only finished steps are printed.
    pub(crate) fn doing(&self, step: &str) {
        if let Screen::Bar(bar) = &self.screen {
            bar.set_message(step.to_owned());
            // From the first step on it moves by itself.
            bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    /// A step that is done.
    pub(crate) fn done(&self, step: &str) {
        if self.streams() {
            return stream::write(&Plain::Note { text: step });
        }
        self.say(&format!("  {} {step}", self.style.green("✓")));
    }

    /// Something that did not go as planned, while the work goes on.
    pub(crate) fn trouble(&self, text: &str) {
        if self.streams() {
            return stream::write(&Plain::Trouble { text });
        }
        self.say(&format!("  {} {text}", self.style.yellow("!")));
    }

    /// Takes the spinner off the screen.
    pub(crate) fn finish(&self) {
        if let Screen::Bar(bar) = &self.screen {
            bar.finish_and_clear();
        }
    }

    fn say(&self, line: &str) {
        // Nobody is left to tell when standard error is gone.
        let print = || drop(writeln!(io::stderr(), "{line}"));
        match &self.screen {
            Screen::Silent | Screen::Stream => {}
            Screen::Lines => print(),
            Screen::Bar(bar) => bar.suspend(print),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    let template = "  {spinner} {msg} {elapsed:.dim}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
    }
    bar
}
