//! The status as a person reads it: one sentence, then a table, then what happened last.

use std::time::Duration;

use jiff::Timestamp;
use local::{
    Activity, ComponentState, ComponentStatus, Event, RolloutStatus, Status, short_digest,
};

use super::Health;
use crate::rolling::describe;
use crate::ui::log_line::printable;
use crate::ui::style::Style;
use crate::ui::table::Table;
use crate::ui::units;

/// Events shown; `syncctl status --activities` has more of them.
const EVENTS: usize = 5;

/// Every part, in the order it is shown.
pub(super) fn parts(status: &Status) -> Vec<&ComponentStatus> {
    let fixed = [&status.supervisor, &status.balancer, &status.engines];
    fixed.into_iter().chain(&status.servers).collect()
}

pub(super) fn render(status: &Status, health: Health, style: Style, width: usize) -> Vec<String> {
    let mut lines = vec![headline(status, health, style)];
    if health == Health::Stopped {
        lines.push(format!("  Data      {}", status.data_dir.display()));
        lines.push("Start it with `syncctl up`.".to_owned());
        return lines;
    }
    lines.push(String::new());
    lines.push(format!("  Endpoint  {}", status.endpoint));
    lines.push(format!("  Zones     {}", zones(status)));
    if !status.release.is_empty() {
        lines.push(format!("  Release   {}", short_digest(&status.release)));
    }
    let rollout = status.rollout.as_ref();
    let rolling = rollout.and_then(|one| describe::rolling(one, &status.servers, Timestamp::now()));
    if let Some(rolling) = rolling {
        let told = cut(printable(&rolling), width.saturating_sub(12));
        lines.push(format!("  Rollout   {}", style.yellow(&told)));
    }
    if let Some(traffic) = &status.traffic {
        let requests = units::count(traffic.requests, "request", "requests");
        lines.push(format!("  Traffic   {requests}, {} failed", traffic.failures));
    }
    lines.push(format!("  Data      {}", status.data_dir.display()));
    if let Some(shortage) = &status.shortage {
        lines.push(format!("  Disk      {}", style.yellow(shortage)));
    }
    if let Some(seconds) = status.noted_seconds_ago {
        let old = units::duration(Duration::from_secs(seconds));
        let told = format!(
            "the disk takes no notes: every part was asked just now, release and roll are {old} old"
        );
        lines.push(format!("  Notes     {}", style.yellow(&told)));
    }
    lines.push(String::new());
    lines.extend(table(status, style, width));
    let reasons = parts(status).into_iter().filter_map(|part| {
        let reason = part.reason.as_ref()?;
        Some(cut(format!("{} {}: {reason}", style.yellow("!"), part.name), width))
    });
    lines.extend(reasons);
    lines.extend(events(&status.activities, width));
    lines
}

pub(super) fn headline(status: &Status, health: Health, style: Style) -> String {
    let name = style.bold(&status.name);
    let rolls = status.rollout.as_ref().is_some_and(RolloutStatus::is_running);
    match health {
        Health::Degraded if rolls => {
            format!("{name} is {}, and it serves", style.yellow("rolling"))
        }
        Health::Running => format!("{name} is {}", style.green("running")),
        Health::Degraded => {
            format!(
                "{name} is {}: it serves, but not every part is healthy",
                style.yellow("degraded")
            )
        }
        Health::NotReady => {
            format!("{name} is {}: the endpoint does not serve", style.red("not ready"))
        }
        Health::Stopped => format!("{name} is {}", style.red("not running")),
    }
}

/// `a 1/1, b 1/1, c 0/1`: healthy servers of each zone.
fn zones(status: &Status) -> String {
    let mut zones: Vec<(&str, usize, usize)> = Vec::new();
    for server in status.servers.iter().filter(|server| !server.standby) {
        let zone = server.zone.as_deref().unwrap_or("-");
        let healthy = usize::from(server.state == ComponentState::Healthy);
        match zones.iter_mut().find(|(name, ..)| *name == zone) {
            Some((_, up, all)) => (*up, *all) = (*up + healthy, *all + 1),
            None => zones.push((zone, healthy, 1)),
        }
    }
    zones.retain(|(zone, ..)| !status.lost_zones.iter().any(|lost| lost == zone));
    let texts = zones.iter().map(|(zone, up, all)| format!("{zone} {up}/{all}"));
    let healthy = texts.collect::<Vec<_>>().join(", ") + " healthy";
    let lost = status.lost_zones.iter().map(|zone| format!(", {zone} lost (drill)"));
    [healthy].into_iter().chain(lost).collect()
}

fn table(status: &Status, style: Style, width: usize) -> Vec<String> {
    let mut table = Table::new(&["PART", "ZONE", "HEALTH", "RESTARTS", "SINCE", "ADDRESS"]);
    for part in parts(status) {
        table.row(vec![
            part.name.clone(),
            part.zone.clone().unwrap_or_else(|| "-".to_owned()),
            part_state(part).to_owned(),
            part.restarts.to_string(),
            if part.pid.is_some() { units::duration(age(part.since)) } else { "-".to_owned() },
            part.address.map(|address| address.to_string()).unwrap_or_default(),
        ]);
    }
    let mut lines = table.render(width);
    for (line, part) in lines.iter_mut().skip(1).zip(parts(status)) {
        let name = part_state(part);
        // The part's own name comes first and may contain the word.
        let coloured = line.rfind(&format!(" {name}")).map(|start| start + 1);
        if let Some(start) = coloured {
            line.replace_range(start..start + name.len(), &colour(part.state, name, style));
        }
    }
    if let Some(heading) = lines.first_mut() {
        *heading = style.dim(heading);
    }
    lines
}

fn events(activities: &[Activity], width: usize) -> Vec<String> {
    if activities.is_empty() {
        return Vec::new();
    }
    let latest = activities.iter().rev().take(EVENTS).rev();
    let lines = latest.map(|activity| {
        let event = event_name(activity.event);
        let text = format!(
            "  {} ago  {} {event}: {}",
            units::duration(age(activity.at)),
            activity.component,
            activity.cause
        );
        cut(text, width)
    });
    [String::new(), "Latest events".to_owned()].into_iter().chain(lines).collect()
}

/// What is well and stands by is called so.
pub(super) fn part_state(part: &ComponentStatus) -> &'static str {
    match part.state {
        ComponentState::Healthy if part.standby => "standby",
        state => state_name(state),
    }
}

pub(super) fn state_name(state: ComponentState) -> &'static str {
    match state {
        ComponentState::Starting => "starting",
        ComponentState::Healthy => "healthy",
        ComponentState::Unhealthy => "unhealthy",
        ComponentState::Draining => "draining",
        ComponentState::Backoff => "failing",
        ComponentState::Stopped => "stopped",
    }
}

fn colour(state: ComponentState, name: &str, style: Style) -> String {
    match state {
        ComponentState::Healthy => style.green(name),
        ComponentState::Starting | ComponentState::Draining => style.yellow(name),
        ComponentState::Unhealthy | ComponentState::Backoff | ComponentState::Stopped => {
            style.red(name)
        }
    }
}

pub(super) fn event_name(event: Event) -> &'static str {
    match event {
        Event::Started => "started",
        Event::Adopted => "taken over",
        Event::Healthy => "healthy",
        Event::Unhealthy => "unhealthy",
        Event::Died => "died",
        Event::Draining => "draining",
        Event::Stopped => "stopped",
        Event::Changed => "changed",
        Event::Failed => "failed",
        Event::Scaled => "scaled",
        Event::Began => "began",
        Event::Ended => "ended",
    }
}

pub(super) fn age(since: Timestamp) -> Duration {
    Duration::try_from(Timestamp::now() - since).unwrap_or_default()
}

pub(super) fn cut(text: String, width: usize) -> String {
    match text.char_indices().nth(width) {
        None => text,
        Some(_) => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
    }
}
