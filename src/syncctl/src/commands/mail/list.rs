use clap::Args;
use engines::mail::MailSummary;
use serde::Serialize;

use super::{Summary, id};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line::printable;
use crate::ui::table::Table;

/// List the messages, oldest first
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

#[derive(Debug, Serialize)]
struct MessageList {
    messages: Vec<Summary>,
}

pub(super) fn run(_: ListArgs, messages: Vec<MailSummary>, ui: &mut Ui) -> Result<ExitCode> {
    if ui.is_json() {
        let messages = messages.into_iter().map(Summary::from).collect();
        ui.json("syncctl/mail-list/1", &MessageList { messages })?;
    } else if messages.is_empty() {
        ui.note("No mail yet. Members who asked for it get a digest when files change.");
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
