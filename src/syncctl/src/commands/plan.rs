use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};
use deploy::plan::Plan;
use deploy::planner::{Planning, Prepared, discard, prepare};
use deploy::sealed;

use crate::aws::Session;
use crate::aws::flags::{ServiceRole, Waiting};
use crate::aws::listener::Screen;
use crate::aws::plan::{Shape, show};
use crate::aws::session::require_aws;
use crate::cli::Format;
use crate::commands::lifetime::Lifetime;
use crate::deployment;
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Show what `apply` would do on AWS, and change nothing
///
/// A plan that an `apply` would fail with ends with exit code 1. Changes come sorted by harm, with the line of the blueprint they come from. --out seals the plan:
/// `syncctl apply FILE` then carries out exactly this or nothing at all. --format markdown writes a
/// comment for a pull request; where GITHUB_STEP_SUMMARY is set, it is appended there as well.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Seal the plan into this new file, and keep its change sets
    #[arg(long, value_name = "FILE", conflicts_with = "quick", env = env_vars::PLAN_OUT, hide_env = true)]
    out: Option<PathBuf>,
    /// Exit code 2 where there are changes, 0 where there are none
    #[arg(long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::PLAN_DETAILED_EXITCODE, hide_env = true)]
    detailed_exitcode: bool,
    /// Compare templates only, in two calls: no change sets, no drift, no checks of the account
    #[arg(long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::PLAN_QUICK, hide_env = true)]
    quick: bool,
    #[command(flatten)]
    lifetime: Lifetime,
    #[command(flatten)]
    role: ServiceRole,
    #[command(flatten)]
    waiting: Waiting,
}

pub(crate) fn run(args: PlanArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load_with_ttl(ui, args.lifetime.ttl())?;
    require_aws(&chosen, "plan")?;
    let mut session = Session::open(chosen, ui)?;
    session.set_service_role(args.role.role_arn);
    if let Some(path) = args.out.as_ref().filter(|path| path.exists()) {
        return Err(CliError::new(
            Kind::CannotCreate,
            format!("{} exists already", path.display()),
        )
        .hint("name a file that does not exist yet"));
    }
    let planning = Planning {
        keep: false,
        seal: args.out.is_some(),
        glance: args.quick,
        drift: !args.quick,
        ..Planning::default()
    };
    let prepared = {
        let screen = Screen::new(ui.settings());
        session.inquire_patiently(args.waiting.wait_for_other, &screen, async |deployer| {
            prepare(&deployer, planning).await
        })?
    };
    if let Some(path) = &args.out
        && let Err(error) = write_seal(&prepared, path)
    {
        let screen = Screen::new(ui.settings());
        // A plan that could not be written is no plan: its change sets are litter.
        session.run(&screen, async |deployer| discard(&deployer, &prepared).await)?;
        return Err(error);
    }
    let shape = match ui.settings().format {
        Format::Json => Shape::Json,
        Format::Markdown => Shape::Markdown,
        Format::Text | Format::Svg | Format::Mermaid => Shape::Text,
    };
    show(&prepared.plan, shape, ui)?;
    if let Some(path) = &args.out {
        ui.note(&format!(
            "Sealed into {}; carry it out with `syncctl apply {}`.",
            path.display(),
            path.display()
        ));
    }
    let plan = &prepared.plan;
    ui.last_line(&last_line(plan, args.out.as_deref()));
    if plan.blockers().next().is_some() {
        return Ok(ExitCode::Failed);
    }
    Ok(match args.detailed_exitcode && prepared.plan.has_changes() {
        true => ExitCode::ChangesPresent,
        false => ExitCode::Done,
    })
}

/// What a person needs who has scrolled to the end of a job's log.
fn last_line(plan: &Plan, sealed: Option<&Path>) -> String {
    let place = format!("{} in {} of account {}", plan.name, plan.region, plan.account);
    if plan.blockers().next().is_some() {
        return format!("{place}: blocked. Next: solve what is marked `blocked` above");
    }
    if !plan.has_changes() {
        return format!("{place}: nothing to change.");
    }
    let counts = plan.counts();
    let next = match sealed {
        Some(file) => format!("syncctl apply {}", file.display()),
        None => "syncctl apply".to_owned(),
    };
    format!(
        "{place}: {} to add, {} to change, {} to replace, {} to remove. Next: `{next}`",
        counts.add + counts.import,
        counts.change,
        counts.replace,
        counts.remove
    )
}

fn write_seal(prepared: &Prepared, path: &Path) -> Result<()> {
    let sealed = sealed::seal(prepared, jiff::Timestamp::now());
    let text = serde_json::to_string_pretty(&sealed)
        .map_err(|error| CliError::from_error(Kind::Failed, &error))?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| CliError::write(format!("cannot write {}", path.display()), &error))
}
