use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use clap::Args;

/// x
#[derive(Debug, Args)]
pub(crate) struct DrillArgs {}

pub(crate) fn run(_: DrillArgs, _ui: &mut Ui) -> Result<ExitCode> {
    Ok(ExitCode::Done)
}
