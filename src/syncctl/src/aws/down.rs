//! `down` on AWS: what dies, what stays, the typed name.

use std::time::Instant;

use deploy::DeployError;
use deploy::destroy::{Destruction, Holding, destroy, plan};
use serde::Serialize;

use super::Session;
use super::flags::Waiting;
use super::listener::Screen;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::settings::Consent;
use crate::ui::Ui;
use crate::ui::units;

#[derive(Debug, Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    destruction: &'a Destruction,
    removed: &'a [String],
    left: &'a [(String, String)],
}

pub(crate) fn run(session: &Session, waiting: &Waiting, ui: &mut Ui) -> Result<ExitCode> {
    let found = {
        let screen = Screen::new(ui.settings());
        session.inquire_patiently(waiting.wait_for_other, &screen, async |deployer| {
            plan(&deployer).await
        })
    };
    let (destruction, observed) = match found {
        Err(DeployError::Absent { name }) => {
            if ui.is_json() {
                ui.json("syncctl/down/1", &serde_json::json!({ "name": name, "removed": [] }))?;
            } else {
                ui.line(&format!("{name} is not there; nothing was changed."))?;
            }
            return Ok(ExitCode::Done);
        }
        found => found?,
    };
    describe(&destruction, ui);
    let begun = Instant::now();
    let typed = agree(&destruction, ui)?;
    let screen = Screen::new(ui.settings());
    let destroyed = session.run(&screen, async |deployer| {
        destroy(&deployer, &destruction, &observed, typed.as_deref()).await
    })?;
    drop(screen);
    if ui.is_json() {
        let (removed, left) = (&destroyed.stacks[..], &destroyed.left[..]);
        ui.json("syncctl/down/1", &Document { destruction: &destruction, removed, left })?;
        return Ok(ExitCode::Done);
    }
    let after = units::seconds(begun.elapsed());
    ui.line(&format!("{} is gone after {after}.", destruction.name))?;
    if !destruction.keeps.is_empty() {
        ui.line("Its data stays, and the next `syncctl up` takes it over:")?;
        for holding in &destruction.keeps {
            ui.line(&format!("  {}", line(holding)))?;
        }
    }
    let kept = |id: &str| destruction.keeps.iter().any(|holding| holding.physical_id == id);
    for (logical, physical) in destroyed.left.iter().filter(|(_, physical)| !kept(physical)) {
        ui.line(&format!("  left: {logical} ({physical})"))?;
    }
    let kept = match destruction.keeps.len() {
        0 => "nothing is left".to_owned(),
        count => {
            format!("{} of data stay, and cost", units::count(count as u64, "holding", "holdings"))
        }
    };
    ui.last_line(&format!(
        "{} in {} of account {}: taken down in {after}; {kept}. Next: `syncctl up` makes it again",
        destruction.name, destruction.region, destruction.account
    ));
    Ok(ExitCode::Done)
}

fn describe(destruction: &Destruction, ui: &mut Ui) {
    let (account, region) = (&destruction.account, &destruction.region);
    ui.note(&format!(
        "{} in account {account}, {region}. The service stops for everybody; this goes:",
        destruction.name
    ));
    for (stack, resources) in &destruction.stacks {
        ui.note(&format!(
            "  - {stack}: {}",
            units::count(*resources as u64, "resource", "resources")
        ));
    }
    for (heading, holdings) in
        [("Destroyed for good:", &destruction.loses), ("Stays:", &destruction.keeps)]
    {
        if !holdings.is_empty() {
            ui.note(heading);
            for holding in holdings {
                ui.note(&format!("  {}", line(holding)));
            }
        }
    }
}

fn line(holding: &Holding) -> String {
    let more = if holding.is_partial { "more than " } else { "" };
    let what = match holding.resource_type.as_str() {
        "AWS::S3::Bucket" => {
            let versions = match holding.versions {
                0 => String::new(),
                count => {
                    format!(" and {}", units::count(count, "earlier version", "earlier versions"))
                }
            };
            let objects = units::count(holding.count, "object", "objects");
            format!("bucket: {more}{objects}{versions}, {}", units::bytes(holding.bytes))
        }
        "AWS::DynamoDB::Table" => format!(
            "table: about {}, {} (counted by AWS within six hours)",
            units::count(holding.count, "item", "items"),
            units::bytes(holding.bytes)
        ),
        "AWS::KMS::Key" => "encryption key: what it encrypted cannot be read without it".to_owned(),
        _ => "mail identity".to_owned(),
    };
    format!("{}  {what}", holding.physical_id)
}

/// The name as it was typed, where it had to be.
fn agree(destruction: &Destruction, ui: &mut Ui) -> Result<Option<String>> {
    let name = &destruction.name;
    let settings = ui.settings();
    if destruction.is_protected {
        if !settings.can_ask {
            return Err(CliError::from(DeployError::Protected { name: name.clone() })
                .hint("run this on a terminal and type the name; no flag stands for it")
                .hint("or set `protect: false` in the blueprint and run `syncctl up` first"));
        }
        ui.confirm_by_typing("This deployment is protected.", name)?;
        return Ok(Some(name.clone()));
    }
    match settings.consent {
        Consent::Given if destruction.loses.is_empty() => Ok(None),
        // `--yes` alone is habit; together with the name it is a decision.
        Consent::Given if settings.name.as_deref() == Some(name) => Ok(None),
        Consent::Given => {
            let message = format!(
                "taking {name} down destroys its data, and --yes alone does not decide that"
            );
            Err(CliError::new(Kind::Failed, message)
                .hint(format!("if that is meant: syncctl down --yes --name {name}")))
        }
        Consent::Ask if destruction.loses.is_empty() => {
            ui.confirm("Take it down?")?;
            Ok(None)
        }
        Consent::Ask => {
            ui.confirm_by_typing("Its data is destroyed for good.", name)?;
            Ok(Some(name.clone()))
        }
        Consent::CannotAsk => Err(CliError::new(
            Kind::Failed,
            "taking a deployment down needs a yes, and there is no terminal to ask on",
        )
        .hint("`syncctl down --yes`")),
    }
}
