//! `up` on AWS: an `apply`, and the invitation for whoever comes first.

use std::path::PathBuf;

use store::Invitation;

use super::accounts::{accounts, entry};
use super::apply::failed_without_account;
use super::apply::{Request, run as apply};
use super::{Session, show};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::invitation;
use crate::ui::Ui;

pub(crate) fn run(
    session: &Session,
    request: &Request,
    file: Option<PathBuf>,
    ui: &mut Ui,
) -> Result<ExitCode> {
    // Reserved first: an invitation is never lost to a path that cannot be written.
    let file = match file {
        Some(path) if path.exists() => {
            ui.note(&format!("{} is there already and stays as it is.", path.display()));
            None
        }
        path => invitation::reserve(path)?,
    };
    let (applied, elapsed) = apply(session, request, ui)?;
    let accounts = accounts(session, &applied.verified.outputs)?;
    // A job's log is read by many: without a file of its own an invitation is only shown to a person.
    let may_show = ui.settings().can_ask || file.is_some();
    let first: store::Result<(bool, Option<Invitation>)> = session.block_on(async {
        // An invitation that waits stays valid, unless a file for a new one was asked for.
        let (known, pending) = (accounts.list().await?, accounts.pending().await?);
        let nobody = known.is_empty();
        match nobody && may_show && (pending.is_empty() || file.is_some()) {
            true => Ok((nobody, accounts.invite_first().await?)),
            false => Ok((nobody, None)),
        }
    });
    let (nobody, first) = first.map_err(failed_without_account)?;
    let invitation = match &first {
        Some(invitation) => Some(invitation::deliver(invitation, file)?),
        None => None,
    };
    show::applied("syncctl/up/1", session, &applied, elapsed, invitation.as_ref(), ui)?;
    match &invitation {
        Some(document) if !ui.is_json() => {
            ui.line("")?;
            invitation::report(document, ui)?;
            ui.note("\nNext:");
            for command in invitation::login_commands(document, &entry(&applied.verified.outputs)) {
                ui.note(&format!("  {command}"));
            }
        }
        None if nobody => ui.note(
            "\nNobody has an account yet. Invite the first user with `syncctl user add EMAIL`, or let `syncctl up --invitation-file FILE` write the invitation.",
        ),
        _ => {}
    }
    show::last_line(session, &applied, elapsed, ui);
    Ok(ExitCode::Done)
}
