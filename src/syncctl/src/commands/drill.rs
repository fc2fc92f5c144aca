use std::time::Duration;

use clap::{Args, ValueEnum};
use local::{DrillKind, DrillReport, DrillRequest, LocalError, WriteProbe};
use serde::Serialize;

use self::writer::Writer;
use crate::deployment::{self, Chosen};
use crate::durations;
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::reporter::ProgressReporter;
use crate::settings::Consent;
use crate::ui::Ui;

mod view;
mod writer;

/// Away for so long when nobody says how long.
const OUTAGE: Duration = Duration::from_secs(20);

/// Take something away on purpose, under load, and report what users would have noticed
///
/// It sends requests that are never repeated, kills or freezes a server, loses a zone or fills the
/// disk, watches the group heal itself, and ends with a table and a timeline. What was taken away is
/// given back in every case. Exit code 0 when nothing failed after the health checks had their time
/// and everything came back, 1 when not, 130 after Ctrl-C, which gives back at once and shows what
/// was measured until then. A deployment with `protect: true` asks before.
#[derive(Debug, Args)]
pub(crate) struct DrillArgs {
    /// What to take away
    #[arg(value_enum)]
    what: What,
    /// A server (a-1), or for a zone drill a zone (a) [default: the first one]
    target: Option<String>,
    /// How long the zone or the disk's room stays away, e.g. 30s [default: 20s]
    #[arg(long = "for", value_name = "DURATION", value_parser = durations::parse, env = env_vars::DRILL_FOR, hide_env = true)]
    outage: Option<Duration>,
    /// Requests per second meanwhile
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000), env = env_vars::DRILL_RATE, hide_env = true)]
    rate: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// A server is killed
    Instance,
    /// A server is frozen: alive, but deaf
    Freeze,
    /// Every server of a zone is lost, and the zone takes none for a while
    Zone,
    /// The disk takes no more content for a while
    Disk,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    passed: bool,
    #[serde(flatten)]
    report: &'a DrillReport,
}

pub(crate) fn run(args: DrillArgs, ui: &mut Ui) -> Result<ExitCode> {
    let request = request(&args)?;
    let deployment = deployment::load(ui)?;
    let data_dir = deployment.data_dir()?;
    approve(&deployment, &data_dir, ui)?;
    let writer = match request.kind {
        DrillKind::Disk => Some(Writer::open(&local::connection(&data_dir)?)?),
        DrillKind::Instance | DrillKind::Freeze | DrillKind::Zone => None,
    };
    let report = {
        let reporter = ProgressReporter::new(ui.settings(), "drilling");
        let writer = writer.as_ref().map(|writer| writer as &dyn WriteProbe);
        local::drill(&data_dir, &request, writer, &reporter).map_err(|error| match error {
            LocalError::Interrupted => {
                CliError::new(Kind::Interrupted, "interrupted before anything was taken away")
            }
            error => error.into(),
        })?
    };
    let passed = report.passed();
    if ui.is_json() {
        ui.json("syncctl/drill/1", &Document { passed, report: &report })?;
    } else {
        let width = ui.settings().terminal.width;
        for line in view::render(&report, ui.style(), width) {
            ui.line(&line)?;
        }
    }
    if report.interrupted {
        ui.note(&format!("\n{}", view::remains(&report)));
        return Ok(ExitCode::Interrupted);
    }
    Ok(if passed { ExitCode::Done } else { ExitCode::Failed })
}

fn request(args: &DrillArgs) -> Result<DrillRequest> {
    let refuse = |what: &str| Err(CliError::new(Kind::Usage, what));
    let lasts = matches!(args.what, What::Zone | What::Disk);
    if args.outage.is_some() && !lasts {
        return refuse("--for has a meaning for `drill zone` and `drill disk` only");
    }
    if args.target.is_some() && args.what == What::Disk {
        return refuse("`drill disk` takes no target");
    }
    let outage = args.outage.unwrap_or(OUTAGE);
    if outage.is_zero() || outage > Duration::from_secs(3600) {
        return refuse("--for takes 1s to 1h");
    }
    Ok(DrillRequest {
        kind: match args.what {
            What::Instance => DrillKind::Instance,
            What::Freeze => DrillKind::Freeze,
            What::Zone => DrillKind::Zone,
            What::Disk => DrillKind::Disk,
        },
        target: args.target.clone(),
        outage,
        rate: args.rate,
    })
}

/// A protected deployment has users; somebody has to want this.
fn approve(deployment: &Chosen, data_dir: &std::path::Path, ui: &mut Ui) -> Result<()> {
    let recorded = local::recorded(data_dir)?;
    let protected = deployment.is_protected() || recorded.is_some_and(|it| it.protect);
    if !protected {
        return Ok(());
    }
    let name = deployment.name();
    match ui.settings().consent {
        Consent::Given => Ok(()),
        Consent::Ask => {
            ui.confirm(&format!("{name} is protected. Take a part of it away for a drill?"))
        }
        Consent::CannotAsk => {
            let message = format!("{name} is protected, and there is no terminal to ask on");
            Err(CliError::new(Kind::Failed, message).hint("to decide it here: --yes"))
        }
    }
}
