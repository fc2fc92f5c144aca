use clap::Args;
use deploy::previews::extend::{Extended, extend};

use crate::aws::Session;
use crate::aws::listener::Screen;
use crate::deployment;
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Let a preview live longer, counted from now, and touch nothing else of it
///
/// Which one: --name, or the blueprint's. How long: --ttl, or the blueprint's `ttl`, or 72h. `up`
/// extends as well, and never takes back what was given here.
#[derive(Debug, Args)]
pub(crate) struct ExtendArgs {
    /// How long from now, e.g. 48h; 1h to 90d
    #[arg(long, value_name = "DURATION", env = env_vars::TTL, hide_env = true)]
    ttl: Option<String>,
}

pub(crate) fn run(args: ExtendArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load_or_by_name(ui, args.ttl.as_deref())?;
    let Some(ttl) = chosen.deployment().ttl else {
        return Err(CliError::new(Kind::Usage, "nothing says for how long")
            .hint("name a time with --ttl, or write `ttl` into the blueprint"));
    };
    let session = Session::look(chosen, ui)?;
    let extended = {
        let screen = Screen::new(ui.settings());
        session.run(&screen, async |deployer| extend(&deployer, ttl.to_std()).await)?
    };
    if ui.is_json() {
        ui.json("syncctl/preview-extend/1", &extended)?;
        return Ok(ExitCode::Done);
    }
    let Extended { name, before, expires } = &extended;
    let before = before.as_ref().map(|before| format!(" (before: {before})")).unwrap_or_default();
    ui.line(&format!("{name} lives until {expires}{before}."))?;
    Ok(ExitCode::Done)
}
