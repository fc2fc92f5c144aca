use clap::Subcommand;

use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

mod add;
mod list;
mod state;

/// Invite people, list accounts, disable them
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    Add(add::AddArgs),
    List(list::ListArgs),
    Disable(state::DisableArgs),
    Enable(state::EnableArgs),
    ResetPassword(add::ResetPasswordArgs),
}

pub(crate) fn run(command: UserCommand, ui: &mut Ui) -> Result<ExitCode> {
    match command {
        UserCommand::Add(args) => add::run(args, ui),
        UserCommand::List(args) => list::run(args, ui),
        UserCommand::Disable(args) => state::disable(args, ui),
        UserCommand::Enable(args) => state::enable(args, ui),
        UserCommand::ResetPassword(args) => add::reset_password(args, ui),
    }
}
