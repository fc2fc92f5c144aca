//! Deployments as tests imagine them.

use std::time::Duration;

use jiff::Timestamp;
use local::{
    Activity, ComponentState, ComponentStatus, Event, Kind, Phase, RolloutStatus, Status, Traffic,
};

/// The moment at which all of these are looked at.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T13:50:12Z".parse().unwrap()
}

fn ago(seconds: u64) -> Timestamp {
    now() - Duration::from_secs(seconds)
}

pub(crate) fn part(name: &str, kind: Kind, state: ComponentState, age: u64) -> ComponentStatus {
    let zone = name.split_once('-').map(|(zone, _)| zone.to_owned());
    ComponentStatus {
        name: name.to_owned(),
        kind,
        zone,
        address: Some("127.0.0.1:40001".parse().unwrap()),
        pid: Some(4711),
        state,
        since: ago(age),
        restarts: 0,
        failures: 0,
        digest: "1a2b3c4d".repeat(8),
        standby: false,
        reason: None,
    }
}

/// Three servers in three zones, all well.
pub(crate) fn running() -> Status {
    let fixed = |name, kind| part(name, kind, ComponentState::Healthy, 8_000);
    let server = |name| part(name, Kind::Server, ComponentState::Healthy, 740);
    Status {
        name: "acme-sync".to_owned(),
        endpoint: "http://127.0.0.1:8420".to_owned(),
        data_dir: "/home/ada/.local/share/syncctl/acme-sync".into(),
        ready: true,
        converged: true,
        release: "1a2b3c4d".repeat(8),
        rollout: None,
        supervisor: fixed("supervisor", Kind::Supervisor),
        balancer: fixed("balancer", Kind::Balancer),
        engines: fixed("engines", Kind::Engines),
        lost_zones: Vec::new(),
        shortage: None,
        noted_seconds_ago: None,
        servers: ["a-1", "b-1", "c-1"].map(server).to_vec(),
        traffic: Some(Traffic {
            in_flight: 3,
            requests: 12_345,
            failures: 0,
            retries: 0,
            servers: Vec::new(),
        }),
        activities: vec![
            happened(742, "c-1", Event::Started, "the group wants one more server in zone c"),
            happened(740, "c-1", Event::Healthy, "2 health checks in a row were answered"),
        ],
    }
}

/// One server was just killed and its replacement comes up; another does not answer.
pub(crate) fn degraded() -> Status {
    let mut status = running();
    status.converged = false;
    let unwell = "no answer on /health within 2 s".to_owned();
    status.servers[1].state = ComponentState::Unhealthy;
    status.servers[1].reason = Some(unwell);
    status.servers[2] = part("c-2", Kind::Server, ComponentState::Starting, 1);
    status.activities.extend([
        happened(3, "c-1", Event::Died, "it was killed by signal 9 (SIGKILL)"),
        happened(2, "c-2", Event::Started, "replaces c-1"),
        happened(1, "b-1", Event::Unhealthy, "2 health checks in a row failed: no answer"),
    ]);
    status
}

/// A new release is on its way in: one server runs it, one is on its way out.
pub(crate) fn rolling() -> Status {
    let mut status = running();
    status.converged = false;
    let (from, to) = (status.release.clone(), "9f8e7d6c".repeat(8));
    status.release.clone_from(&to);
    status.servers[0].state = ComponentState::Draining;
    let mut new = part("a-2", Kind::Server, ComponentState::Healthy, 2);
    new.digest.clone_from(&to);
    status.servers.insert(1, new);
    status.rollout = Some(RolloutStatus {
        generation: 2,
        from,
        to,
        started_at: ago(5),
        bake_seconds: 10,
        phase: Phase::Replacing,
    });
    status
}

/// The same later: every server runs it, and it is watched.
pub(crate) fn baking() -> Status {
    let mut status = rolling();
    status.servers.remove(0);
    for server in &mut status.servers {
        server.digest.clone_from(&status.release);
    }
    if let Some(rollout) = &mut status.rollout {
        rollout.phase = Phase::Baking { since: ago(6) };
    }
    status
}

/// The same while a drill keeps the zones away; the supervisor has not ended b's server yet.
pub(crate) fn in_a_zone_drill() -> Status {
    let mut status = running();
    status.servers.truncate(2);
    status.lost_zones = vec!["b".to_owned(), "c".to_owned()];
    status
}

/// A zone is lost with its server.
pub(crate) fn without_zone_c() -> Status {
    let mut status = degraded();
    status.servers.truncate(1);
    status
}

fn happened(seconds: u64, component: &str, event: Event, cause: &str) -> Activity {
    Activity { at: ago(seconds), component: component.to_owned(), event, cause: cause.to_owned() }
}
