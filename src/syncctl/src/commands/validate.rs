use clap::Args;
use serde::Serialize;

use crate::deployment;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Check a blueprint without doing anything
///
/// Shows every mistake at once, each with its line and what to write instead. Exit code 65 when
/// there is one.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {}

#[derive(Debug, Serialize)]
struct Validity {
    source: String,
    valid: bool,
    #[serde(flatten)]
    findings: serde_json::Value,
}

pub(crate) fn run(_: ValidateArgs, ui: &mut Ui) -> Result<ExitCode> {
    let source = deployment::find(ui)?;
    let outcome = source.resolve();
    let findings = match &outcome {
        Ok(resolved) => resolved.warnings(),
        Err(findings) => findings,
    };
    let supported = match &outcome {
        Ok(resolved) => deployment::refuse_unsupported(resolved.deployment()),
        Err(_) => Ok(()),
    };
    let valid = outcome.is_ok() && supported.is_ok();
    if ui.is_json() {
        let findings = findings.to_json();
        ui.json("syncctl/validate/1", &Validity { source: source.name, valid, findings })?;
        return Ok(if valid { ExitCode::Done } else { ExitCode::BlueprintInvalid });
    }
    if !findings.is_empty() {
        ui.findings(&findings.render(ui.settings().terminal.color_stderr));
    }
    match outcome {
        Ok(resolved) => {
            supported?;
            let found = resolved.deployment();
            let (name, target) = (found.name.as_str(), found.target);
            ui.line(&format!("{} is valid: {name}, target {target}", source.name))?;
            Ok(ExitCode::Done)
        }
        Err(findings) => {
            let errors = match findings.error_count() {
                1 => "1 error".to_owned(),
                count => format!("{count} errors"),
            };
            Err(CliError::new(Kind::BlueprintInvalid, format!("{}: {errors}", source.name)))
        }
    }
}
