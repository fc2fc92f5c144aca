use clap::Args;

use crate::aws::Session;
use crate::aws::attach;
use crate::aws::session::require_aws;
use crate::deployment;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Follow what is under way on AWS, whoever began it, to its end
#[derive(Debug, Args)]
pub(crate) struct AttachArgs {}

pub(crate) fn run(_: AttachArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load(ui)?;
    require_aws(&chosen, "attach")?;
    attach::attach(&Session::look(chosen, ui)?, ui)
}
