use clap::Args;
use deploy::previews::collect::{Collection, Fate, Outcome, Request, collect};
use serde::Serialize;

use crate::aws::Session;
use crate::aws::listener::Screen;
use crate::deployment;
use crate::env_vars;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::settings::Consent;
use crate::ui::Ui;
use crate::ui::log_line::printable;
use crate::ui::units;

/// Take down the previews whose time is over; without --yes, say which
///
/// Looks at the account of the credentials in one Region: --region, the blueprint's, or AWS_REGION;
/// with --name at this preview only. It takes what is a preview beyond doubt, expired, idle,
/// unprotected and disposable, with everything in it, and says why it leaves the rest. Exit code 1
/// where one could not be taken down; the others go all the same.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Take down so many at most; those that expired first
    #[arg(long, value_name = "N", env = env_vars::PREVIEW_GC_MAX, hide_env = true)]
    max: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    region: &'a str,
    #[serde(flatten)]
    collection: &'a Collection,
}

pub(crate) fn run(args: GcArgs, ui: &mut Ui) -> Result<ExitCode> {
    let session = Session::look(deployment::load_for_previews(ui)?, ui)?;
    let carry_out = ui.settings().consent == Consent::Given;
    let only = ui.settings().name.clone();
    let request = Request { carry_out, only, most: args.max };
    let screen = Screen::new(ui.settings());
    let found = match carry_out {
        true => session.run(&screen, async |deployer| collect(&deployer, &request).await),
        false => session.inquire(&screen, async |deployer| collect(&deployer, &request).await),
    }?;
    drop(screen);
    if ui.is_json() {
        let region = session.region();
        ui.json("syncctl/preview-gc/1", &Document { region, collection: &found })?;
    } else {
        show(&found, session.region(), ui)?;
    }
    Ok(match (found.has_failed(), found.left) {
        (_, true) => ExitCode::Detached,
        (true, false) => ExitCode::Failed,
        (false, false) => ExitCode::Done,
    })
}

fn show(found: &Collection, region: &str, ui: &mut Ui) -> Result<()> {
    let mut counts = [0_u64; 3];
    for Outcome { name, fate } in &found.deployments {
        let name = printable(name);
        match fate {
            Fate::WouldCollect { expired } => {
                counts[0] += 1;
                ui.line(&format!("would collect  {name}: expired {expired}"))?;
            }
            Fate::Collected { left, .. } => {
                counts[0] += 1;
                let left: Vec<&str> = left.iter().map(|(_, id)| id.as_str()).collect();
                let left = match left.is_empty() {
                    true => String::new(),
                    false => format!(": left in the world: {}", printable(&left.join(", "))),
                };
                ui.line(&format!("collected      {name}{left}"))?;
            }
            Fate::Skipped { why, .. } => {
                counts[1] += 1;
                ui.line(&format!("skipped        {name}: {}", printable(why)))?;
            }
            Fate::Failed { error } => {
                counts[2] += 1;
                let failed = ui.style().red("failed");
                ui.line(&format!("{failed}         {name}: {}", printable(error)))?;
            }
        }
    }
    let [gone, skipped, failed] = counts;
    let gone = units::count(gone, "preview", "previews");
    let rest = format!("{skipped} skipped, {failed} failed");
    ui.line(&match found.carried_out {
        true => format!("Collected {gone} in {region}; {rest}."),
        false => format!("Would collect {gone} in {region}; {rest}. `--yes` does it."),
    })
}
