//! `apply` and `up` on AWS: plan, show, ask, carry out.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use deploy::apply::{Applied, apply};
use deploy::observe::observe;
use deploy::planner::{Planning, Prepared, discard, prepare};
use deploy::{DeployError, drift, report, sealed};

use super::flags::Waiting;
use super::listener::Screen;
use super::{Session, consent, plan, recover};
use crate::error::{CliError, Kind, Result};
use crate::ui::{Ui, stream};

/// How an apply was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// Losses of data agreed to on the command line, by logical id.
    pub(crate) allow_data_loss: Vec<String>,
    /// Undo what was changed by hand as well.
    pub(crate) revert_drift: bool,
    /// The person spoke of this alone, as a word; there has to be a deployment.
    pub(crate) only: Option<&'static str>,
    /// Let no alarm undo it.
    pub(crate) without_alarms: bool,
    /// Take the newest image.
    pub(crate) renew_image: bool,
    /// How long to wait for somebody else.
    pub(crate) waiting: Waiting,
}

/// Plans, shows the plan, asks, and carries it out; what was shown is what is done.
pub(crate) fn run(
    session: &Session,
    request: &Request,
    ui: &mut Ui,
) -> Result<(Applied, Duration)> {
    let begun = Instant::now();
    let patience = request.waiting.wait_for_other.unwrap_or_default();
    loop {
        match attempt(session, request, begun, ui) {
            // Both have seen the same world, and the other one has changed it first.
            Err(error)
                if matches!(error.kind, Kind::Stale | Kind::Busy) && begun.elapsed() < patience =>
            {
                ui.note(&format!("Somebody else was faster ({}). Planning anew.", error.message));
            }
            done => return done,
        }
    }
}

fn attempt(
    session: &Session,
    request: &Request,
    begun: Instant,
    ui: &mut Ui,
) -> Result<(Applied, Duration)> {
    let planning = Planning {
        keep: true,
        revert_drift: request.revert_drift,
        drift: request.revert_drift,
        renew_image: request.renew_image,
        without_alarms: request.without_alarms,
        ..Planning::default()
    };
    let prepared = prepare_or_recover(session, planning, &request.waiting, ui)?;
    if request.only.is_some() && !prepared.observed.app.as_ref().is_some_and(|it| it.is_deployed())
    {
        let screen = Screen::new(ui.settings());
        session.run(&screen, async |deployer| discard(&deployer, &prepared).await)?;
        return Err(DeployError::Absent { name: session.name().to_owned() }.into());
    }
    if !prepared.plan.has_changes() && prepared.plan.blockers().next().is_none() {
        let applied = carry_out(session, &prepared, &BTreeSet::new(), ui)?;
        return Ok((applied, begun.elapsed()));
    }
    plan::tell(&prepared.plan, ui);
    if ui.settings().streams {
        stream::document(&report::Document::new(&prepared.plan));
    }
    if let Some(only) = request.only.filter(|_| is_another_blueprint(session, &prepared)) {
        ui.note(&format!("This carries out more than the {only}: the blueprint has changed since the last `syncctl up`, or flags of it are missing."));
    }
    let approved = match agree(&prepared, request, ui) {
        Ok(approved) => approved,
        Err(error) => {
            let screen = Screen::new(ui.settings());
            // Nobody carries them out any more. That they could not be removed is said, and changes nothing.
            let removed =
                session.run(&screen, async |deployer| discard(&deployer, &prepared).await);
            if let Err(failed) = removed {
                ui.note(&format!("The plan's change sets are still there: {failed}"));
            }
            return Err(error);
        }
    };
    let applied = carry_out(session, &prepared, &approved, ui)?;
    if request.revert_drift {
        tell_what_is_left(session, ui)?;
    }
    Ok((applied, begun.elapsed()))
}

/// Whether the blueprint is another one than the deployed.
fn is_another_blueprint(session: &Session, prepared: &Prepared) -> bool {
    let deployed =
        prepared.observed.app.as_ref().and_then(|app| app.summary.outputs.get("Blueprint"));
    deployed.is_some_and(|digest| *digest != session.blueprint().deployment().digest())
}

/// An endpoint may take the wish to undo drift and not fulfil it.
fn tell_what_is_left(session: &Session, ui: &mut Ui) -> Result<()> {
    let left = {
        let screen = Screen::new(ui.settings());
        session.inquire(&screen, async |deployer| {
            let observed = observe(deployer.cloud, deployer.deployment()).await?;
            drift::detect(&deployer, &observed).await
        })?
    };
    if !left.is_empty() {
        let names: Vec<&str> = left.iter().map(|drift| drift.logical_id.as_str()).collect();
        ui.note(&format!(
            "Still changed outside syncctl: {}. `syncctl drift` shows how.",
            names.join(", ")
        ));
    }
    Ok(())
}

fn agree(prepared: &Prepared, request: &Request, ui: &mut Ui) -> Result<BTreeSet<String>> {
    let blockers: Vec<_> = prepared.plan.blockers().cloned().collect();
    if !blockers.is_empty() {
        return Err(DeployError::Blocked(blockers).into());
    }
    consent::to_apply(&prepared.plan, &request.allow_data_loss, ui)
}

/// Carries out a sealed plan, or nothing at all. Handing over the file is the approval, losses of data included: they
/// were in the plan that somebody sealed.
pub(crate) fn run_sealed(
    session: &Session,
    file: &Path,
    waiting: &Waiting,
    ui: &mut Ui,
) -> Result<(Applied, Duration)> {
    let begun = Instant::now();
    let text = read_plan(file)?;
    let sealed = sealed::read(&text)?;
    let screen = Screen::new(ui.settings());
    let again = Planning { quick: true, ..Planning::default() };
    let prepared =
        session.inquire_patiently(waiting.wait_for_other, &screen, async |deployer| {
            prepare(&deployer, again).await
        })?;
    let applied = session.run(&screen, async |deployer| {
        let prepared = sealed::reopen(&deployer, &sealed, prepared).await?;
        let approved =
            prepared.plan.losses().map(|(_, change)| change.logical_id.clone()).collect();
        apply(&deployer, &prepared, &approved).await
    })?;
    drop(screen);
    Ok((applied, begun.elapsed()))
}

/// A plan of 500 resources takes about a megabyte.
const LARGEST_PLAN: u64 = 32 * 1024 * 1024;

fn read_plan(file: &Path) -> Result<String> {
    let unreadable =
        |error| CliError::io(format!("cannot read the plan {}", file.display()), &error);
    let found = std::fs::metadata(file).map_err(unreadable)?;
    if !found.is_file() || found.len() > LARGEST_PLAN {
        let message = format!("{} is no plan of `syncctl plan --out`", file.display());
        return Err(CliError::new(Kind::DataFormat, message));
    }
    std::fs::read_to_string(file).map_err(unreadable)
}

fn carry_out(
    session: &Session,
    prepared: &Prepared,
    approved: &BTreeSet<String>,
    ui: &mut Ui,
) -> Result<Applied> {
    let screen = Screen::new(ui.settings());
    Ok(session.run(&screen, async |deployer| apply(&deployer, prepared, approved).await)?)
}

/// A stack that died while it was first made is removed on the way; anything else that is stuck is asked about.
fn prepare_or_recover(
    session: &Session,
    planning: Planning,
    waiting: &Waiting,
    ui: &mut Ui,
) -> Result<Prepared> {
    let attempt = |ui: &Ui| {
        let screen = Screen::new(ui.settings());
        session.inquire_patiently(waiting.wait_for_other, &screen, async |deployer| {
            prepare(&deployer, planning).await
        })
    };
    match attempt(ui) {
        Err(DeployError::Stuck { stack, status, reason }) => {
            let stuck = DeployError::Stuck { stack, status: status.clone(), reason };
            if !status.is_dead() && !ui.settings().can_ask {
                return Err(stuck.into());
            }
            ui.note(&format!("{stuck}."));
            recover::run(session, &recover::Request { from_up: true, ..Default::default() }, ui)?;
            Ok(attempt(ui)?)
        }
        prepared => Ok(prepared?),
    }
}

/// What `up` does after the first time: nobody has an account yet.
pub(crate) fn failed_without_account(error: impl std::fmt::Display) -> CliError {
    CliError::new(
        Kind::Failed,
        format!("the service is up, and its accounts cannot be read: {error}"),
    )
    .hint("invite the first user with `syncctl user add EMAIL`")
}
