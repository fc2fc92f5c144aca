//! `recover` on AWS.

use deploy::DeployError;
use deploy::recover::{Ailment, Consent as Limits, Cure, cure, diagnose};
use serde::Serialize;

use super::Session;
use super::listener::Screen;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::settings::Consent;
use crate::ui::Ui;
use crate::ui::log_line::printable;

/// How far a recovery may go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// Resources that a rollback may leave as they are.
    pub(crate) skip: Vec<String>,
    /// Remove a stack even where resources cannot be.
    pub(crate) force: bool,
    /// On the way of `up`, which has been agreed to.
    pub(crate) from_up: bool,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    recovered: &'a [Ailment],
}

pub(crate) fn run(session: &Session, request: &Request, ui: &mut Ui) -> Result<ExitCode> {
    let found = {
        let screen = Screen::new(ui.settings());
        session.inquire(&screen, async |deployer| diagnose(&deployer).await)?
    };
    for ailment in &found {
        describe(ailment, ui);
        agree(ailment, request, ui)?;
        let limits = Limits { skip: request.skip.clone(), force: request.force };
        let screen = Screen::new(ui.settings());
        let cured = session.run(&screen, async |deployer| cure(&deployer, ailment, &limits).await);
        drop(screen);
        cured.map_err(|error| failed(ailment, request, error))?;
    }
    if request.from_up {
        return Ok(ExitCode::Done);
    }
    if ui.is_json() {
        ui.json("syncctl/recover/1", &Document { recovered: &found })?;
    } else if found.is_empty() {
        ui.line(&format!("{} is not stuck; there is nothing to recover.", session.name()))?;
    } else {
        ui.line(&format!("{} can be worked with again; `syncctl up` goes on.", session.name()))?;
    }
    Ok(ExitCode::Done)
}

fn describe(ailment: &Ailment, ui: &mut Ui) {
    let what = match ailment.cure {
        Cure::Remove => "its first creation failed, and CloudFormation can only remove it",
        Cure::GoOn => "an update failed, and so did its rollback",
        Cure::RemoveAgain => "its removal stopped half-way",
        Cure::Discard => "a plan was made for it and never carried out",
    };
    ui.note(&format!("{} is in {}: {what}.", ailment.stack, ailment.status));
    if let Some(cause) = &ailment.cause {
        ui.note_exactly(&format!("  because {}", printable(&cause.sentence())));
    }
    if !ailment.blockers.is_empty() {
        ui.note(&format!("  in the way: {}", ailment.blockers.join(", ")));
    }
    if !ailment.kept.is_empty() {
        ui.note(&format!("  it holds data, which stays: {}", ailment.kept.join(", ")));
    }
    if !ailment.doomed.is_empty() {
        ui.note(&format!("  it holds data that would go with it: {}", ailment.doomed.join(", ")));
    }
    if !ailment.waiting.is_empty() {
        ui.note(&format!("  plans that wait: {}", ailment.waiting.join(", ")));
    }
}

fn agree(ailment: &Ailment, request: &Request, ui: &mut Ui) -> Result<()> {
    // Nothing is lost by removing a stack that holds nothing.
    let harmless = ailment.doomed.is_empty()
        && ailment.waiting.is_empty()
        && matches!(ailment.cure, Cure::Remove | Cure::Discard);
    if request.from_up && harmless {
        return Ok(());
    }
    let question = match ailment.cure {
        Cure::Remove | Cure::RemoveAgain | Cure::Discard => {
            "Remove this stack? What holds data stays in the world."
        }
        Cure::GoOn => "Go on with the rollback?",
    };
    match ui.settings().consent {
        Consent::Given => Ok(()),
        Consent::Ask => ui.confirm(question),
        Consent::CannotAsk => Err(CliError::new(
            Kind::Failed,
            "a recovery needs a yes, and there is no terminal to ask on",
        )
        .hint("`syncctl recover --yes`")),
    }
}

fn failed(ailment: &Ailment, request: &Request, error: DeployError) -> CliError {
    let error = CliError::from(error);
    match ailment.cure {
        Cure::Remove | Cure::RemoveAgain if !ailment.doomed.is_empty() => error
            .hint("`syncctl down` takes it down with its data, and asks by name first"),
        Cure::GoOn if request.skip.is_empty() => error.hint(format!(
            "mend what is in the way and run `syncctl recover` again, or leave it as it is: `syncctl recover --skip {}`",
            ailment.blockers.first().map_or("ID", String::as_str)
        )),
        Cure::RemoveAgain if !request.force => error.hint(
            "as a last step `syncctl recover --force` removes the stack and names what it leaves behind",
        ),
        _ => error,
    }
}
