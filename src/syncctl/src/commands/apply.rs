use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};

use crate::aws::Session;
use crate::aws::apply::{Request, run as apply, run_sealed};
use crate::aws::flags::{ServiceRole, Waiting};
use crate::aws::session::require_aws;
use crate::aws::show;
use crate::commands::lifetime::Lifetime;
use crate::deployment;
use crate::env_vars;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Carry out a plan on AWS and verify it
///
/// Changes both stacks, ships the release, rolls the servers and waits until all of it serves. With the file of a sealed plan exactly that is done, without a question, or nothing at all: exit
/// code 76 where it is stale. Without one it plans, shows the plan and asks. Ctrl-C asks whether to
/// leave, cancel or wait; what AWS has begun goes on by itself, and the next run goes on from there.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// Sealed plan of `syncctl plan --out`
    #[arg(value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Agree to lose the data of this resource, by its id in the plan; repeatable
    #[arg(long, value_name = "ID", conflicts_with = "plan", value_delimiter = ',', env = env_vars::APPLY_ALLOW_DATA_LOSS, hide_env = true)]
    allow_data_loss: Vec<String>,
    /// Undo what was changed outside syncctl as well
    #[arg(long, conflicts_with = "plan", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::APPLY_REVERT_DRIFT, hide_env = true)]
    revert_drift: bool,
    #[command(flatten)]
    lifetime: Lifetime,
    #[command(flatten)]
    role: ServiceRole,
    #[command(flatten)]
    waiting: Waiting,
}

pub(crate) fn run(args: ApplyArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load_with_ttl(ui, args.lifetime.ttl())?;
    require_aws(&chosen, "apply")?;
    let mut session = Session::open(chosen, ui)?;
    session.set_service_role(args.role.role_arn);
    let (applied, elapsed) = match args.plan {
        Some(file) => run_sealed(&session, &file, &args.waiting, ui)?,
        None => {
            let request = Request {
                allow_data_loss: args.allow_data_loss,
                revert_drift: args.revert_drift,
                waiting: args.waiting,
                ..Request::default()
            };
            apply(&session, &request, ui)?
        }
    };
    show::applied("syncctl/apply/1", &session, &applied, elapsed, None, ui)?;
    show::last_line(&session, &applied, elapsed, ui);
    Ok(ExitCode::Done)
}
