use clap::Args;
use serde::Serialize;

use crate::aws::{self, Session};
use crate::deployment;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::style::Style;

mod disk;
mod limits;
mod network;
mod release;

/// Check that this machine, or the account, can run the service
///
/// Says how to fix what is missing. Nothing is changed. Exit code 1 when a check fails; warnings do not count.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    /// Stable name, e.g. `disk-space`.
    name: &'static str,
    status: Status,
    /// What was found.
    detail: String,
    /// What to do about it; `None` when all is well.
    fix: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Warning,
    Failed,
}

#[derive(Debug, Serialize)]
struct Report {
    healthy: bool,
    checks: Vec<Check>,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, detail: detail.into(), fix: None }
    }

    fn warning(name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, status: Status::Warning, detail: detail.into(), fix: Some(fix.into()) }
    }

    fn failed(name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, status: Status::Failed, detail: detail.into(), fix: Some(fix.into()) }
    }
}

pub(crate) fn run(_: DoctorArgs, ui: &mut Ui) -> Result<ExitCode> {
    let deployment = deployment::load(ui)?;
    if deployment.is_aws() {
        return aws::doctor::run(&Session::open(deployment, ui)?, ui);
    }
    let spec = deployment.local_spec()?;
    let mut checks = release::checks(deployment.programs());
    checks.extend(disk::checks(&spec.data_dir));
    checks.extend(network::checks(&spec));
    checks.extend(limits::checks());
    for check in &mut checks {
        check.fix = check.fix.take().map(|fix| ui.with_flags(&fix));
    }
    let healthy = checks.iter().all(|check| check.status != Status::Failed);
    let report = Report { healthy, checks };
    if ui.is_json() {
        ui.json("syncctl/doctor/1", &report)?;
    } else {
        show(&report, ui)?;
    }
    Ok(if report.healthy { ExitCode::Done } else { ExitCode::Failed })
}

fn show(report: &Report, ui: &mut Ui) -> Result<()> {
    let style = ui.style();
    let widest = report.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in &report.checks {
        ui.line(&format!(
            "{} {:widest$}  {}",
            sign(check.status, style),
            check.name,
            check.detail
        ))?;
        if let Some(fix) = &check.fix {
            ui.line(&format!("  {:widest$}  {} {fix}", "", style.cyan("fix:")))?;
        }
    }
    let failed = report.checks.iter().filter(|check| check.status == Status::Failed).count();
    ui.line("")?;
    match failed {
        0 => ui.line("This machine can run the service."),
        1 => ui.line("1 check failed."),
        failed => ui.line(&format!("{failed} checks failed.")),
    }
}

fn sign(status: Status, style: Style) -> String {
    match status {
        Status::Ok => style.green("✓"),
        Status::Warning => style.yellow("!"),
        Status::Failed => style.red("✗"),
    }
}
