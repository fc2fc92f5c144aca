//! `up` on AWS: an `apply`, and the invitation for whoever comes first.

use std::path::PathBuf;

use store::Invitation;

use super::accounts::{accounts, entry};
use super::apply::{Request, run as apply};
use super::{Session, apply::failed_without_account};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::invitation;
use crate::ui::Ui;

pub(crate) fn run(session: &Session, file: Option<PathBuf>, ui: &mut Ui) -> Result<ExitCode> {
    // Reserved first: an invitation is never lost to a path that cannot be written.
    let file = match file {
        Some(path) if path.exists() => {
            ui.note(&format!("{} is there already and stays as it is.", path.display()));
            None
        }
        path => invitation::reserve(path)?,
    };
    let (code, applied) = apply("syncctl/up/1", session, &Request::default(), ui)?;
    let entry = entry(&applied.verified.outputs);
    let accounts = accounts(session, &applied.verified.outputs)?;
    let first: Result<Option<Invitation>, _> = session.block_on(async {
        // An invitation that waits stays valid, unless a file for a new one was asked for.
        let (known, pending) = (accounts.list().await?, accounts.pending().await?);
        match known.is_empty() && (pending.is_empty() || file.is_some()) {
            true => accounts.invite_first().await,
            false => Ok(None),
        }
    });
    if let Some(invitation) = first.map_err(failed_without_account)? {
        let document = invitation::deliver(&invitation, file)?;
        if ui.is_json() {
            // The report has its own document already; the invitation is a second one.
            ui.json("syncctl/invitation/1", &document)?;
        } else {
            ui.line("")?;
            invitation::report(&document, ui)?;
            ui.note("\nNext:");
            for command in invitation::login_commands(&document, &entry) {
                ui.note(&format!("  {command}"));
            }
        }
    }
    Ok(code)
}
