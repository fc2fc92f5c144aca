//! `plan` on the screen, as JSON, as Markdown, and into files.

use std::io::Write as _;
use std::path::Path;

use deploy::plan::Plan;
use deploy::report::{self, Paint, Tone};

use crate::error::{CliError, Result};
use crate::ui::Ui;
use crate::ui::style::Style;

/// Colours of the plan.
struct Colours(Style);

impl Paint for Colours {
    fn paint(&self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            Tone::Strong => self.0.bold(text),
            Tone::Faint => self.0.dim(text),
            Tone::Danger => self.0.red(text),
            Tone::Warning => self.0.yellow(text),
            Tone::Good => self.0.green(text),
            Tone::Accent => self.0.cyan(text),
        }
    }
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Json,
    Markdown,
}

/// Shows a plan as a result, and appends it to the summary of a CI job where there is one.
pub(crate) fn show(plan: &Plan, shape: Shape, ui: &mut Ui) -> Result<()> {
    match shape {
        Shape::Text => ui.result(&text(plan, ui.style(), ui))?,
        Shape::Json => {
            let text =
                serde_json::to_string_pretty(&report::Document::new(plan)).unwrap_or_default();
            ui.line(&text)?;
        }
        Shape::Markdown => ui.result(&report::markdown(plan, report::MARKDOWN_BYTES))?,
    }
    summarise(plan)
}

/// Shows a plan on standard error, for commands whose result is something else.
pub(crate) fn tell(plan: &Plan, ui: &mut Ui) {
    let text = text(plan, ui.error_style(), ui);
    ui.note_exactly(text.trim_end());
}

fn text(plan: &Plan, style: Style, ui: &Ui) -> String {
    report::text(plan, &Colours(style), ui.settings().terminal.width.min(160))
}

/// GitHub shows what is appended to this file below the job.
fn summarise(plan: &Plan) -> Result<()> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = Path::new(&path);
    let text = report::markdown(plan, report::MARKDOWN_BYTES);
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| writeln!(file, "{text}"))
        .map_err(|error| CliError::write(format!("cannot append to {}", path.display()), &error))
}
