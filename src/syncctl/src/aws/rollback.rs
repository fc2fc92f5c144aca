//! `releases`, `roll` and `rollback` on AWS: a roll is an `apply` in which only the release differs.

use deploy::history::{self, Outcome, Record};
use deploy::{DeployError, observe};
use serde::Serialize;

use super::Session;
use super::listener::Screen;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line::printable;
use crate::ui::table::Table;

/// Records that are read: a year of weekly releases.
const RECORDS: usize = 52;

#[derive(Debug, Serialize)]
struct Document<'a> {
    deployed: Option<&'a str>,
    releases: &'a [Record],
}

/// The history, newest first, and the digest of the deployed release.
fn read(session: &Session, ui: &Ui) -> Result<(Vec<Record>, Option<String>)> {
    let screen = Screen::new(ui.settings());
    Ok(session.inquire(&screen, async |deployer| {
        let caller = deployer.cloud.caller().await?;
        let deployment = deployer.deployment();
        let name = stack::stack_name(&deployment.name, stack::StackKind::App);
        let app = observe::summary(deployer.cloud, &name, deployment).await?;
        let app = app.ok_or_else(|| DeployError::Absent { name: deployment.name.to_string() })?;
        let bucket = history::bucket(&deployer, &caller.account);
        let records = history::read(deployer.cloud, &bucket, RECORDS).await?;
        Ok((records, app.parameters.get("Release").cloned()))
    })?)
}

pub(crate) fn list(session: &Session, ui: &mut Ui) -> Result<ExitCode> {
    let (records, deployed) = read(session, ui)?;
    if ui.is_json() {
        let document = Document { deployed: deployed.as_deref(), releases: &records };
        ui.json("syncctl/releases/1", &document)?;
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new(&["RELEASE", "STATE", "WHEN", "BY", "FROM"]);
    let mut serving = deployed.as_deref();
    for record in &records {
        let is_serving = record.outcome == Outcome::Passed && serving == Some(&record.sha256);
        if is_serving {
            serving = None;
        }
        let state = match record.outcome {
            Outcome::Undone => "undone",
            Outcome::Passed if is_serving => "serving",
            Outcome::Passed => "passed",
        };
        table.row(vec![
            record.sha256.chars().take(12).collect(),
            state.to_owned(),
            record.at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            printable(record.by.rsplit(['/', ':']).next().unwrap_or(&record.by)),
            printable(&record.source),
        ]);
    }
    for line in table.render_with_last_cut(ui.settings().terminal.width) {
        ui.line(&line)?;
    }
    Ok(ExitCode::Done)
}

/// Chooses the release that a rollback goes to: the last one that passed, or the one that was named.
pub(crate) fn choose(session: &mut Session, named: Option<&str>, ui: &mut Ui) -> Result<()> {
    let (records, deployed) = read(session, ui)?;
    let chosen = match named {
        Some(digits) => named_release(&records, digits)?,
        None => history::last_good(&records, deployed.as_deref()).ok_or_else(|| {
            CliError::new(Kind::NotFound, "no release that passed its gate is known but the one that serves")
                .hint("`syncctl releases` lists those there are; `syncctl roll --release PATH` ships another")
        })?,
    };
    let at = chosen.at.strftime("%Y-%m-%d %H:%M UTC");
    ui.note(&format!("Going back to release {} of {at}.", &chosen.sha256[..12]));
    let release = chosen.release().ok_or_else(|| {
        CliError::new(
            Kind::DataFormat,
            format!("the record of release {} is damaged", chosen.sha256),
        )
    })?;
    session.set_release(release);
    Ok(())
}

fn named_release<'a>(records: &'a [Record], digits: &str) -> Result<&'a Record> {
    let mut found: Vec<&Record> = records
        .iter()
        .filter(|record| record.outcome == Outcome::Passed && record.sha256.starts_with(digits))
        .collect();
    found.dedup_by(|a, b| a.sha256 == b.sha256);
    found.sort_by(|a, b| a.sha256.cmp(&b.sha256));
    found.dedup_by(|a, b| a.sha256 == b.sha256);
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(CliError::new(
            Kind::NotFound,
            format!("no release that passed begins with {}", printable(digits)),
        )
        .hint("see `syncctl releases`")),
        _ => Err(CliError::new(
            Kind::Usage,
            format!("{} begins more than one release", printable(digits)),
        )
        .hint("name more digits; see `syncctl releases`")),
    }
}
