//! `status` on AWS.

use deploy::status::{Status, status};
use serde::Serialize;

use super::Session;
use super::listener::Screen;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line::printable;
use crate::ui::table::Table;

#[derive(Debug, Serialize)]
struct Document<'a> {
    healthy: bool,
    #[serde(flatten)]
    status: &'a Status,
}

pub(crate) fn run(session: &Session, ui: &mut Ui) -> Result<ExitCode> {
    let found = {
        let screen = Screen::new(ui.settings());
        session.inquire(&screen, async |deployer| status(&deployer).await)?
    };
    if ui.is_json() {
        let document = Document { healthy: found.is_well(), status: &found };
        ui.json("syncctl/status/1", &document)?;
    } else {
        show(&found, ui)?;
    }
    Ok(if found.is_well() { ExitCode::Done } else { ExitCode::Unavailable })
}

fn show(status: &Status, ui: &mut Ui) -> Result<()> {
    let style = ui.style();
    let state = match status.is_well() {
        true => style.green("healthy"),
        false => style.yellow("not as it should be"),
    };
    ui.line(&format!("{} in {}: {state}", style.bold(&status.name), status.region))?;
    ui.line("")?;
    let mut fact = |name: &str, value: String| ui.line(&format!("  {name:<9} {value}"));
    fact("Endpoint", status.endpoint.as_deref().map_or_else(|| "none yet".to_owned(), printable))?;
    if let Some(release) = &status.release {
        fact("Release", release.chars().take(12).collect())?;
    }
    if let Some((least, wanted, most)) = status.sizes {
        fact("Servers", format!("{wanted} wanted, {least} to {most}"))?;
    }
    if status.is_protected {
        fact("Protected", "yes".to_owned())?;
    }
    if let Some(expires) = &status.expires {
        fact("Expires", expires.clone())?;
    }
    if !status.blueprint_matches {
        fact("Blueprint", "differs from what is deployed; `syncctl plan` shows how".to_owned())?;
    }
    for stack in &status.stacks {
        let reason = stack
            .reason
            .as_deref()
            .filter(|reason| !reason.is_empty())
            .map(|reason| format!(": {}", printable(reason)));
        let reason = reason.unwrap_or_default();
        let since = stack.changed.strftime("%Y-%m-%d %H:%M UTC");
        fact("Stack", format!("{} {} since {since}{reason}", stack.name, stack.status))?;
    }
    if let Some((roll, percent, reason)) = &status.roll {
        let reason = reason.as_deref().map(|reason| format!(": {}", printable(reason)));
        fact("Last roll", format!("{roll}, {percent} %{}", reason.unwrap_or_default()))?;
    }
    ui.line("")?;
    let mut table = Table::new(&["SERVER", "ZONE", "STATE", "HEALTH", "RELEASE"]);
    for server in &status.servers {
        let health = server.health.as_deref().map_or_else(|| "unknown".to_owned(), printable);
        let health = match &server.reason {
            Some(reason) => format!("{health} ({})", printable(reason)),
            None => health,
        };
        let release = if server.is_current { "current" } else { "earlier" };
        table.row(vec![
            server.instance.clone(),
            server.zone.clone(),
            server.lifecycle.clone(),
            health,
            release.to_owned(),
        ]);
    }
    for line in table.render(ui.settings().terminal.width) {
        ui.line(&line)?;
    }
    Ok(())
}
