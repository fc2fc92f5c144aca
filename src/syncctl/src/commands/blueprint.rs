use clap::Subcommand;

use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

mod list;
pub(crate) mod schema;
mod show;

/// Look at blueprints: what is meant, what can be written, what ships
#[derive(Debug, Subcommand)]
pub(crate) enum BlueprintCommand {
    Show(show::ShowArgs),
    Schema(schema::SchemaArgs),
    List(list::ListArgs),
}

pub(crate) fn run(command: BlueprintCommand, ui: &mut Ui) -> Result<ExitCode> {
    match command {
        BlueprintCommand::Show(args) => show::run(args, ui),
        BlueprintCommand::Schema(args) => schema::run(args, ui),
        BlueprintCommand::List(args) => list::run(args, ui),
    }
}
