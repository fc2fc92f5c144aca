use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};
use deploy::plan::Drift;
use deploy::{drift, observe};
use serde::Serialize;

use crate::aws::Session;
use crate::aws::listener::Screen;
use crate::aws::session::require_aws;
use crate::deployment;
use crate::env_vars;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line::printable;
use crate::ui::units;

/// Look for what was changed on AWS outside syncctl
///
/// `syncctl apply --revert-drift` undoes it.
#[derive(Debug, Args)]
pub(crate) struct DriftArgs {
    /// Exit code 2 where there is drift, 0 where there is none
    #[arg(long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::DRIFT_DETAILED_EXITCODE, hide_env = true)]
    detailed_exitcode: bool,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    drift: &'a [Drift],
}

pub(crate) fn run(args: DriftArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load(ui)?;
    require_aws(&chosen, "drift")?;
    let session = Session::look(chosen, ui)?;
    let found = {
        let screen = Screen::new(ui.settings());
        session.inquire(&screen, async |deployer| {
            let observed = observe::observe(deployer.cloud, deployer.deployment()).await?;
            if observed.data.is_none() && observed.app.is_none() {
                let name = deployer.deployment().name.to_string();
                return Err(deploy::DeployError::Absent { name });
            }
            drift::detect(&deployer, &observed).await
        })?
    };
    if ui.is_json() {
        ui.json("syncctl/drift/1", &Document { drift: &found })?;
    } else {
        show(&found, ui)?;
    }
    Ok(match args.detailed_exitcode && !found.is_empty() {
        true => ExitCode::ChangesPresent,
        false => ExitCode::Done,
    })
}

fn show(found: &[Drift], ui: &mut Ui) -> Result<()> {
    if found.is_empty() {
        return ui.line("Nothing was changed outside syncctl.");
    }
    let count = units::count(found.len() as u64, "resource was", "resources were");
    ui.line(&format!("{count} changed outside syncctl:"))?;
    for drift in found {
        let id = drift.physical_id.as_deref().unwrap_or("no id");
        let gone = if drift.is_deleted { ": deleted" } else { "" };
        ui.line(&format!(
            "  {} {} ({}){gone}",
            drift.resource_type,
            drift.logical_id,
            printable(id)
        ))?;
        for property in &drift.properties {
            let (expected, actual) = (printable(&property.expected), printable(&property.actual));
            ui.line(&format!("    {}: {expected} → {actual}", property.path))?;
        }
    }
    ui.note("`syncctl apply --revert-drift` undoes it; to keep it, put it into the blueprint.");
    Ok(())
}
