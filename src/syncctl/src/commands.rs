//! One file per subcommand: its arguments on top, its run function below.

use crate::cli::Command;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

pub(crate) mod blueprint;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod drill;
pub(crate) mod help;
pub(crate) mod hidden;
pub(crate) mod init;
pub(crate) mod logs;
pub(crate) mod mail;
pub(crate) mod releases;
pub(crate) mod roll;
pub(crate) mod rollback;
pub(crate) mod status;
pub(crate) mod up;
pub(crate) mod user;
pub(crate) mod validate;
pub(crate) mod version;

pub(crate) fn run(command: Command, ui: &mut Ui) -> Result<ExitCode> {
    match command {
        Command::Init(args) => init::run(args, ui),
        Command::Validate(args) => validate::run(args, ui),
        Command::Blueprint(command) => blueprint::run(command, ui),
        Command::Up(args) => up::run(args, ui),
        Command::Status(args) => status::run(args, ui),
        Command::Roll(args) => roll::run(args, ui),
        Command::Rollback(args) => rollback::run(args, ui),
        Command::Releases(args) => releases::run(args, ui),
        Command::Drill(args) => drill::run(args, ui),
        Command::Logs(args) => logs::run(args, ui),
        Command::Down(args) => down::run(args, ui),
        Command::User(command) => user::run(command, ui),
        Command::Mail(command) => mail::run(command, ui),
        Command::Doctor(args) => doctor::run(args, ui),
        Command::Completions(args) => completions::run(args, ui),
        Command::Version(args) => version::run(args, ui),
        Command::Help(args) => help::run(args, ui),
    }
}
