use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use local::RollRequest;

use crate::aws::apply::Request;
use crate::aws::flags::{self, ServiceRole, Waiting};
use crate::aws::{self, Session};
use crate::deployment;
use crate::durations;
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::programs;
use crate::rolling;
use crate::ui::Ui;

/// Roll another build of the server onto the running service
///
/// One server after the other is replaced: the new one is in service before the old one leaves, so
/// that nobody notices. Once every server runs the new release it is watched for a while, and one of
/// the servers before stands by. A release that crashes, freezes, does not become healthy or answers
/// with errors is undone by itself: exit code 70. Ctrl-C brings the old release back; a second one leaves that to the supervisor. SIGTERM leaves at
/// once, and the roll goes on.
#[derive(Debug, Args)]
pub(crate) struct RollArgs {
    /// The server program to roll out
    #[arg(long, value_name = "PATH", required = true, env = env_vars::ROLL_RELEASE, hide_env = true)]
    release: PathBuf,
    /// How long the new release is watched, e.g. 30s [default: the blueprint's rollout.bake]
    #[arg(long, value_name = "DURATION", value_parser = durations::parse, env = env_vars::ROLL_BAKE, hide_env = true)]
    bake: Option<Duration>,
    #[command(flatten)]
    role: ServiceRole,
    #[command(flatten)]
    waiting: Waiting,
}

pub(crate) fn run(args: RollArgs, ui: &mut Ui) -> Result<ExitCode> {
    let deployment = deployment::load(ui)?;
    if deployment.is_aws() {
        refuse_bake(args.bake)?;
        let release = aws::session::release(&deployment, Some(&args.release))?;
        let mut session = Session::with_release(deployment, release, ui)?;
        session.set_service_role(args.role.role_arn);
        let request =
            Request { only: Some("release"), waiting: args.waiting, ..Request::default() };
        let (applied, elapsed) = aws::apply::run(&session, &request, ui)?;
        aws::show::applied("syncctl/roll/1", &session, &applied, elapsed, None, ui)?;
        aws::show::last_line(&session, &applied, elapsed, ui);
        return Ok(ExitCode::Done);
    }
    flags::refuse_here(&args.role, &args.waiting)?;
    let data_dir = deployment.data_dir()?;
    let program = programs::resolved(&args.release)?;
    let request = RollRequest { program, bake: args.bake };
    let at = data_dir.clone();
    let outcome =
        rolling::follow(&data_dir, ui, move |reporter| local::roll(&at, &request, reporter))?;
    rolling::report::show("syncctl/roll/1", &deployment, &outcome, ui)
}

/// On AWS the time is a property of the group and changes with the stack.
pub(super) fn refuse_bake(bake: Option<Duration>) -> Result<()> {
    match bake {
        None => Ok(()),
        Some(_) => Err(CliError::new(Kind::Usage, "--bake is for `target: local`")
            .hint("on AWS set rollout.bake in the blueprint, or with --set rollout.bake=30s")),
    }
}
