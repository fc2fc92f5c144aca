//! All talking to the person: results on standard output, everything else on standard error.

use std::io::{self, BufRead, Write};
use std::sync::mpsc;
use std::time::Duration;

use serde::Serialize;

use crate::aws::signals::Signals;
use crate::cli::Format;
use crate::error::{CliError, Kind, Result};
use crate::repeat::with_flags;
use crate::settings::{Settings, Verbosity};

pub(crate) mod line;
pub(crate) mod log_line;
pub(crate) mod progress;
pub(crate) mod screen;
pub(crate) mod stream;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod units;

use style::Style;

/// The one value that prints. Results are buffered and flushed at the end of the command.
pub(crate) struct Ui {
    settings: Settings,
    stdout: io::BufWriter<io::Stdout>,
}

/// A JSON document's first field; the number grows when a reader could break.
#[derive(Debug, Serialize)]
struct Envelope<'a, T> {
    format: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

impl Ui {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, stdout: io::BufWriter::new(io::stdout()) }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The deployment has another name than was typed; hints repeat this one.
    pub(crate) fn rename(&mut self, name: &str) {
        for (_, value) in self.settings.typed.iter_mut().filter(|(flag, _)| *flag == "--name") {
            name.clone_into(value);
        }
        self.settings.name = Some(name.to_owned());
    }

    pub(crate) fn is_json(&self) -> bool {
        self.settings.format == Format::Json
    }

    /// From here on events go to standard output, where JSON was asked for.
    pub(crate) fn stream_events(&mut self) {
        self.settings.streams = self.is_json();
    }

    /// The last line of a job's log: what changed, how long it took, where it is, what to run next.
    pub(crate) fn last_line(&mut self, text: &str) {
        if self.settings.is_job {
            self.note(text);
        }
    }

    /// Style for standard output.
    pub(crate) fn style(&self) -> Style {
        Style::new(self.settings.terminal.color_stdout)
    }

    /// Style for standard error.
    pub(crate) fn error_style(&self) -> Style {
        Style::new(self.settings.terminal.color_stderr)
    }

    /// Prints a result.
    pub(crate) fn result(&mut self, text: &str) -> Result<()> {
        self.stdout.write_all(text.as_bytes())?;
        Ok(())
    }

    /// Prints a result and a line end.
    pub(crate) fn line(&mut self, text: &str) -> Result<()> {
        writeln!(self.stdout, "{text}")?;
        Ok(())
    }

    /// Prints a result as it is, byte for byte.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.stdout.write_all(bytes)?;
        Ok(())
    }

    /// A sentence with commands in it, which then repeat the flags that chose the deployment.
    pub(crate) fn with_flags(&self, text: &str) -> String {
        with_flags(text, &self.settings.typed)
    }

    /// Prints a JSON document; `format` is its documented name and version, e.g. `syncctl/status/1`.
    ///
    /// One line where events come before it.
    pub(crate) fn json(&mut self, format: &str, body: &impl Serialize) -> Result<()> {
        if self.settings.streams {
            let line = self.json_line(format, body)?;
            return self.result(&line);
        }
        let envelope = Envelope { format, body };
        let text = serde_json::to_string_pretty(&envelope)
            .map_err(|error| CliError::from_error(Kind::Failed, &error))?;
        self.line(&text)
    }

    /// A JSON document as one line, for commands that print many.
    pub(crate) fn json_line(&self, format: &str, body: &impl Serialize) -> Result<String> {
        let text = serde_json::to_string(&Envelope { format, body })
            .map_err(|error| CliError::from_error(Kind::Failed, &error))?;
        Ok(text + "\n")
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        self.stdout.flush()?;
        Ok(())
    }

    /// Tells something worth knowing, unless `--quiet`. Commands in it repeat the flags.
    pub(crate) fn note(&mut self, text: &str) {
        let text = self.with_flags(text);
        self.note_exactly(&text);
    }

    /// [`Ui::note`] for commands that chose no deployment: what they name is complete.
    pub(crate) fn note_exactly(&mut self, text: &str) {
        if self.settings.verbosity >= Verbosity::Normal {
            self.talk(text);
        }
    }

    /// Tells something for `--verbose`.
    pub(crate) fn detail(&mut self, text: &str) {
        if self.settings.verbosity >= Verbosity::Verbose {
            self.talk(text);
        }
    }

    /// Tells what only `--verbose --verbose` wants to know.
    pub(crate) fn every_detail(&mut self, text: &str) {
        if self.settings.verbosity >= Verbosity::Debug {
            self.talk(text);
        }
    }

    /// Shows what a blueprint's check found, already rendered with source lines.
    pub(crate) fn findings(&mut self, rendered: &str) {
        self.talk(rendered);
    }

    /// Shows a failure: message, causes, hints; in JSON as a document as well.
    pub(crate) fn error(&mut self, error: &CliError) {
        if error.kind == Kind::BrokenPipe {
            return;
        }
        let style = self.error_style();
        let hints: Vec<String> = error.hints.iter().map(|hint| self.with_flags(hint)).collect();
        self.talk(&render(error, &hints, style));
        if self.is_json() {
            let document = ErrorDocument::of(error, &hints);
            let _ = self.json("syncctl/error/1", &document).and_then(|()| self.flush());
        }
    }

    /// Asks to type `expected`. Only for a person at a terminal; `--yes` does not answer this one.
    pub(crate) fn confirm_by_typing(&mut self, question: &str, expected: &str) -> Result<()> {
        let answer = self.ask(&format!("{question}\nType {expected} to go ahead: "))?;
        if answer == expected {
            return Ok(());
        }
        Err(CliError::new(Kind::Declined, "Stopped; nothing was changed."))
    }

    /// Asks a person at a terminal; `--yes` has answered before anybody comes here.
    pub(crate) fn confirm(&mut self, question: &str) -> Result<()> {
        let answer = self.ask(&format!("{question} [y/N] "))?;
        if matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
        Err(CliError::new(Kind::Declined, "Stopped; nothing was changed."))
    }

    fn ask(&mut self, prompt: &str) -> Result<String> {
        self.flush()?;
        let mut stderr = io::stderr();
        write!(stderr, "{prompt}").and_then(|()| stderr.flush())?;
        match Signals::listening() {
            None => read_line(),
            Some(signals) => read_line_unless_interrupted(signals),
        }
    }

    fn talk(&mut self, text: &str) {
        // Results printed before come first. Nobody is left to tell when standard error is gone.
        let _ = self.stdout.flush();
        let _ = writeln!(io::stderr(), "{text}");
    }
}

fn read_line() -> Result<String> {
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// Where Ctrl-C is listened for it does not end the process by itself, and reading goes on after it.
fn read_line_unless_interrupted(signals: &Signals) -> Result<String> {
    let (sender, answers) = mpsc::channel();
    std::thread::spawn(move || sender.send(read_line()));
    loop {
        match answers.recv_timeout(Duration::from_millis(100)) {
            Ok(answer) => return answer,
            Err(mpsc::RecvTimeoutError::Timeout)
                if !signals.interrupted_anew() && !signals.terminated() => {}
            Err(_) => {
                return Err(CliError::new(Kind::Interrupted, "Stopped; nothing was changed."));
            }
        }
    }
}

/// Message, causes and hints as three separate parts.
fn render(error: &CliError, hints: &[String], style: Style) -> String {
    let mut text = match &error.rendered {
        Some(rendered) => rendered.trim_end().to_owned(),
        None if error.kind == Kind::Declined => error.message.clone(),
        None => format!("{} {}", style.red("error:"), error.message),
    };
    // A rendered finding says its causes itself, with the source line.
    let causes = error.causes.iter().filter(|_| error.rendered.is_none());
    for cause in causes {
        text.push_str(&format!("\n  {} {cause}", style.dim("because")));
    }
    for hint in hints {
        text.push_str(&format!("\n{} {hint}", style.cyan("hint:")));
    }
    text
}

#[derive(Debug, Serialize)]
struct ErrorDocument<'a> {
    kind: Kind,
    message: &'a str,
    causes: &'a [String],
    hints: &'a [String],
    exit_code: u8,
}

impl<'a> ErrorDocument<'a> {
    fn of(error: &'a CliError, hints: &'a [String]) -> Self {
        Self {
            kind: error.kind,
            message: &error.message,
            causes: &error.causes,
            hints,
            exit_code: error.kind.exit_code().number(),
        }
    }
}
