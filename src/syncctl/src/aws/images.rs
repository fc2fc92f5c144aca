//! The image that servers boot from: which, and a newer one.

use deploy::{DeployError, lookup, observe};
use serde::Serialize;

use super::Session;
use super::listener::Screen;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

#[derive(Debug, Serialize)]
struct Document {
    /// `None` before the first `up`.
    deployed: Option<String>,
    /// `None` where the blueprint names one.
    newest: Option<String>,
    /// Named by the blueprint.
    named: Option<String>,
}

pub(crate) fn show(session: &Session, ui: &mut Ui) -> Result<ExitCode> {
    let found = {
        let screen = Screen::new(ui.settings());
        session.inquire(&screen, async |deployer| {
            let deployment = deployer.deployment();
            let observed = observe::glance(deployer.cloud, deployment).await?;
            let named = deployment.servers.image.id().map(str::to_owned);
            let newest = match named {
                Some(_) => None,
                None => Some(lookup::newest_image(deployer.cloud, deployment).await?),
            };
            let deployed = observed.parameter(stack::StackKind::App, "Image").map(str::to_owned);
            Ok::<_, DeployError>(Document { deployed, newest, named })
        })?
    };
    if ui.is_json() {
        ui.json("syncctl/image/1", &found)?;
        return Ok(ExitCode::Done);
    }
    ui.line(&format!("deployed   {}", found.deployed.as_deref().unwrap_or("none yet")))?;
    match (&found.named, &found.newest) {
        (Some(named), _) => ui.line(&format!("blueprint  {named}"))?,
        (None, newest) => {
            ui.line(&format!("newest     {}", newest.as_deref().unwrap_or("unknown")))?;
        }
    }
    if found.newest.is_some() && found.deployed.is_some() && found.newest != found.deployed {
        ui.note("`syncctl image bump` rolls the newest one.");
    }
    Ok(ExitCode::Done)
}

/// An image that the blueprint names moves with the blueprint only.
pub(crate) fn refuse_named(session: &Session) -> Result<()> {
    match session.blueprint().deployment().servers.image.id() {
        None => Ok(()),
        Some(id) => Err(CliError::new(
            Kind::Failed,
            format!("the blueprint names the image: servers.image is {id}"),
        )
        .hint("change servers.image and run `syncctl up`")),
    }
}
