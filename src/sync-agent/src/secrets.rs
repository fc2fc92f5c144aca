//! Where a login's two secrets come from: files, standard input or a hidden prompt.

use std::io::{self, BufRead};
use std::path::Path;

use sync::secret::Secret;

use crate::args::LoginArgs;
use crate::failure::Failure;
use crate::input::{ask, ask_hidden, has_terminal};
use crate::ui::tell;

/// How often somebody may mistype.
pub(crate) const ATTEMPTS: u32 = 3;

/// The server's rule; it is the one who enforces it.
const LEAST_PASSWORD_BYTES: usize = 10;

pub(crate) struct Secrets {
    pub(crate) invitation: Option<Secret>,
    pub(crate) login: Option<String>,
    pub(crate) password: Secret,
    /// Whether somebody typed the password, who can type it again.
    pub(crate) asked: bool,
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
        None if invitation.is_some() => {
            let login = ask("E-mail address (empty if the invitation was made for it)")?;
            Some(login).filter(|login| !login.is_empty())
        }
        None => Some(ask_until_given("E-mail address", ask)?),
    };
    if invitation.is_none() && login.is_none() {
        return Err(Failure::Usage("whose password is it? add --login EMAIL".to_owned()));
    }
    let password = match given_password {
        Some(password) => password,
        None if invitation.is_some() => new_password(ask_hidden, tell)?,
        None => ask_until_given("Password", ask_hidden)?,
    };
    Ok(Secrets {
        invitation: invitation.map(|code| Secret::new(code.trim())),
        login,
        password: Secret::new(password),
        asked: !unattended,
    })
}

impl Secrets {
    /// The server knows another password, or nobody of that name.
    pub(crate) fn ask_again(&mut self) -> Result<(), Failure> {
        if let Some(login) = &self.login {
            let typed = ask(&format!("E-mail address (empty for {login})"))?;
            self.login = Some(if typed.is_empty() { login.clone() } else { typed });
        }
        self.password = Secret::new(ask_until_given("Password", ask_hidden)?);
        Ok(())
    }
}

fn ask_until_given(
    question: &str,
    ask: impl Fn(&str) -> Result<String, Failure>,
) -> Result<String, Failure> {
    for _ in 0..ATTEMPTS {
        let answer = ask(question)?;
        if !answer.is_empty() {
            return Ok(answer);
        }
    }
    Err(Failure::plain("nothing was typed; nothing was changed"))
}

/// Tells the rule before anybody breaks it, and asks again where it was broken.
fn new_password(
    mut ask: impl FnMut(&str) -> Result<String, Failure>,
    mut tell: impl FnMut(&str),
) -> Result<String, Failure> {
    for _ in 0..ATTEMPTS {
        let question = format!("Choose a password of at least {LEAST_PASSWORD_BYTES} characters");
        let password = ask(&question)?;
        if password.len() < LEAST_PASSWORD_BYTES {
            tell("That is too short.");
            continue;
        }
        if ask("The same again")? == password {
            return Ok(password);
        }
        tell("The two are not the same.");
    }
    Err(Failure::plain("no password was chosen; nothing was changed"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(typed: &[&str]) -> (Result<String, Failure>, Vec<String>) {
        let mut typed = typed.iter();
        let mut said = Vec::new();
        let mut questions = Vec::new();
        let ask = |question: &str| {
            questions.push(question.to_owned());
            Ok((*typed.next().unwrap()).to_owned())
        };
        let chosen = new_password(ask, |text| said.push(text.to_owned()));
        assert!(questions[0].contains("at least 10 characters"));
        (chosen, said)
    }

    #[test]
    fn whoever_mistypes_a_new_password_is_asked_again() {
        let (chosen, said) =
            choose(&["short", "long enough 1", "typo", "long enough", "long enough"]);
        assert_eq!(chosen.unwrap(), "long enough");
        assert_eq!(said, ["That is too short.", "The two are not the same."]);
        let (given_up, said) = choose(&["a", "b", "c"]);
        assert_eq!((given_up.unwrap_err().code(), said.len()), (1, 3));
    }
}
