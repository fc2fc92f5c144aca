use std::path::PathBuf;

use clap::{Args, Subcommand};
use engines::mail::MailSummary;
use serde::Serialize;

use crate::deployment;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line::printable;
use crate::ui::table::Table;

/// Read the mail the local service has sent; nothing leaves this machine
#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    List(ListArgs),
    Show(ShowArgs),
}

/// List the messages, oldest first
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

/// Print a message
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Id of the message from `syncctl mail list`, or `latest`
    id: String,
}

#[derive(Debug, Serialize)]
struct MessageList {
    messages: Vec<Summary>,
}

#[derive(Debug, Serialize)]
struct Summary {
    id: String,
    date: String,
    from: String,
    to: String,
    subject: String,
}

#[derive(Debug, Serialize)]
struct Message {
    #[serde(flatten)]
    summary: Summary,
    /// The whole message, RFC 5322.
    text: String,
}

impl From<MailSummary> for Summary {
    fn from(mail: MailSummary) -> Self {
        let MailSummary { id, date, from, to, subject } = mail;
        Self { id, date, from, to, subject }
    }
}

pub(crate) fn run(command: MailCommand, ui: &mut Ui) -> Result<ExitCode> {
    let folder = mail_folder(ui)?;
    let messages = engines::mail::list(&folder)
        .map_err(|error| CliError::io(format!("cannot read {}", folder.display()), &error))?;
    match command {
        MailCommand::List(_) => list(messages, ui),
        MailCommand::Show(args) => {
            let id = match args.id.as_str() {
                "latest" => match messages.last() {
                    Some(message) => message.id.clone(),
                    None => {
                        let hint = "members who asked for it get a digest when files change: sync-agent mail on SPACE";
                        return Err(
                            CliError::new(Kind::NotFound, "there is no mail yet").hint(hint)
                        );
                    }
                },
                _ => args.id,
            };
            show(&folder, &id, ui)
        }
    }
}

fn mail_folder(ui: &mut Ui) -> Result<PathBuf> {
    let deployment = deployment::load(ui)?;
    Ok(local::DataDir::open(&deployment.data_dir()?)?.mail_dir())
}

fn list(messages: Vec<MailSummary>, ui: &mut Ui) -> Result<ExitCode> {
    if ui.is_json() {
        let messages = messages.into_iter().map(Summary::from).collect();
        ui.json("syncctl/mail-list/1", &MessageList { messages })?;
    } else if messages.is_empty() {
        ui.note("No mail yet. Members who asked for it get a digest when files change.");
    } else {
        let mut table = Table::new(&["ID", "TO", "SUBJECT", "DATE"]);
        for message in messages {
            let cells = [message.id, message.to, message.subject, message.date];
            table.row(cells.iter().map(|cell| printable(cell)).collect());
        }
        for line in table.render(ui.settings().terminal.width) {
            ui.line(&line)?;
        }
    }
    Ok(ExitCode::Done)
}

fn show(folder: &std::path::Path, id: &str, ui: &mut Ui) -> Result<ExitCode> {
    let found = engines::mail::show(folder, id)
        .map_err(|error| CliError::io(format!("cannot read {}", folder.display()), &error))?;
    let Some(mail) = found else {
        return Err(CliError::new(Kind::NotFound, format!("there is no message `{id}`"))
            .hint("`syncctl mail list` shows the messages"));
    };
    if ui.is_json() {
        let message = Message { summary: mail.summary.into(), text: mail.text };
        ui.json("syncctl/mail-show/1", &message)?;
    } else {
        for line in mail.text.lines() {
            ui.line(&printable(line))?;
        }
    }
    Ok(ExitCode::Done)
}
