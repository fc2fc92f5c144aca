use std::path::Path;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};
use local::{DownOutcome, LocalError};
use serde::Serialize;

use crate::aws::flags::{self, Waiting};
use crate::aws::{self, Session};
use crate::deployment::{self, Chosen};
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::reporter::ProgressReporter;
use crate::settings::Consent;
use crate::ui::Ui;

mod loss;

/// Stop the service; what the blueprint keeps stays
///
/// On this machine the data stays. On AWS both stacks go, after saying what dies and what stays:
/// what the blueprint calls disposable is emptied and gone, the rest is taken over by the next `up`.
/// Losing data needs the name typed, or `--yes --name NAME`.
///
/// With --purge-data everything is deleted as well, after saying what will be lost. That needs the
/// name of the deployment typed; `--yes --name NAME` does it without a question. A deployment with
/// `protect: true` is only purged by typing its name on a terminal.
#[derive(Debug, Args)]
pub(crate) struct DownArgs {
    /// Delete all accounts and files as well, for good
    #[arg(long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::DOWN_PURGE_DATA, hide_env = true)]
    purge_data: bool,
    #[command(flatten)]
    waiting: Waiting,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    name: &'a str,
    /// Processes that were stopped; 0 when nothing ran.
    stopped: usize,
    data_dir: &'a Path,
    /// Absent when the data stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    purged: Option<loss::Loss>,
}

pub(crate) fn run(args: DownArgs, ui: &mut Ui) -> Result<ExitCode> {
    let deployment = deployment::load(ui)?;
    if deployment.is_aws() {
        if args.purge_data {
            return Err(CliError::new(Kind::Usage, "--purge-data is for `target: local`")
                .hint("on AWS the blueprint says what is disposable: storage.content.retain"));
        }
        return aws::down::run(&Session::look(deployment, ui)?, &args.waiting, ui);
    }
    flags::refuse_here(&flags::ServiceRole::default(), &args.waiting)?;
    let data_dir = deployment.data_dir()?;
    if let Err(LocalError::NoDataDirectory { .. }) = local::DataDir::open(&data_dir) {
        return nothing_there(deployment.name(), &data_dir, ui);
    }
    let loss = match args.purge_data {
        true => Some(approve_purge(&deployment, &data_dir, ui)?),
        false => None,
    };
    let stopped = {
        let reporter = ProgressReporter::new(ui.settings(), "stopping");
        match local::down(&data_dir, &reporter)? {
            DownOutcome::Stopped { processes } => processes,
            DownOutcome::NothingRan => 0,
        }
    };
    if loss.is_some() {
        local::purge(&data_dir)?;
    }
    let name = deployment.name();
    if ui.is_json() {
        ui.json("syncctl/down/1", &Document { name, stopped, data_dir: &data_dir, purged: loss })?;
    } else {
        let outcome = match stopped {
            0 => format!("{name} was not running"),
            _ => format!("{name} is stopped"),
        };
        let shown = data_dir.display();
        ui.line(&match loss {
            None => format!("{outcome}. Its data stays in {shown}"),
            Some(_) => format!("{outcome}. Its data in {shown} is deleted"),
        })?;
    }
    Ok(ExitCode::Done)
}

/// A deployment that was never up, or is purged already: nothing to do.
fn nothing_there(name: &str, data_dir: &Path, ui: &mut Ui) -> Result<ExitCode> {
    if ui.is_json() {
        ui.json("syncctl/down/1", &Document { name, stopped: 0, data_dir, purged: None })?;
    } else {
        let shown = data_dir.display();
        ui.line(&format!("{name} was not running, and there is no data in {shown}"))?;
    }
    Ok(ExitCode::Done)
}

/// Says what will be lost and lets the person decide.
///
/// `--yes` alone is habit; together with the name it is a decision. Production data asks a person.
fn approve_purge(deployment: &Chosen, data_dir: &Path, ui: &mut Ui) -> Result<loss::Loss> {
    // What is not ours is not counted, let alone offered for deletion.
    let recorded = local::recorded(data_dir)?;
    let name = recorded.as_ref().map_or(deployment.name(), |recorded| recorded.name.as_str());
    if name != deployment.name() {
        let what = format!(
            "the data in {} belongs to `{name}`, not `{}`; nothing was changed",
            data_dir.display(),
            deployment.name()
        );
        return Err(CliError::new(Kind::Failed, what).hint(format!(
            "to delete it: syncctl down --purge-data --name {name} --data-dir {}",
            data_dir.display()
        )));
    }
    // Either is enough: today's blueprint, or the one that the last `up` put in force.
    let protected = deployment.is_protected() || recorded.as_ref().is_some_and(|it| it.protect);
    let loss = loss::count(data_dir);
    let question = format!("This deletes {} in {}, for good.", loss.describe(), data_dir.display());
    let settings = ui.settings();
    let named = settings.name.as_deref() == Some(name);
    if settings.consent == Consent::Given && named && !protected {
        ui.note(&question);
        return Ok(loss);
    }
    if settings.can_ask {
        ui.confirm_by_typing(&question, name)?;
        return Ok(loss);
    }
    let refused = CliError::new(
        Kind::Failed,
        "deleting the data needs a decision, and there is no terminal to ask on",
    )
    .cause(question);
    Err(match protected {
        true => refused.hint("`protect: true`: run this on a terminal and type the name, or run `up` with `protect: false` first"),
        false => refused.hint(format!("to decide it here: syncctl down --purge-data --yes --name {name}")),
    })
}
