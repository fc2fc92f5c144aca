//! One file per command or group; each turns arguments into a call of the engine and shows the
//! result.

mod account;
mod browse;
mod history;
mod login;
mod space;
mod synchronise;
mod transfer;

use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory;
use protocol::space::Space;
use sync::api::{Api, Found};
use sync::home::{Home, Login};
use sync::report::Problem;

use crate::args::{Arguments, Command};
use crate::failure::Failure;
use crate::place;
use crate::ui::{Ui, units};

pub(crate) type Outcome = Result<ExitCode, Failure>;

pub(crate) async fn run(command: Command, ui: &Ui) -> Outcome {
    match command {
        Command::Login(args) => login::run(&args, ui).await,
        Command::Logout => account::logout(ui).await,
        Command::Whoami => account::whoami(ui).await,
        Command::Devices { revoke } => account::devices(revoke.as_deref(), ui).await,
        Command::Space(command) => space::run(command, ui).await,
        Command::Mail { mode, space } => space::mail(mode, &space, ui).await,
        Command::Push(args) => transfer::push(args, ui).await,
        Command::Pull(args) => transfer::pull(args, ui).await,
        Command::Ls(args) => browse::ls(&args, ui).await,
        Command::Versions { file } => history::versions(&file, ui).await,
        Command::Restore(args) => history::restore(args, ui).await,
        Command::Sync(args) => synchronise::run(args, ui).await,
        Command::Check { local, remote } => browse::check(&local, &remote, ui).await,
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "sync-agent", &mut script);
            let _ = std::io::Write::write_all(&mut std::io::stdout(), &script);
            Ok(ExitCode::SUCCESS)
        }
        Command::Version => {
            let version = env!("CARGO_PKG_VERSION");
            ui.result("sync-agent/version/1", &serde_json::json!({ "version": version }), || {
                vec![format!("sync-agent {version}")]
            });
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn home() -> Result<Home, Failure> {
    Home::find(|name| std::env::var_os(name)).ok_or_else(|| {
        Failure::plain(
            "there is no home directory; set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME",
        )
    })
}

fn logged_in(ui: &Ui) -> Result<(Home, Login, Arc<Api>), Failure> {
    let home = home()?;
    let login = home.login()?.ok_or(Failure::NotLoggedIn)?;
    let api = Arc::new(patient(login.api()?, ui));
    Ok((home, login, api))
}

/// Says so, once, if an answer takes its time.
fn patient(api: Api, ui: &Ui) -> Api {
    if ui.is_silent() { api } else { api.with_notice(crate::ui::tell) }
}

async fn open_space(name: &str, ui: &Ui) -> Result<(Home, Arc<Api>, Space), Failure> {
    let (home, login, api) = logged_in(ui)?;
    let Found { space, others } = api.find_space(&login.user.id, name).await?;
    if !others.is_empty() {
        let (name, others) = (units::name(&space.name), units::name(&others.join(", ")));
        ui.say(&format!("{name} is your own space; shared with you under that name: {others}"));
    }
    Ok((home, api, space))
}

/// A space as a whole; `home:/` means the same as `home`.
async fn open_whole(text: &str, ui: &Ui) -> Result<(Home, Arc<Api>, Space), Failure> {
    open_space(place::whole_space(text)?, ui).await
}

/// 1 if anything that should have worked did not.
fn exit_code(problems: &[Problem]) -> ExitCode {
    ExitCode::from(u8::from(problems.iter().any(|problem| problem.failed)))
}
