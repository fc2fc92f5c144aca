//! `attach`, `cancel` and `events` on AWS: operations that somebody else began, or an earlier run.

use deploy::follow::{self, Operation, What};
use deploy::plan::Kind as StackKind;
use deploy::{DeployError, observe};
use stack::stack_name;

use super::Session;
use super::listener::Screen;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::settings::Consent;
use crate::ui::Ui;
use crate::ui::log_line::printable;
use crate::ui::units;

/// Both stacks with what is being done to them.
pub(crate) fn under_way(session: &Session, ui: &Ui) -> Result<Vec<Operation>> {
    let screen = Screen::new(ui.settings());
    Ok(session.inquire(&screen, async |deployer| {
        let deployment = deployer.deployment();
        let mut found = Vec::new();
        for (of, kind) in
            [(stack::StackKind::Data, StackKind::Data), (stack::StackKind::App, StackKind::App)]
        {
            let name = stack_name(&deployment.name, of);
            let Some(summary) = observe::summary(deployer.cloud, &name, deployment).await? else {
                continue;
            };
            if !summary.status.is_in_progress() {
                continue;
            }
            let status = summary.status.as_str();
            let what = match status {
                "CREATE_IN_PROGRESS" | "ROLLBACK_IN_PROGRESS" => What::Create,
                _ if status.starts_with("DELETE") => What::Delete,
                _ if status.starts_with("UPDATE") => What::Update,
                _ => What::Import,
            };
            found.push(Operation { kind, stack: summary.id, name, after: None, what });
        }
        Ok(found)
    })?)
}

/// Follows whatever is under way to its end.
pub(crate) fn attach(session: &Session, ui: &mut Ui) -> Result<ExitCode> {
    let operations = under_way(session, ui)?;
    if operations.is_empty() {
        ui.line(&format!("Nothing is under way on {}.", session.name()))?;
        return Ok(ExitCode::Done);
    }
    for operation in &operations {
        ui.note(&format!("Following {}; Ctrl-C leaves it or cancels it.", operation.name));
        let screen = Screen::new(ui.settings());
        let ended = session.run(&screen, async |deployer| {
            let ended = follow::follow(&deployer, operation).await?;
            let well = match operation.what {
                What::Delete => ended.status.as_str() == "DELETE_COMPLETE",
                What::Create | What::Update | What::Import => {
                    ended.status.is_success() && ended.status.as_str() != "DELETE_COMPLETE"
                }
            };
            if well { Ok(ended) } else { Err(follow::failure(&deployer, operation, &ended)) }
        })?;
        drop(screen);
        ui.line(&format!("{} is {}.", operation.name, ended.status))?;
    }
    ui.note("`syncctl up` does what is left: it goes on where the other run would have.");
    Ok(ExitCode::Done)
}

/// Undoes whatever is under way.
pub(crate) fn cancel(session: &Session, ui: &mut Ui) -> Result<ExitCode> {
    let operations = under_way(session, ui)?;
    if operations.is_empty() {
        ui.line(&format!("Nothing is under way on {}; nothing was cancelled.", session.name()))?;
        return Ok(ExitCode::Done);
    }
    if let Some(operation) =
        operations.iter().find(|operation| matches!(operation.what, What::Delete | What::Import))
    {
        return Err(CliError::new(
            Kind::Failed,
            format!("{} is in the middle of something that cannot be cancelled", operation.name),
        )
        .hint("`syncctl attach` follows it to its end"));
    }
    let names: Vec<&str> = operations.iter().map(|operation| operation.name.as_str()).collect();
    match ui.settings().consent {
        Consent::Given => {}
        Consent::Ask => ui.confirm(&format!("Undo what is under way on {}?", names.join(", ")))?,
        Consent::CannotAsk => {
            return Err(CliError::new(
                Kind::Failed,
                "cancelling needs a yes, and there is no terminal to ask on",
            )
            .hint("`syncctl cancel --yes`"));
        }
    }
    for operation in &operations {
        let screen = Screen::new(ui.settings());
        let ended = session
            .run(&screen, async |deployer| follow::cancel_and_follow(&deployer, operation).await);
        drop(screen);
        match ended {
            Ok(()) | Err(DeployError::Cancelled(_)) => {}
            Err(error) => return Err(error.into()),
        }
        ui.line(&format!("{} is as it was before.", operation.name))?;
    }
    Ok(ExitCode::Done)
}

/// What happened to both stacks lately, oldest first.
pub(crate) fn events(
    session: &Session,
    most: usize,
    failures_only: bool,
    ui: &mut Ui,
) -> Result<ExitCode> {
    let screen = Screen::new(ui.settings());
    let mut events = session.inquire(&screen, async |deployer| {
        let deployment = deployer.deployment();
        let mut events = Vec::new();
        for of in [stack::StackKind::Data, stack::StackKind::App] {
            let name = stack_name(&deployment.name, of);
            if let Some(summary) = observe::summary(deployer.cloud, &name, deployment).await? {
                events.extend(deployer.cloud.events(&summary.id, None).await?);
            }
        }
        if events.is_empty() {
            return Err(DeployError::Absent { name: deployment.name.to_string() });
        }
        Ok(events)
    })?;
    drop(screen);
    events.retain(|event| !failures_only || event.is_failure());
    events.sort_by_key(|event| event.at);
    let skip = events.len().saturating_sub(most);
    for event in &events[skip..] {
        let id = event.physical_id.as_deref().filter(|id| !id.is_empty());
        if ui.is_json() {
            let document = serde_json::json!({
                "at": event.at.to_string(),
                "logical_id": event.logical_id,
                "physical_id": id,
                "resource_type": event.resource_type,
                "status": event.status,
                "detailed_status": event.detailed_status,
                "reason": event.reason,
                "token": event.token,
            });
            let line = ui.json_line("syncctl/event/1", &document)?;
            ui.result(&line)?;
            continue;
        }
        let reason = event.reason.as_deref().map(|reason| format!("  {}", printable(reason)));
        ui.line(&format!(
            "{}  {:<28} {} ({}){}",
            event.at.strftime("%Y-%m-%d %H:%M:%S"),
            event.status,
            printable(&event.logical_id),
            event.resource_type,
            reason.unwrap_or_default()
        ))?;
    }
    match (events.is_empty(), skip) {
        (true, _) => ui.note(&format!("Nothing has failed in {}.", session.name())),
        (false, 0) => {}
        (false, earlier) => ui.note(&format!(
            "{} not shown; --last says how many are.",
            units::count(earlier as u64, "earlier event is", "earlier events are")
        )),
    }
    Ok(ExitCode::Done)
}
