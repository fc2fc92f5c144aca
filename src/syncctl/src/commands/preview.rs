use clap::Subcommand;

use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

mod extend;
mod gc;
mod list;

/// Look after previews: deployments on AWS that have an end (`ttl`)
#[derive(Debug, Subcommand)]
pub(crate) enum PreviewCommand {
    List(list::ListArgs),
    Extend(extend::ExtendArgs),
    Gc(gc::GcArgs),
}

pub(crate) fn run(command: PreviewCommand, ui: &mut Ui) -> Result<ExitCode> {
    match command {
        PreviewCommand::List(args) => list::run(args, ui),
        PreviewCommand::Extend(args) => extend::run(args, ui),
        PreviewCommand::Gc(args) => gc::run(args, ui),
    }
}
