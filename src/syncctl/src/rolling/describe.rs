//! Releases and rolls in words.

use std::time::Duration;

use jiff::Timestamp;
use local::{ComponentState, ComponentStatus, Phase, RolloutStatus, short_digest};

use crate::ui::units;

/// Where a roll that is under way stands; `None` for one that is over.
pub(crate) fn rolling(
    rollout: &RolloutStatus,
    servers: &[ComponentStatus],
    now: Timestamp,
) -> Option<String> {
    let (from, to) = (short_digest(&rollout.from), short_digest(&rollout.to));
    let (new, old) = progress(rollout, servers);
    match &rollout.phase {
        Phase::Replacing => {
            let run = if new == 1 { "server runs" } else { "servers run" };
            Some(format!("rolling to {to}: {new} {run} it, {old} to go"))
        }
        Phase::Baking { since } => {
            let watched = Duration::try_from(now - *since).unwrap_or_default();
            let rest = Duration::from_secs(rollout.bake_seconds).saturating_sub(watched);
            let rest = units::duration(Duration::from_secs(rest.as_millis().div_ceil(1000) as u64));
            Some(format!("rolling to {to}: every server, baking {rest} more"))
        }
        Phase::Undoing { reason, .. } => Some(format!("going back to {from}: {reason}")),
        Phase::Passed { .. } | Phase::Undone { .. } => None,
    }
}

/// Servers in service that run where the roll leads to, and those still to be replaced.
pub(crate) fn progress(rollout: &RolloutStatus, servers: &[ComponentStatus]) -> (usize, usize) {
    let goal = goal(rollout);
    let new = servers.iter().filter(|server| is_there(server, goal)).count();
    let old = servers.iter().filter(|server| {
        server.digest != goal && server.state != ComponentState::Draining && !server.standby
    });
    (new, old.count())
}

/// The release that servers are being replaced with: the new one, or the old one on the way back.
pub(crate) fn goal(rollout: &RolloutStatus) -> &str {
    match rollout.phase {
        Phase::Undoing { .. } | Phase::Undone { .. } => &rollout.from,
        Phase::Replacing | Phase::Baking { .. } | Phase::Passed { .. } => &rollout.to,
    }
}

/// Whether a server serves with this release.
pub(crate) fn is_there(server: &ComponentStatus, digest: &str) -> bool {
    server.digest == digest && server.state == ComponentState::Healthy
}
