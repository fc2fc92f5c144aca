use std::path::Path;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};
use engines::mail::{Mail, MailSummary};
use serde::Serialize;

use super::{Summary, id};
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line::printable;

/// Print a message: who, when, what about, and its text
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Id of the message from `syncctl mail list`, or its beginning, or `latest`
    id: String,
    /// The whole message as it was sent, byte for byte
    #[arg(long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::MAIL_SHOW_RAW, hide_env = true)]
    raw: bool,
}

#[derive(Debug, Serialize)]
struct Message {
    #[serde(flatten)]
    summary: Summary,
    /// The plain text part, decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The whole message, RFC 5322.
    text: String,
}

pub(super) fn run(
    args: ShowArgs,
    folder: &Path,
    messages: &[MailSummary],
    ui: &mut Ui,
) -> Result<ExitCode> {
    let id = &id::find(messages, &args.id)?.id;
    let found = engines::mail::show(folder, id)
        .map_err(|error| CliError::io(format!("cannot read {}", folder.display()), &error))?;
    let mail = found.ok_or_else(|| {
        CliError::new(Kind::NotFound, format!("the message `{id}` is gone"))
            .hint("`syncctl mail list` shows the messages")
    })?;
    if ui.is_json() {
        let text = String::from_utf8_lossy(&mail.raw).into_owned();
        let message = Message { summary: mail.summary.into(), body: mail.body, text };
        ui.json("syncctl/mail-show/1", &message)?;
    } else if args.raw {
        ui.bytes(&mail.raw)?;
    } else {
        readable(&mail, ui)?;
    }
    Ok(ExitCode::Done)
}

fn readable(mail: &Mail, ui: &mut Ui) -> Result<()> {
    let MailSummary { from, to, subject, date, .. } = &mail.summary;
    for (name, value) in [("From", from), ("To", to), ("Subject", subject), ("Date", date)] {
        let name = ui.style().bold(&format!("{name:<7}"));
        ui.line(&format!("{name}  {}", printable(value)))?;
    }
    ui.line("")?;
    match &mail.body {
        Some(body) => body.trim_end().lines().try_for_each(|line| ui.line(&printable(line))),
        None => {
            ui.note("This message has no plain text; --raw shows it as it was sent.");
            Ok(())
        }
    }
}
