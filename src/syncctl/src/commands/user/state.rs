use clap::Args;
use serde::Serialize;

use crate::accounts::Service;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Lock an account: every login and device of it ends at once; its files stay
#[derive(Debug, Args)]
pub(crate) struct DisableArgs {
    /// E-mail address the person logs in with
    #[arg(value_name = "EMAIL")]
    login: String,
}

/// Unlock a disabled account; the person logs in again
#[derive(Debug, Args)]
pub(crate) struct EnableArgs {
    /// E-mail address the person logs in with
    #[arg(value_name = "EMAIL")]
    login: String,
}

#[derive(Debug, Serialize)]
struct UserState<'a> {
    login: &'a str,
    state: &'static str,
}

pub(crate) fn disable(args: DisableArgs, ui: &mut Ui) -> Result<ExitCode> {
    let service = Service::connect(ui)?;
    let login = args.login.clone();
    service.run(|accounts| async move { accounts.disable(&login).await })?;
    report(&args.login, "disabled", "is disabled; `syncctl user enable` undoes it", ui)
}

pub(crate) fn enable(args: EnableArgs, ui: &mut Ui) -> Result<ExitCode> {
    let service = Service::connect(ui)?;
    let login = args.login.clone();
    service.run(|accounts| async move { accounts.enable(&login).await })?;
    report(&args.login, "active", "is active again", ui)
}

fn report(login: &str, state: &'static str, sentence: &str, ui: &mut Ui) -> Result<ExitCode> {
    if ui.is_json() {
        ui.json("syncctl/user-state/1", &UserState { login, state })?;
    } else {
        let sentence = ui.with_flags(sentence);
        ui.line(&format!("{login} {sentence}."))?;
    }
    Ok(ExitCode::Done)
}
