//! The history, line by line, with what caused each.

use local::Activity;
use serde::Serialize;

use super::view::event_name;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line::printable;
use crate::ui::style::Style;

#[derive(Debug, Serialize)]
struct Document<'a> {
    /// Newest last.
    activities: &'a [Activity],
}

pub(super) fn show(activities: &[Activity], ui: &mut Ui) -> Result<ExitCode> {
    if ui.is_json() {
        ui.json("syncctl/activities/1", &Document { activities })?;
    } else if activities.is_empty() {
        ui.note("Nothing has happened yet.");
    } else {
        for line in lines(activities, ui.style()) {
            ui.line(&line)?;
        }
    }
    Ok(ExitCode::Done)
}

/// Causes are told whole: whoever asks for the history wants to read them.
fn lines(activities: &[Activity], style: Style) -> Vec<String> {
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let part = widest(&mut activities.iter().map(|one| one.component.chars().count())).max(4);
    let event = widest(&mut activities.iter().map(|one| event_name(one.event).len())).max(5);
    let heading = format!("{:<19}  {:<part$}  {:<event$}  CAUSE", "TIME (UTC)", "PART", "EVENT");
    let rows = activities.iter().map(|one| {
        let time = one.at.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let (name, happened) = (printable(&one.component), event_name(one.event));
        let cause = printable(&one.cause);
        format!("{}  {name:<part$}  {happened:<event$}  {cause}", style.dim(&time))
    });
    [style.dim(&heading)].into_iter().chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::status::sample;

    #[test]
    fn the_history_is_told_in_full_newest_last() {
        let status = sample::degraded();
        insta::assert_snapshot!(lines(&status.activities, Style::new(false)).join("\n"), @r###"
        TIME (UTC)           PART  EVENT      CAUSE
        2026-11-21 13:37:50  c-1   started    the group wants one more server in zone c
        2026-11-21 13:37:52  c-1   healthy    2 health checks in a row were answered
        2026-11-21 13:50:09  c-1   died       it was killed by signal 9 (SIGKILL)
        2026-11-21 13:50:10  c-2   started    replaces c-1
        2026-11-21 13:50:11  b-1   unhealthy  2 health checks in a row failed: no answer
        "###);
    }
}
