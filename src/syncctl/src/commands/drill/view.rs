//! A drill's report as a person reads it: a table, then the story.

use std::time::Duration;

use local::{DrillKind, DrillReport, HealthSpec};

use crate::ui::log_line::printable;
use crate::ui::style::Style;
use crate::ui::units;

pub(super) fn render(report: &DrillReport, style: Style, width: usize) -> Vec<String> {
    let mut lines = vec![verdict(report, style), String::new()];
    let facts = facts(report);
    let widest = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    lines.extend(facts.iter().map(|(name, value)| format!("  {name:<widest$}  {value}")));
    if !report.timeline.is_empty() {
        lines.extend([String::new(), style.bold("What happened")]);
    }
    for moment in &report.timeline {
        let after = format!("{:.1}", moment.after.as_secs_f64());
        let text = format!("{}  {}", printable(&moment.component), printable(&moment.text));
        let room = width.saturating_sub(12);
        let shown: String = match text.char_indices().nth(room) {
            None => text,
            Some(_) => text.chars().take(room.saturating_sub(1)).chain(['…']).collect(),
        };
        lines.push(format!("  {}  {shown}", style.dim(&format!("{after:>6} s"))));
    }
    lines
}

fn verdict(report: &DrillReport, style: Style) -> String {
    if report.passed() {
        return match report.failed {
            _ if report.kind == DrillKind::Disk => style.green(
                "Passed: content was refused while there was no room, and everything else went on.",
            ),
            0 => style.green("Passed: no request failed."),
            _ => style.green("Passed: requests failed only until the health checks had acted."),
        };
    }
    if report.interrupted {
        return style.yellow("Interrupted: this is what was measured until then.");
    }
    let why = if report.full_strength_after.is_none() {
        "it did not come back to full strength"
    } else if report.failed_after_window > 0 {
        "requests failed after the health checks had had their time"
    } else {
        "the disk did not refuse anything, so nothing was tried"
    };
    style.red(&format!("Failed: {why}."))
}

fn facts(report: &DrillReport) -> Vec<(String, String)> {
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let target = printable(&report.target);
    let taken = match report.kind {
        DrillKind::Instance => format!("server {target}, killed"),
        DrillKind::Freeze => format!("server {target}, frozen"),
        DrillKind::Zone => format!("zone {target}"),
        DrillKind::Disk => "the disk's room for content".to_owned(),
    };
    let mut facts = vec![
        fact("Taken away", taken),
        fact("Requests", units::grouped(report.requests)),
        fact("  failed", units::grouped(report.failed)),
        (
            format!("  failed after {}", units::duration(report.window)),
            format!("{} ({})", units::grouped(report.failed_after_window), window(report)),
        ),
        fact("  slowest answer", units::wait(report.slowest)),
    ];
    if report.kind == DrillKind::Disk {
        facts.push(fact("Writes", units::grouped(report.writes)));
        facts.push(fact("  refused", units::grouped(report.writes_refused)));
    } else {
        facts.push(fact("Replacement in service", after(report.replaced_after, report)));
    }
    facts.push(fact("At full strength", after(report.full_strength_after, report)));
    facts
}

fn after(time: Option<Duration>, report: &DrillReport) -> String {
    match time {
        Some(time) => format!("after {}", units::seconds(time)),
        None if report.interrupted => "not yet".to_owned(),
        None => "never".to_owned(),
    }
}

/// What the blueprint's health checks can promise, and why.
fn window(report: &DrillReport) -> String {
    let HealthSpec { interval, timeout, unhealthy, .. } = &report.health;
    let (interval, timeout) = (interval.as_secs_f64(), timeout.as_secs_f64());
    format!("health checks act by then: {unhealthy} × ({interval} s + {timeout} s to answer)")
}

/// After an interrupt: what was given back, what goes on by itself, and how to see it.
pub(super) fn remains(report: &DrillReport) -> String {
    let target = printable(&report.target);
    let is_replaced = report.replaced_after.is_some();
    let done = match report.kind {
        DrillKind::Instance if is_replaced => format!("{target} was killed and is replaced."),
        DrillKind::Instance => format!("{target} was killed; the supervisor replaces it."),
        DrillKind::Freeze if is_replaced => format!("{target} was frozen and is replaced."),
        DrillKind::Freeze => format!(
            "{target} runs again; the supervisor may still replace it, for it has missed health checks."
        ),
        DrillKind::Zone => {
            format!("Zone {target} is given back; the supervisor starts its servers again.")
        }
        DrillKind::Disk => "The disk takes content again.".to_owned(),
    };
    let is_whole = report.full_strength_after.is_some();
    match is_whole {
        true => format!("{done} Everything is at full strength."),
        false => format!("{done} See when everything is well again with `syncctl status`."),
    }
}

#[cfg(test)]
mod tests {
    use local::Moment;

    use super::*;

    fn killed() -> DrillReport {
        let moment = |tenths: u64, component: &str, text: &str| Moment {
            after: Duration::from_millis(tenths * 100),
            component: component.to_owned(),
            text: text.to_owned(),
        };
        DrillReport {
            kind: DrillKind::Instance,
            target: "a-1".to_owned(),
            requests: 1_240,
            failed: 2,
            failed_after_window: 0,
            writes: 0,
            writes_refused: 0,
            window: Duration::from_secs(14),
            health: HealthSpec::default(),
            interrupted: false,
            slowest: Duration::from_millis(412),
            replaced_after: Some(Duration::from_millis(1_430)),
            full_strength_after: Some(Duration::from_millis(1_500)),
            timeline: vec![
                moment(0, "a-1", "died: it was killed by signal 9"),
                moment(1, "a-1", "started: process 4711"),
            ],
        }
    }

    fn shown(report: &DrillReport) -> String {
        render(report, Style::new(false), 60).join("\n")
    }

    #[test]
    fn a_passed_drill_tells_what_users_noticed() {
        insta::assert_snapshot!(shown(&killed()), @r###"
        Passed: requests failed only until the health checks had acted.

          Taken away              server a-1, killed
          Requests                1,240
            failed                2
            failed after 14 s     0 (health checks act by then: 2 × (5 s + 2 s to answer))
            slowest answer        0.4 s
          Replacement in service  after 1.4 s
          At full strength        after 1.5 s

        What happened
             0.0 s  a-1  died: it was killed by signal 9
             0.1 s  a-1  started: process 4711
        "###);
    }

    #[test]
    fn a_failed_drill_says_why() {
        let never = DrillReport { full_strength_after: None, ..killed() };
        assert!(shown(&never).starts_with("Failed: it did not come back"), "{}", shown(&never));
        let late = DrillReport { failed_after_window: 1, ..killed() };
        assert!(shown(&late).starts_with("Failed: requests failed after"), "{}", shown(&late));
        let disk = DrillReport { kind: DrillKind::Disk, ..killed() };
        assert!(shown(&disk).contains("did not refuse anything"), "{}", shown(&disk));
    }

    #[test]
    fn an_interrupted_drill_shows_what_it_saw_and_says_what_remains() {
        let report = DrillReport {
            kind: DrillKind::Zone,
            target: "b".to_owned(),
            interrupted: true,
            full_strength_after: None,
            ..killed()
        };
        let shown = shown(&report);
        assert!(!report.passed() && shown.starts_with("Interrupted: this is what"), "{shown}");
        assert!(shown.contains("At full strength        not yet"), "{shown}");
        assert!(shown.contains("signal 9"), "{shown}");
        assert_eq!(
            remains(&report),
            "Zone b is given back; the supervisor starts its servers again. See when everything is well again with `syncctl status`."
        );
        let frozen = DrillReport { kind: DrillKind::Freeze, replaced_after: None, ..report };
        assert!(remains(&frozen).starts_with("b runs again;"));
    }
}
