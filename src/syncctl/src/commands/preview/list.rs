use std::time::Duration;

use clap::Args;
use deploy::previews::list::{Preview, State, list};
use jiff::Timestamp;
use serde::Serialize;

use crate::aws::Session;
use crate::aws::listener::Screen;
use crate::deployment;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line::printable;
use crate::ui::table::Table;
use crate::ui::units;

/// List the previews of the account in one Region, what expires first in front
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

#[derive(Debug, Serialize)]
struct Document<'a> {
    region: &'a str,
    previews: &'a [Preview],
}

pub(crate) fn run(_: ListArgs, ui: &mut Ui) -> Result<ExitCode> {
    let session = Session::look(deployment::load_for_previews(ui)?, ui)?;
    let now = Timestamp::now();
    let found = {
        let screen = Screen::new(ui.settings());
        session.inquire(&screen, async |deployer| list(deployer.cloud, now).await)?
    };
    let region = session.region();
    if ui.is_json() {
        ui.json("syncctl/preview-list/1", &Document { region, previews: &found })?;
        return Ok(ExitCode::Done);
    }
    if found.is_empty() {
        ui.line(&format!("There are no previews in {region}."))?;
        return Ok(ExitCode::Done);
    }
    for line in table(&found, now).render(ui.settings().terminal.width) {
        ui.line(&line)?;
    }
    for (preview, obstacle) in found.iter().filter_map(|it| Some((it, it.obstacle.as_ref()?))) {
        ui.note_exactly(&format!("{}: {}", printable(&preview.name), printable(obstacle)));
    }
    Ok(ExitCode::Done)
}

fn table(previews: &[Preview], now: Timestamp) -> Table {
    let mut table = Table::new(&["PREVIEW", "STATE", "EXPIRES", "AGE", "OWNER", "ENDPOINT"]);
    for preview in previews {
        table.row(vec![
            printable(&preview.name),
            state(preview).to_owned(),
            preview.expires.map_or_else(|| "unknown".to_owned(), |until| when(until, now)),
            units::age(Duration::from_secs(preview.age_seconds)),
            printable(preview.owner.as_deref().map_or("", short_owner)),
            printable(preview.endpoint.as_deref().unwrap_or("")),
        ]);
    }
    table
}

fn state(preview: &Preview) -> &'static str {
    match preview.state {
        State::Lives if preview.is_protected => "lives, protected",
        State::Lives => "lives",
        State::Expired if preview.is_protected => "expired, protected",
        State::Expired => "expired",
        State::Busy => "busy",
        State::Stuck => "stuck",
    }
}

/// `in 4 h`, `2 d ago`.
fn when(until: Timestamp, now: Timestamp) -> String {
    let seconds = until.duration_since(now).as_secs();
    let away = units::duration(Duration::from_secs(seconds.unsigned_abs()));
    if seconds >= 0 { format!("in {away}") } else { format!("{away} ago") }
}

/// The last part of an ARN: who, without the account.
fn short_owner(owner: &str) -> &str {
    owner.rsplit_once('/').map_or(owner, |(_, name)| name)
}
