use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use store::accounts::TOKEN_MEMORY;

use crate::accounts::Service;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Lock an account: every login and device of it ends within 2 s; its files stay
///
/// On target local the credentials for the object store that its devices hold end at the same moment. A transfer of one
/// object that is under way may finish.
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
    let user = service.run(|accounts| async move { accounts.disable(&login).await })?;
    // Until then a server may still believe a token, and hand out a credential for it.
    let until = Timestamp::now() + TOKEN_MEMORY + Duration::from_secs(1);
    if let Some(data_dir) = &service.data_dir
        && let Err(error) = local::end_sessions(data_dir, &store::session_prefix(&user), until)
    {
        ui.note(&format!(
            "The credentials for the object store that its devices hold could not be ended, so they are good for up to an hour: {error}."
        ));
    }
    report(&args.login, "disabled", "is disabled; `syncctl user enable` undoes it", ui)
}

pub(crate) fn enable(args: EnableArgs, ui: &mut Ui) -> Result<ExitCode> {
    let service = Service::connect(ui)?;
    let login = args.login.clone();
    let user = service.run(|accounts| async move { accounts.enable(&login).await })?;
    if let Some(data_dir) = &service.data_dir {
        local::let_sessions_begin(data_dir, &store::session_prefix(&user))?;
    }
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
