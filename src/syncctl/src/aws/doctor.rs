//! `doctor` on AWS: credentials, Region, quotas, certificate, mail, release, and whether a plan can be made.

use deploy::DeployError;
use deploy::plan::{Level, Notice};
use deploy::planner::{Planning, prepare};
use serde::Serialize;

use super::Session;
use super::listener::Screen;
use crate::error::{CliError, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

#[derive(Debug, Serialize)]
struct Report<'a> {
    healthy: bool,
    account: &'a str,
    region: &'a str,
    caller: &'a str,
    notices: &'a [Notice],
}

/// The checks are those of a plan that makes no change set.
pub(crate) fn run(session: &Session, ui: &mut Ui) -> Result<ExitCode> {
    let planning = Planning { quick: true, ..Planning::default() };
    let screen = Screen::new(ui.settings());
    let prepared = session.inquire(&screen, async |deployer| prepare(&deployer, planning).await);
    drop(screen);
    let plan = match prepared {
        Ok(prepared) => prepared.plan,
        Err(error @ DeployError::Busy { .. }) => {
            ui.note(&format!("{error}; the checks need a quiet stack."));
            return Err(error.into());
        }
        Err(error) => return Err(CliError::from(error)),
    };
    let healthy = plan.blockers().next().is_none();
    if ui.is_json() {
        let report = Report {
            healthy,
            account: &plan.account,
            region: &plan.region,
            caller: &plan.caller,
            notices: &plan.notices,
        };
        ui.json("syncctl/doctor/1", &report)?;
    } else {
        show(&plan, healthy, ui)?;
    }
    Ok(if healthy { ExitCode::Done } else { ExitCode::Failed })
}

fn show(plan: &deploy::plan::Plan, healthy: bool, ui: &mut Ui) -> Result<()> {
    let style = ui.style();
    let ok = style.green("✓");
    ui.line(&format!("{ok} credentials  {}", plan.caller))?;
    ui.line(&format!("{ok} account      {} in {}", plan.account, plan.region))?;
    let release = &plan.release;
    ui.line(&format!(
        "{ok} release      {} for {} ({})",
        &release.sha256[..12],
        release.architecture,
        release.source
    ))?;
    for notice in &plan.notices {
        let sign = match notice.level {
            Level::Blocker => style.red("✗"),
            Level::Warning => style.yellow("!"),
            Level::Note => style.dim("·"),
        };
        ui.line(&format!("{sign} {}", notice.text))?;
        if let Some(advice) = &notice.advice {
            ui.line(&format!("  {} {advice}", style.cyan("fix:")))?;
        }
    }
    ui.line("")?;
    ui.line(match healthy {
        true => "The account can take this deployment.",
        false => "The account cannot take this deployment yet.",
    })
}
