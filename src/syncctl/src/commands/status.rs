use std::path::Path;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};
use local::{ComponentState, LocalError, Status};
use serde::Serialize;

use crate::deployment;
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

mod view;

/// How often `--watch` looks.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Show whether the service runs, and how each part is
///
/// Exit code 0 when everything is healthy, 69 when the service is not running or a part is not
/// healthy.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Stay and show every change until Ctrl-C
    #[arg(short, long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::STATUS_WATCH, hide_env = true)]
    watch: bool,
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
struct Document<'a> {
    state: Health,
    #[serde(flatten)]
    status: &'a Status,
}

pub(crate) fn run(args: StatusArgs, ui: &mut Ui) -> Result<ExitCode> {
    let deployment = deployment::load(ui)?;
    let data_dir = deployment.data_dir()?;
    if args.watch {
        return watch(&data_dir, ui);
    }
    let status = look(&data_dir)?;
    let health = Health::of(&status);
    if ui.is_json() {
        ui.json("syncctl/status/1", &Document { state: health, status: &status })?;
    } else {
        for line in view::render(&status, health, ui.style(), ui.settings().terminal.width) {
            ui.line(&line)?;
        }
    }
    Ok(health.exit_code())
}

fn look(data_dir: &Path) -> Result<Status> {
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

/// Redraws on a terminal; elsewhere prints one JSON line, or one block, per change.
fn watch(data_dir: &Path, ui: &mut Ui) -> Result<ExitCode> {
    let redraw = ui.settings().terminal.redraw_stdout && !ui.is_json();
    let mut last = None;
    loop {
        let status = look(data_dir)?;
        let health = Health::of(&status);
        // Ages and counters move all the time; they alone are no change.
        let seen = (health, view::parts(&status).into_iter().cloned().collect::<Vec<_>>());
        if redraw || last.as_ref() != Some(&seen) {
            let text = if ui.is_json() {
                ui.json_line("syncctl/status/1", &Document { state: health, status: &status })?
            } else {
                let width = ui.settings().terminal.width;
                view::render(&status, health, ui.style(), width).join("\n") + "\n"
            };
            match (redraw, last.is_some() && !ui.is_json()) {
                (true, _) => ui.result("\x1b[H\x1b[2J")?,
                (false, true) => ui.line("")?,
                (false, false) => {}
            }
            ui.result(&text)?;
            ui.flush()?;
            last = Some(seen);
        }
        std::thread::sleep(WATCH_INTERVAL);
    }
}

impl Health {
    fn of(status: &Status) -> Self {
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
