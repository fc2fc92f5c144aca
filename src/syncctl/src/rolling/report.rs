//! What a roll has changed, and what to type next.

use std::path::Path;

use local::{RollOutcome, content_digest, short_digest};
use serde::Serialize;

use crate::deployment::Chosen;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::units;

#[derive(Debug, Serialize)]
struct Document<'a> {
    outcome: Outcome,
    name: &'a str,
    /// SHA-256 of the server program before.
    from: &'a str,
    /// SHA-256 of the one that serves now.
    to: &'a str,
    source: &'a Path,
    seconds: f64,
    /// Whether the next `up` rolls to another release, the blueprint's.
    next_up_differs: bool,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Rolled,
    Unchanged,
}

pub(crate) fn show(
    format: &str,
    deployment: &Chosen,
    outcome: &RollOutcome,
    ui: &mut Ui,
) -> Result<ExitCode> {
    let name = deployment.name();
    // A blueprint whose program is missing can't be followed either; `up` will say so.
    let wished =
        deployment.programs().ok().and_then(|programs| content_digest(&programs.syncd).ok());
    let differs = wished.is_some_and(|wished| wished != outcome.to);
    if ui.is_json() {
        let document = Document {
            outcome: if outcome.is_unchanged() { Outcome::Unchanged } else { Outcome::Rolled },
            name,
            from: &outcome.from,
            to: &outcome.to,
            source: &outcome.source,
            seconds: outcome.took.as_secs_f64(),
            next_up_differs: differs,
        };
        ui.json(format, &document)?;
        return Ok(ExitCode::Done);
    }
    let (from, to) = (short_digest(&outcome.from), short_digest(&outcome.to));
    if outcome.is_unchanged() {
        ui.line(&format!("{name} runs release {to} already; nothing changed."))?;
    } else {
        let after = units::seconds(outcome.took);
        let told = format!("{name} runs release {to} after {after}; before it was {from}.");
        let told = ui.style().green(&told);
        ui.line(&told)?;
        ui.note("\nNext:");
        ui.note(&format!("  syncctl rollback {from}    if it disappoints after all"));
    }
    if differs {
        say_how_to_keep(deployment, outcome, ui);
    }
    Ok(ExitCode::Done)
}

fn say_how_to_keep(deployment: &Chosen, outcome: &RollOutcome, ui: &mut Ui) {
    let named = deployment.named_release();
    ui.note(&format!(
        "\nThe blueprint names another release (servers.release: {named}); the next `syncctl up` returns to it."
    ));
    let unchanged = content_digest(&outcome.source).is_ok_and(|digest| digest == outcome.to);
    if unchanged {
        ui.note("To keep this one, write into the blueprint:");
        ui.note(&format!("  servers:\n    release: {}", outcome.source.display()));
    } else {
        ui.note("To keep this one, name its program there.");
    }
}
