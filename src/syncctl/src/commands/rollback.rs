use std::time::Duration;

use clap::Args;

use super::roll::refuse_bake;
use crate::aws::apply::Request;
use crate::aws::flags::{self, ServiceRole, Waiting};
use crate::aws::{self, Session};
use crate::deployment;
use crate::durations;
use crate::env_vars;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::rolling;
use crate::ui::Ui;

/// Go back to an earlier release
///
/// Without a name it is the last release that has passed and does not serve now. The servers are
/// replaced as in `syncctl roll`, with the same gate. On AWS the alarms of rollout.alarms are left out of it: they may
/// ring because of the release that goes. The next `syncctl up` puts them back.
#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// First digits of the release, from `syncctl releases`
    #[arg(value_name = "RELEASE")]
    release: Option<String>,
    /// How long the earlier release is watched, e.g. 30s [default: as in the last `up` or `roll`]
    #[arg(long, value_name = "DURATION", value_parser = durations::parse, env = env_vars::ROLLBACK_BAKE, hide_env = true)]
    bake: Option<Duration>,
    #[command(flatten)]
    role: ServiceRole,
    #[command(flatten)]
    waiting: Waiting,
}

pub(crate) fn run(args: RollbackArgs, ui: &mut Ui) -> Result<ExitCode> {
    let deployment = deployment::load(ui)?;
    if deployment.is_aws() {
        refuse_bake(args.bake)?;
        let mut session = Session::look(deployment, ui)?;
        aws::rollback::choose(&mut session, args.release.as_deref(), ui)?;
        session.set_service_role(args.role.role_arn);
        ui.note("Alarms do not undo a rollback; health checks do.");
        let request = Request {
            only: Some("release"),
            // They may ring because of the release that goes.
            without_alarms: true,
            waiting: args.waiting,
            ..Request::default()
        };
        let (applied, elapsed) = aws::apply::run(&session, &request, ui)?;
        aws::show::applied("syncctl/rollback/1", &session, &applied, elapsed, None, ui)?;
        aws::show::last_line(&session, &applied, elapsed, ui);
        return Ok(ExitCode::Done);
    }
    flags::refuse_here(&args.role, &args.waiting)?;
    let data_dir = deployment.data_dir()?;
    let at = data_dir.clone();
    let outcome = rolling::follow(&data_dir, ui, move |reporter| {
        local::rollback(&at, args.release.as_deref(), args.bake, reporter)
    })?;
    rolling::report::show("syncctl/rollback/1", &deployment, &outcome, ui)
}
