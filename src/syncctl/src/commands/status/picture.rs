//! The live picture of `status --watch`: plain data in, lines out.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use local::{ComponentState, ComponentStatus, RolloutStatus, Status, Traffic, short_digest};

use super::Health;
use super::view::event_name;
use crate::rolling::describe;
use crate::ui::line::{Line, Paint};
use crate::ui::log_line::printable;
use crate::ui::screen::Glyphs;
use crate::ui::units;

mod zones;

/// Where and when it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// In characters.
    pub(super) width: usize,
    /// In lines.
    pub(super) height: usize,
    pub(super) glyphs: Glyphs,
    pub(super) at: Timestamp,
}

/// The deployment now. `before` is an earlier look and how long ago it was: rates come from both.
///
/// No line is wider than the look, and none is needed below its height: what matters least is last,
/// and left out first.
pub(super) fn picture(now: &Status, before: Option<(&Status, Duration)>, look: &Look) -> Vec<Line> {
    let mut lines = vec![headline(now, look), endpoint(now, look), Line::new()];
    lines.push(traffic(now, before));
    lines.extend(rollout(now, look));
    lines.push(Line::new());
    lines.extend(zones::zones(now, look));
    lines.push(fixed_parts(now, look));
    lines.extend(reasons(now));
    let room = look.height.saturating_sub(lines.len());
    lines.extend(events(now, room, look));
    lines.into_iter().map(|line| line.cut(look.width, look.glyphs)).collect()
}

fn headline(now: &Status, look: &Look) -> Line {
    let name = Line::new().with(Paint::Bold, printable(&now.name)).plain(" is ");
    let rolls = now.rollout.as_ref().is_some_and(RolloutStatus::is_running);
    let line = match Health::of(now) {
        Health::Degraded if rolls => name.with(Paint::Yellow, "rolling").plain(", and it serves"),
        Health::Running => name.with(Paint::Green, "running"),
        Health::Degraded => {
            name.with(Paint::Yellow, "degraded").plain(": it serves, but not every part is well")
        }
        Health::NotReady => {
            name.with(Paint::Red, "not ready").plain(": the endpoint does not serve")
        }
        Health::Stopped => {
            name.with(Paint::Red, "not running").plain("; start it with `syncctl up`")
        }
    };
    let clock = look.at.strftime("%H:%M:%S UTC").to_string();
    line.with_right(Line::new().with(Paint::Dim, clock), look.width)
}

fn endpoint(now: &Status, look: &Look) -> Line {
    let (state, word, paint) = match now.ready {
        true => (ComponentState::Healthy, "ready", Paint::Green),
        false => (ComponentState::Unhealthy, "no answer", Paint::Red),
    };
    let line = Line::new().plain(printable(&now.endpoint)).plain("  ");
    let line = line.with(paint, mark(state, look.glyphs)).plain(" ").with(paint, word);
    let release = match now.release.is_empty() {
        true => Line::new(),
        false => Line::new().plain("release ").plain(short_digest(&now.release)),
    };
    line.with_right(release, look.width)
}

fn traffic(now: &Status, before: Option<(&Status, Duration)>) -> Line {
    let Some(traffic) = &now.traffic else {
        return Line::new().with(Paint::Dim, "no traffic is counted: the balancer does not run");
    };
    let rates = before.and_then(|(status, elapsed)| {
        let earlier = status.traffic.as_ref()?;
        let requests = rate(traffic, earlier, elapsed, |traffic| traffic.requests)?;
        Some((requests, rate(traffic, earlier, elapsed, failed)?))
    });
    let shown = |rate: f64| format!("{rate:.1}");
    let (requests, failed) = match rates {
        Some((requests, failed)) => (shown(requests), shown(failed)),
        None => ("-".to_owned(), "-".to_owned()),
    };
    let fails = rates.is_some_and(|(_, failed)| failed > 0.0);
    Line::new()
        .with(Paint::Bold, requests)
        .plain(" requests/s   ")
        .with(if fails { Paint::Red } else { Paint::Bold }, failed)
        .plain(" failed/s   ")
        .with(Paint::Bold, traffic.in_flight.to_string())
        .plain(" in flight   ")
        .with(Paint::Bold, units::grouped(traffic.requests))
        .plain(" in all")
}

/// Answers with a 5xx status that clients got, the balancer's own and the servers'.
fn failed(traffic: &Traffic) -> u64 {
    traffic.failures
}

/// Per second; `None` when the counter began anew in between.
fn rate(
    now: &Traffic,
    earlier: &Traffic,
    elapsed: Duration,
    counter: impl Fn(&Traffic) -> u64,
) -> Option<f64> {
    let more = counter(now).checked_sub(counter(earlier))?;
    let seconds = elapsed.as_secs_f64();
    (seconds > 0.0).then(|| more as f64 / seconds)
}

fn rollout(now: &Status, look: &Look) -> Option<Line> {
    let bar = if look.width < 80 { 4 } else { 12 };
    let rollout = now.rollout.as_ref()?;
    let text = describe::rolling(rollout, &now.servers, look.at)?;
    let (new, old) = describe::progress(rollout, &now.servers);
    let full = bar * new / (new + old).max(1);
    let (done, open) = match look.glyphs {
        Glyphs::Unicode => ("█", "░"),
        Glyphs::Ascii => ("#", "."),
    };
    let line = Line::new().with(Paint::Yellow, done.repeat(full));
    let line = line.with(Paint::Dim, open.repeat(bar - full)).plain("  ");
    Some(line.with(Paint::Yellow, printable(&text)))
}

fn fixed_parts(now: &Status, look: &Look) -> Line {
    let parts = [&now.balancer, &now.engines, &now.supervisor];
    let pieces = parts.map(|part| {
        let line = Line::new().with(paint(part.state), mark(part.state, look.glyphs));
        let line = line.plain(" ").plain(part.name.clone()).plain(" ");
        match part.state {
            ComponentState::Healthy => line.with(Paint::Dim, age(part, look.at)),
            other => line.with(paint(other), super::view::state_name(other)),
        }
    });
    let mut line = Line::new();
    for (index, piece) in pieces.into_iter().enumerate() {
        line = line.plain(if index == 0 { "  " } else { "   " }).join(piece);
    }
    line
}

fn reasons(now: &Status) -> Vec<Line> {
    let parts = super::view::parts(now).into_iter();
    let unwell = parts.filter_map(|part| {
        let reason = part.reason.as_ref()?;
        let line = Line::new().with(Paint::Yellow, "! ").plain(part.name.clone());
        Some(line.plain(": ").plain(printable(reason)))
    });
    unwell.collect()
}

/// As many as there is room for below an empty line and a heading.
fn events(now: &Status, room: usize, look: &Look) -> Vec<Line> {
    const MOST: usize = 8;
    let most = room.saturating_sub(2).min(MOST);
    if now.activities.is_empty() || most == 0 {
        return Vec::new();
    }
    let latest = now.activities.iter().rev().take(most).rev();
    let lines = latest.map(|activity| {
        let since = Duration::try_from(look.at - activity.at).unwrap_or_default();
        let line = Line::new().with(Paint::Dim, format!("  {:>4}  ", units::age(since)));
        let text = format!("{} {}: ", activity.component, event_name(activity.event));
        line.plain(printable(&text)).plain(printable(&activity.cause))
    });
    let heading = Line::new().with(Paint::Bold, "Latest events");
    [Line::new(), heading].into_iter().chain(lines).collect()
}

/// Told apart by shape, so that colour is never needed.
fn mark(state: ComponentState, glyphs: Glyphs) -> &'static str {
    let (unicode, ascii) = match state {
        ComponentState::Healthy => ("●", "+"),
        ComponentState::Starting => ("◐", "~"),
        ComponentState::Draining => ("↓", "v"),
        ComponentState::Unhealthy => ("✗", "x"),
        ComponentState::Backoff => ("↻", "!"),
        ComponentState::Stopped => ("○", "-"),
    };
    match glyphs {
        Glyphs::Unicode => unicode,
        Glyphs::Ascii => ascii,
    }
}

fn paint(state: ComponentState) -> Paint {
    match state {
        ComponentState::Healthy => Paint::Green,
        ComponentState::Starting | ComponentState::Draining => Paint::Yellow,
        ComponentState::Unhealthy | ComponentState::Backoff | ComponentState::Stopped => Paint::Red,
    }
}

fn age(part: &ComponentStatus, at: Timestamp) -> String {
    match part.pid {
        Some(_) => units::age(Duration::try_from(at - part.since).unwrap_or_default()),
        None => "-".to_owned(),
    }
}

/// The servers of each zone, also of a zone that has just lost all of its servers.
fn by_zone(now: &Status, at: Timestamp) -> BTreeMap<String, Vec<&ComponentStatus>> {
    const REMEMBERED: Duration = Duration::from_secs(600);
    let mut zones: BTreeMap<String, Vec<&ComponentStatus>> = BTreeMap::new();
    for activity in &now.activities {
        let recent = Duration::try_from(at - activity.at).is_ok_and(|age| age < REMEMBERED);
        // Servers are called by their zone and a number: `a-1`.
        let zone = activity.component.split_once('-').filter(|(zone, number)| {
            zone.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if let Some((zone, _)) = zone.filter(|_| recent) {
            zones.entry(zone.to_owned()).or_default();
        }
    }
    for zone in &now.lost_zones {
        zones.entry(zone.clone()).or_default();
    }
    for server in &now.servers {
        let zone = server.zone.clone().unwrap_or_else(|| "-".to_owned());
        zones.entry(zone).or_default().push(server);
    }
    zones
}

#[cfg(test)]
mod tests;
