use clap::Args;

use crate::aws::Session;
use crate::aws::attach;
use crate::aws::session::require_aws;
use crate::deployment;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Undo what is under way on AWS, whoever began it
#[derive(Debug, Args)]
pub(crate) struct CancelArgs {}

pub(crate) fn run(_: CancelArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load(ui)?;
    require_aws(&chosen, "cancel")?;
    attach::cancel(&Session::look(chosen, ui)?, ui)
}
