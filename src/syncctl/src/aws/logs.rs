//! `logs` on AWS: what the servers write, from CloudWatch Logs.

use std::time::Duration;

use deploy::verify::outputs;
use jiff::{SignedDuration, Timestamp};

use super::Session;
use super::listener::Screen;
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
    let outputs = session.run(&screen, async |deployer| outputs(&deployer).await)?;
    let group = outputs.get("ServerLogGroup").ok_or_else(|| {
        CliError::new(Kind::Unavailable, "the app stack names no log group")
            .hint("`syncctl up` completes it")
    })?;
    let mut since = Timestamp::now() - SINCE;
    let mut shown: Vec<(Timestamp, String, String)> = Vec::new();
    let mut first = true;
    loop {
        let found = session.run(&screen, async |deployer| {
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
            let at = line.at.strftime("%Y-%m-%d %H:%M:%S");
            ui.line(&format!(
                "{at}  {}  {}",
                printable(&line.stream),
                printable(line.text.trim_end())
            ))?;
        }
        ui.flush()?;
        if !follow || deploy::Listener::wish(&screen) != deploy::Wish::GoOn {
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
