//! Where a login's two secrets come from: files, standard input or a hidden prompt.

use std::io::{self, BufRead};
use std::path::Path;

use sync::secret::Secret;

use crate::args::LoginArgs;
use crate::failure::Failure;
use crate::input::{ask, ask_hidden, has_terminal};

pub(crate) struct Secrets {
    pub(crate) invitation: Option<Secret>,
    pub(crate) login: Option<String>,
    pub(crate) password: Secret,
}

enum Origin<'a> {
    File(&'a Path),
    Stdin,
}

pub(crate) fn read(args: &LoginArgs) -> Result<Secrets, Failure> {
    // The invitation comes first on standard input.
    let invitation = origin(args.invitation_file.as_deref(), args.invitation_stdin);
    let password = origin(args.password_file.as_deref(), args.password_stdin);
    let interactive = has_terminal();
    let given_invitation = invitation.map(|origin| take("invitation", &origin)).transpose()?;
    let given_password = password.map(|origin| take("password", &origin)).transpose()?;
    let unattended = given_password.is_some();

    if !interactive && !unattended {
        return Err(Failure::Usage(
            "there is no terminal to ask for the password; use --password-file or \
             --password-stdin"
                .to_owned(),
        ));
    }
    let invitation = match given_invitation {
        Some(code) => Some(code),
        None if unattended => None,
        None => Some(ask_hidden("Invitation code (empty if you have an account)")?)
            .filter(|code| !code.trim().is_empty()),
    };
    let login = match &args.login {
        Some(login) => Some(login.clone()),
        None if unattended => None,
        None => Some(ask("E-mail address")?).filter(|login| !login.is_empty()),
    };
    if invitation.is_none() && login.is_none() {
        return Err(Failure::Usage("whose password is it? add --login EMAIL".to_owned()));
    }
    let password = match given_password {
        Some(password) => password,
        None if invitation.is_some() => new_password()?,
        None => ask_hidden("Password")?,
    };
    Ok(Secrets {
        invitation: invitation.map(|code| Secret::new(code.trim())),
        login,
        password: Secret::new(password),
    })
}

fn new_password() -> Result<String, Failure> {
    let password = ask_hidden("Choose a password")?;
    if ask_hidden("The same again")? == password {
        return Ok(password);
    }
    Err(Failure::plain("the two passwords differ; nothing was changed"))
}

fn origin(file: Option<&Path>, stdin: bool) -> Option<Origin<'_>> {
    match file {
        Some(path) if path == Path::new("-") => Some(Origin::Stdin),
        Some(path) => Some(Origin::File(path)),
        None => stdin.then_some(Origin::Stdin),
    }
}

/// One line; a password keeps its spaces and loses only the line's end.
fn take(what: &str, origin: &Origin<'_>) -> Result<String, Failure> {
    let mut text = String::new();
    let place = match origin {
        Origin::File(path) => {
            text = std::fs::read_to_string(path).map_err(|error| {
                Failure::plain(format!("can't read the {what} from {}: {error}", path.display()))
            })?;
            path.display().to_string()
        }
        Origin::Stdin => {
            io::stdin().lock().read_line(&mut text).map_err(|error| {
                Failure::plain(format!("can't read the {what} from standard input: {error}"))
            })?;
            "standard input".to_owned()
        }
    };
    let line = text.lines().next().unwrap_or_default().to_owned();
    if line.trim().is_empty() {
        return Err(Failure::plain(format!("{place} holds no {what}")));
    }
    Ok(line)
}
