//! Handing an invitation to the person: shown once, or written to a file of their own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use store::Invitation;

use crate::accounts::Entry;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::repeat::quoted;
use crate::ui::Ui;

/// A new file of the person's own (mode 0600) that waits for an invitation.
pub(crate) struct InvitationFile {
    path: PathBuf,
    file: File,
    written: bool,
}

/// What JSON shows of an invitation.
#[derive(Debug, Serialize)]
pub(crate) struct InvitationDocument {
    /// The secret itself; absent when it went to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<PathBuf>,
    pub(crate) expires_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct HandedOver<'a> {
    invitation: InvitationDocument,
    endpoint: &'a str,
    /// What clients have to trust, where the certificate is self-made.
    #[serde(skip_serializing_if = "Option::is_none")]
    authority: Option<&'a Path>,
}

/// Creates the file before the invitation is made, so that an invitation is never lost to a path
/// that cannot be written. A file that is there already is left alone.
pub(crate) fn reserve(path: Option<PathBuf>) -> Result<Option<InvitationFile>> {
    let Some(path) = path else { return Ok(None) };
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let file = file.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => CliError::new(
            Kind::CannotCreate,
            format!("{} exists already; it was left alone, and nobody was invited", path.display()),
        )
        .hint("name a file that does not exist yet"),
        _ => CliError::write(format!("cannot create {}", path.display()), &error)
            .hint("name a file in a folder that you can write"),
    })?;
    Ok(Some(InvitationFile { path, file, written: false }))
}

/// Writes the invitation where it was asked for and returns what may be shown of it.
pub(crate) fn deliver(
    invitation: &Invitation,
    file: Option<InvitationFile>,
) -> Result<InvitationDocument> {
    let expires_at = invitation.expires_at;
    let Some(mut file) = file else {
        return Ok(InvitationDocument {
            code: Some(invitation.code.clone()),
            file: None,
            expires_at,
        });
    };
    file.write(&invitation.code)?;
    Ok(InvitationDocument { code: None, file: Some(file.path.clone()), expires_at })
}

/// Shows an invitation as the result of a command.
pub(crate) fn hand_over(
    invitation: &Invitation,
    file: Option<InvitationFile>,
    entry: &Entry,
    ui: &mut Ui,
) -> Result<ExitCode> {
    let document = deliver(invitation, file)?;
    let authority = entry.authority.as_deref();
    if ui.is_json() {
        ui.json(
            "syncctl/invitation/1",
            &HandedOver { invitation: document, endpoint: &entry.endpoint, authority },
        )?;
        return Ok(ExitCode::Done);
    }
    show(&document, ui)?;
    ui.note("\nNext, on the person's machine:");
    for command in login_commands(&document, entry) {
        ui.note(&format!("  {command}"));
    }
    Ok(ExitCode::Done)
}

/// The invitation alone on standard output, what there is to say about it on standard error.
fn show(document: &InvitationDocument, ui: &mut Ui) -> Result<()> {
    let until = until(document);
    match (&document.code, &document.file) {
        (Some(code), _) => {
            ui.note(&format!(
                "This invitation works once, until {until}, and is not shown again:\n"
            ));
            let code = ui.style().bold(code);
            ui.line(&code)
        }
        (None, Some(path)) => ui
            .line(&format!("Invitation written to {} (works once, until {until})", path.display())),
        (None, None) => Ok(()),
    }
}

/// The invitation as a part of a longer report.
pub(crate) fn report(document: &InvitationDocument, ui: &mut Ui) -> Result<()> {
    let Some(code) = &document.code else { return show(document, ui) };
    let code = ui.style().bold(code);
    ui.line(&format!("  Invitation  {code}"))?;
    ui.line(&format!("              works once, until {}; not shown again", until(document)))?;
    ui.line("              ends when somebody else makes an account first")
}

fn until(document: &InvitationDocument) -> String {
    moment(document.expires_at)
}

pub(crate) fn moment(time: Timestamp) -> String {
    time.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// The commands that redeem it; the secret comes from a prompt or from the file.
pub(crate) fn login_commands(document: &InvitationDocument, entry: &Entry) -> Vec<String> {
    let Entry { endpoint, authority } = entry;
    // A certificate of our own is trusted by nobody who has not been told.
    let trust = authority.iter().map(|path| format!("export SSL_CERT_FILE={}", quoted_path(path)));
    let login = match &document.file {
        Some(path) => {
            format!("sync-agent login {endpoint} --invitation-file {}", quoted_path(path))
        }
        None => format!("sync-agent login {endpoint}"),
    };
    trust.chain([login]).collect()
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

impl InvitationFile {
    fn write(&mut self, code: &str) -> Result<()> {
        let written = writeln!(self.file, "{code}").and_then(|()| self.file.sync_all());
        written.map_err(|error| {
            CliError::write(format!("cannot write {}", self.path.display()), &error)
        })?;
        self.written = true;
        Ok(())
    }
}

impl Drop for InvitationFile {
    fn drop(&mut self) {
        if !self.written {
            // It is ours and holds no invitation; what went wrong is told already.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_self_made_certificate_is_trusted_before_the_login() {
        let expires_at = Timestamp::UNIX_EPOCH;
        let document = InvitationDocument { code: None, file: None, expires_at };
        let entry = Entry {
            endpoint: "https://127.0.0.1:8420".to_owned(),
            authority: Some("/my data/secrets/tls-authority.pem".into()),
        };
        assert_eq!(
            login_commands(&document, &entry),
            [
                "export SSL_CERT_FILE='/my data/secrets/tls-authority.pem'",
                "sync-agent login https://127.0.0.1:8420",
            ]
        );
    }
}
