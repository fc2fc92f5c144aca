use std::path::Path;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};
use local::{ComponentState, LocalError, Status};
use serde::Serialize;

use crate::aws::{self, Session};
use crate::deployment;
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

mod activities;
mod picture;
#[cfg(test)]
pub(crate) mod sample;
mod view;
mod watch;

/// Show whether the service runs, and how each part is
///
/// Exit code 0 when everything is healthy, 69 when the service is not running or a part is not
/// healthy. With --watch it is 0 when Ctrl-C ends it: a live picture on a terminal, elsewhere a
/// block, or a JSON line, for every change. With --activities it is 0 whatever the history tells.
/// A supervisor that has died is started again, as it is by `up`, `roll`, `rollback` and `user`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Stay and show every change until Ctrl-C
    #[arg(short, long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::STATUS_WATCH, hide_env = true)]
    watch: bool,
    /// Show the history instead, newest last, with what caused each line [default: all that is kept]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1000000", conflicts_with = "watch", env = env_vars::STATUS_ACTIVITIES, hide_env = true)]
    activities: Option<usize>,
}

/// The service as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Health {
    /// Everything is as it should be.
    Running,
    /// It serves, but a part is missing or being replaced.
    Degraded,
    /// Parts run, but the endpoint does not serve.
    NotReady,
    Stopped,
}

#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    state: Health,
    #[serde(flatten)]
    status: &'a Status,
}

pub(crate) fn run(args: StatusArgs, ui: &mut Ui) -> Result<ExitCode> {
    let deployment = deployment::load(ui)?;
    if deployment.is_aws() {
        if args.watch || args.activities.is_some() {
            return Err(CliError::new(Kind::Usage, "--watch and --activities are for `target: local`")
                .hint("on AWS `syncctl attach` follows what is under way, and `syncctl events` shows the history"));
        }
        return aws::status::run(&Session::look(deployment, ui)?, ui);
    }
    let data_dir = deployment.data_dir()?;
    if args.watch {
        return watch::run(&data_dir, ui);
    }
    if local::revive(&data_dir).unwrap_or(false) {
        ui.note("The supervisor had died and was started again; the service went on meanwhile.");
    }
    let status = look(&data_dir)?;
    if let Some(most) = args.activities {
        return activities::show(&local::history(&data_dir, most)?, ui);
    }
    let health = Health::of(&status);
    if ui.is_json() {
        ui.json("syncctl/status/1", &Document::new(health, &status))?;
    } else {
        for line in view::render(&status, health, ui.style(), ui.settings().terminal.width) {
            ui.line(&line)?;
        }
    }
    Ok(health.exit_code())
}

pub(super) fn look(data_dir: &Path) -> Result<Status> {
    // A supervisor that died is brought back by whoever comes by; failing at that shows in the status.
    let _ = local::revive(data_dir);
    local::status(data_dir).map_err(|error| match &error {
        LocalError::NoDataDirectory { path } => {
            let message =
                format!("the service is not running: it has no data at {}", path.display());
            CliError::new(Kind::Unavailable, message).hint("start it with `syncctl up`")
        }
        _ => error.into(),
    })
}

impl<'a> Document<'a> {
    pub(super) fn new(state: Health, status: &'a Status) -> Self {
        Self { state, status }
    }
}

impl Health {
    pub(super) fn of(status: &Status) -> Self {
        let parts = view::parts(status);
        let any = parts.iter().any(|part| part.pid.is_some());
        let all_healthy = parts.iter().all(|part| part.state == ComponentState::Healthy);
        match (any, status.ready) {
            (false, _) => Self::Stopped,
            (true, false) => Self::NotReady,
            (true, true) if all_healthy && status.converged => Self::Running,
            (true, true) => Self::Degraded,
        }
    }

    fn exit_code(self) -> ExitCode {
        match self {
            Self::Running => ExitCode::Done,
            Self::Degraded | Self::NotReady | Self::Stopped => ExitCode::Unavailable,
        }
    }
}
