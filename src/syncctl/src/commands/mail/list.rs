use std::time::Duration;

use clap::Args;
use engines::mail::MailSummary;
use serde::Serialize;

use super::{Summary, id};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line::printable;
use crate::ui::table::Table;
use crate::ui::units;

/// List the messages, oldest first
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

#[derive(Debug, Serialize)]
struct MessageList {
    messages: Vec<Summary>,
}

/// `delay` is how long the servers collect changes for a digest.
pub(super) fn run(
    _: ListArgs,
    messages: Vec<MailSummary>,
    delay: Option<Duration>,
    ui: &mut Ui,
) -> Result<ExitCode> {
    if ui.is_json() {
        let messages = messages.into_iter().map(Summary::from).collect();
        ui.json("syncctl/mail-list/1", &MessageList { messages })?;
    } else if messages.is_empty() {
        ui.note(&nothing_yet(delay));
    } else {
        let length = id::length(&messages);
        let mut table = Table::new(&["ID", "TO", "SUBJECT", "DATE"]);
        for message in messages {
            let short = id::shortened(&message.id, length);
            let cells = [short, message.to, message.subject, message.date];
            table.row(cells.iter().map(|cell| printable(cell)).collect());
        }
        for line in table.render(ui.settings().terminal.width) {
            ui.line(&line)?;
        }
    }
    Ok(ExitCode::Done)
}

/// Somebody who has just changed a file and waits here wants to know for how long.
fn nothing_yet(delay: Option<Duration>) -> String {
    let sent = match delay {
        Some(delay) if !delay.is_zero() => format!(
            "a digest {} after the first change by somebody else (email.digest)",
            units::exact(delay)
        ),
        _ => "a digest when somebody else changes files".to_owned(),
    };
    format!("No mail yet. Members who asked for it are sent {sent}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_for_mail_is_told_how_long() {
        for (seconds, told) in [(30, "30 s"), (90, "90 s"), (900, "15 min"), (3_600, "1 h")] {
            let text = nothing_yet(Some(Duration::from_secs(seconds)));
            assert!(text.contains(&format!("a digest {told} after")), "{text}");
        }
    }
}
