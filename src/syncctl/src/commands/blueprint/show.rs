use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};
use serde::Serialize;

use crate::deployment;
use crate::env_vars;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Show the blueprint a command would use
///
/// As written; with --resolved as it is meant: flags and variables applied, every default filled
/// in. JSON output is always resolved.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Fill in every default, and apply flags and variables
    #[arg(long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::BLUEPRINT_SHOW_RESOLVED, hide_env = true)]
    resolved: bool,
    /// Say where each value comes from; includes --resolved
    #[arg(long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::BLUEPRINT_SHOW_ORIGIN, hide_env = true)]
    origin: bool,
}

#[derive(Debug, Serialize)]
struct Shown {
    source: String,
    /// SHA-256 over the resolved values.
    digest: String,
    deployment: serde_json::Value,
    /// Every value with its origin; with `--origin` only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<blueprint::Explained>,
}

pub(crate) fn run(args: ShowArgs, ui: &mut Ui) -> Result<ExitCode> {
    let source = deployment::find(ui)?;
    let resolved = deployment::resolve(&source, ui)?;
    if ui.is_json() {
        let shown = Shown {
            source: source.name.clone(),
            digest: resolved.deployment().digest(),
            deployment: resolved.deployment().to_json(),
            values: if args.origin { resolved.explain() } else { Vec::new() },
        };
        ui.json("syncctl/blueprint-show/1", &shown)?;
    } else if args.resolved || args.origin {
        ui.result(&resolved.to_yaml(args.origin))?;
    } else {
        ui.result(&String::from_utf8_lossy(&source.text))?;
    }
    Ok(ExitCode::Done)
}
