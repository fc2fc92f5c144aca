use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};

use crate::aws::Session;
use crate::aws::recover::{Request, run as recover};
use crate::aws::session::require_aws;
use crate::deployment;
use crate::env_vars;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Get a deployment on AWS out of a state in which nothing else works
///
/// Says why it is stuck, and asks. A stack whose first creation failed, or that has only a plan, is
/// removed; a rollback that stopped goes on; a removal that stopped is tried again. Buckets, tables
/// and keys stay in the world, and the next `up` takes them over.
#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// Leave this resource as it is when going on with a rollback; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',', env = env_vars::RECOVER_SKIP, hide_env = true)]
    skip: Vec<String>,
    /// As the last step remove a stack even where resources cannot be, and name what is left
    #[arg(long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::RECOVER_FORCE, hide_env = true)]
    force: bool,
}

pub(crate) fn run(args: RecoverArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load(ui)?;
    require_aws(&chosen, "recover")?;
    let session = Session::look(chosen, ui)?;
    recover(&session, &Request { skip: args.skip, force: args.force, from_up: false }, ui)
}
