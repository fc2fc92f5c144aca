//! `logs` on AWS: what the servers write, from CloudWatch Logs.

use std::time::Duration;

use cloud::LogLine;
use deploy::verify::outputs;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Session;
use super::listener::Screen;
use super::signals::Signals;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line::printable;

/// How far back the first lines may lie.
const SINCE: SignedDuration = SignedDuration::from_hours(24);

/// Pause between two looks while following. CloudWatch Logs takes some seconds to show a line.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) fn run(session: &Session, follow: bool, lines: usize, ui: &mut Ui) -> Result<ExitCode> {
    let screen = Screen::new(ui.settings());
    let outputs = session.inquire(&screen, async |deployer| outputs(&deployer).await)?;
    let group = outputs.get("ServerLogGroup").ok_or_else(|| {
        CliError::new(Kind::Unavailable, "the app stack names no log group")
            .hint("`syncctl up` completes it")
    })?;
    let mut since = Timestamp::now() - SINCE;
    let mut shown: Vec<(Timestamp, String, String)> = Vec::new();
    let mut first = true;
    loop {
        let found = session.inquire(&screen, async |deployer| {
            Ok(deployer.cloud.log_lines(group, since, 10_000).await?)
        })?;
        let fresh: Vec<_> = found
            .into_iter()
            .filter(|line| {
                !shown.iter().any(|(at, stream, text)| {
                    *at == line.at && *stream == line.stream && *text == line.text
                })
            })
            .collect();
        let skip = if first { fresh.len().saturating_sub(lines) } else { 0 };
        for line in &fresh[skip..] {
            show(line, ui)?;
        }
        ui.flush()?;
        if first && fresh.is_empty() {
            ui.note(&format!("Nothing was written into {group} in the last 24 hours."));
        }
        if !follow || Signals::of_process().interrupted_anew() {
            return Ok(ExitCode::Done);
        }
        // Lines of the same millisecond come again with the next look; those that were shown are left out.
        if let Some(newest) = fresh.iter().map(|line| line.at).max() {
            since = newest;
        }
        shown.retain(|(at, _, _)| *at >= since);
        shown.extend(
            fresh
                .into_iter()
                .filter(|line| line.at >= since)
                .map(|line| (line.at, line.stream, line.text)),
        );
        first = false;
        std::thread::sleep(PAUSE);
    }
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    component: &'a str,
    at: Timestamp,
    text: &'a str,
}

fn show(line: &LogLine, ui: &mut Ui) -> Result<()> {
    let text = line.text.trim_end();
    if ui.is_json() {
        let document = Document { component: &line.stream, at: line.at, text };
        let text = ui.json_line("syncctl/log-line/1", &document)?;
        return ui.result(&text);
    }
    let at = line.at.strftime("%Y-%m-%d %H:%M:%S");
    ui.line(&format!("{at}  {}  {}", printable(&line.stream), printable(text)))
}
