use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};

use crate::aws::Session;
use crate::aws::attach::events;
use crate::aws::session::require_aws;
use crate::deployment;
use crate::env_vars;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Show what happened to the stacks on AWS, oldest first
#[derive(Debug, Args)]
pub(crate) struct EventsArgs {
    /// How many to show
    #[arg(long, value_name = "N", default_value_t = 50, env = env_vars::EVENTS_LAST, hide_env = true)]
    last: usize,
    /// Only what failed
    #[arg(long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::EVENTS_FAILURES, hide_env = true)]
    failures: bool,
}

pub(crate) fn run(args: EventsArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load(ui)?;
    require_aws(&chosen, "events")?;
    let session = Session::look(chosen, ui)?;
    events(&session, args.last, args.failures, ui)
}
