use clap::Subcommand;
use engines::mail::MailSummary;
use serde::Serialize;

use crate::deployment;
use crate::error::{CliError, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

mod id;
mod list;
mod show;

/// Read the mail the local service has sent; nothing leaves this machine
#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
}

/// What both commands tell of a message.
#[derive(Debug, Serialize)]
struct Summary {
    id: String,
    date: String,
    from: String,
    to: String,
    subject: String,
}

impl From<MailSummary> for Summary {
    fn from(mail: MailSummary) -> Self {
        let MailSummary { id, date, from, to, subject } = mail;
        Self { id, date, from, to, subject }
    }
}

pub(crate) fn run(command: MailCommand, ui: &mut Ui) -> Result<ExitCode> {
    let deployment = deployment::load(ui)?;
    let data_dir = deployment.data_dir()?;
    let folder = local::DataDir::open(&data_dir)?.mail_dir();
    let messages = engines::mail::list(&folder)
        .map_err(|error| CliError::io(format!("cannot read {}", folder.display()), &error))?;
    match command {
        MailCommand::List(args) => {
            // What the running service was told counts, not what the blueprint says by now.
            let delay = local::recorded(&data_dir)?.map(|recorded| recorded.digest_interval);
            list::run(args, messages, delay, ui)
        }
        MailCommand::Show(args) => show::run(args, &folder, &messages, ui),
    }
}
