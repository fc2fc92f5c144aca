//! How the deployment is, from files, processes and probes: also when nobody supervises it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::activity::{Activity, activities};
use crate::balancer::report::{self, BalancerReport};
use crate::component::{Component, Kind, SUPERVISOR, fixed, server};
use crate::data::DataDir;
use crate::desired::Desired;
use crate::error::Result;
use crate::layout::{Layout, zone_of};
use crate::probe;
use crate::process::{Process, discover};
use crate::state::{ComponentState, ComponentStatus, RolloutStatus, State};
use crate::supervisor::outage::Outages;

const ACTIVITIES: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub name: String,
    pub endpoint: String,
    pub data_dir: PathBuf,
    /// The endpoint answers `/ready`.
    pub ready: bool,
    /// Every part is healthy and runs what is wished.
    pub converged: bool,
    /// SHA-256 of the server program in force.
    #[serde(default)]
    pub release: String,
    /// The last roll, running or over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rollout: Option<RolloutStatus>,
    pub supervisor: ComponentStatus,
    pub balancer: ComponentStatus,
    pub engines: ComponentStatus,
    pub servers: Vec<ComponentStatus>,
    /// Zones that a drill has taken away and that take no server at present.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lost_zones: Vec<String>,
    /// Since the balancer's start; absent when it does not run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub traffic: Option<Traffic>,
    /// What the engines refuse for want of room on the disk.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shortage: Option<String>,
    /// The disk takes no notes, so the parts were asked themselves: release and roll are so many
    /// seconds old.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub noted_seconds_ago: Option<u64>,
    /// The newest, oldest first.
    pub activities: Vec<Activity>,
}

/// What the balancer has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    pub in_flight: usize,
    pub requests: u64,
    /// Requests that were answered with a 5xx status: by the balancer itself because no server could,
    /// or by a server. Those that another server then answered are not among them.
    pub failures: u64,
    pub retries: u64,
    /// By server, in the order of the balancer's list.
    #[serde(default)]
    pub servers: Vec<ServerTraffic>,
}

/// What one server has had to do since it was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerTraffic {
    pub name: String,
    pub in_flight: usize,
    pub requests: u64,
    /// Answers of its own with a 5xx status.
    pub errors: u64,
}

/// Looks; changes nothing.
///
/// # Errors
/// No data directory of ours, or files in it that can't be read.
pub fn status(data_dir: &Path) -> Result<Status> {
    let data = DataDir::open(data_dir)?;
    let running = discover(data.root());
    let desired = Desired::read(&data)?;
    let state = State::read(&data);
    let supervisor = supervisor_status(&running, desired.as_ref());
    // Notes that can't be replaced may be of any time, whoever is at work.
    let noted = data.takes_no_notes().then(|| State::age(&data)).flatten();
    let current = supervisor.state == ComponentState::Healthy
        && state.as_ref().is_some_and(|state| state.is_current(&running));
    let supervised = current && noted.is_none();
    let converged = state.as_ref().is_some_and(|state| state.converged);
    let release = state.as_ref().map(|state| state.release.clone()).unwrap_or_default();
    let rollout = state.as_ref().and_then(|state| state.rollout.clone());
    let mut parts = match state {
        Some(state) if supervised => {
            state.components.into_iter().map(|part| still_there(part, &running)).collect()
        }
        other => {
            let remembered = other.map(|state| state.components).unwrap_or_default();
            let listed = listed(&data, desired.as_ref(), &running, &remembered);
            probe_all(&listed, &running, remembered)
        }
    };
    let converged = match noted {
        None => supervised && converged,
        Some(_) => current && parts.iter().all(|part| part.state == ComponentState::Healthy),
    };
    let endpoint = desired.as_ref().map(|desired| desired.spec.endpoint()).unwrap_or_default();
    let balancer = take(&mut parts, Kind::Balancer);
    let ready = balancer.pid.is_some()
        && balancer.address.is_some_and(|address| {
            probe::healthy(address, "/ready", std::time::Duration::from_secs(2)).is_ok()
        });
    Ok(Status {
        name: desired.map(|desired| desired.spec.name).unwrap_or_default(),
        endpoint,
        data_dir: data.root().to_owned(),
        ready,
        converged,
        release,
        rollout,
        traffic: report::read(&data)
            .filter(|report| balancer.pid == Some(report.pid) && noted.is_none())
            .map(Traffic::from),
        supervisor,
        balancer,
        engines: take(&mut parts, Kind::Engines),
        lost_zones: Outages::lost(&data),
        shortage: data.shortage(),
        noted_seconds_ago: noted.map(|age| age.as_secs()),
        servers: parts.into_iter().filter(|part| part.kind == Kind::Server).collect(),
        activities: activities(&data, ACTIVITIES),
    })
}

/// A process that has ended since the supervisor wrote its state down is not healthy.
fn still_there(mut part: ComponentStatus, running: &[Process]) -> ComponentStatus {
    let runs = part.pid.is_none_or(|pid| {
        running.iter().any(|process| process.identity.pid == pid && process.component == part.name)
    });
    if !runs {
        part.pid = None;
        part.state = ComponentState::Stopped;
        part.reason = Some("the process has just ended".to_owned());
    }
    part
}

/// Every part that there is or should be.
fn listed(
    data: &DataDir,
    desired: Option<&Desired>,
    running: &[Process],
    remembered: &[ComponentStatus],
) -> Vec<Component> {
    let Some(desired) = desired else { return Vec::new() };
    let mut layout = Layout::read(data);
    running.iter().for_each(|process| layout.remember(&process.listeners));
    let mut servers: Vec<&str> = running
        .iter()
        .map(|process| process.component.as_str())
        .chain(remembered.iter().map(|part| part.name.as_str()))
        .filter(|name| zone_of(name).is_some())
        .collect();
    servers.sort_unstable();
    servers.dedup();
    let mut all = fixed(data, desired, &layout);
    all.extend(servers.into_iter().filter_map(|name| server(data, desired, &layout, name)));
    all
}

/// The newest activities, oldest first; as many as are kept, at most.
///
/// # Errors
/// No data directory of ours.
pub fn history(data_dir: &Path, most: usize) -> Result<Vec<Activity>> {
    Ok(activities(&DataDir::open(data_dir)?, most))
}

impl From<BalancerReport> for Traffic {
    fn from(report: BalancerReport) -> Self {
        Self {
            in_flight: report.in_flight,
            requests: report.requests,
            failures: report.failures + report.errors_passed,
            retries: report.retries,
            servers: report
                .backends
                .into_iter()
                .map(|backend| ServerTraffic {
                    name: backend.name,
                    in_flight: backend.in_flight,
                    requests: backend.requests,
                    errors: backend.errors,
                })
                .collect(),
        }
    }
}

fn supervisor_status(running: &[Process], desired: Option<&Desired>) -> ComponentStatus {
    let process = running.iter().find(|process| process.component == SUPERVISOR);
    let mut status = stopped(SUPERVISOR, Kind::Supervisor);
    if let Some(process) = process {
        status.pid = Some(process.identity.pid);
        status.since = process.started_at;
        status.digest.clone_from(&process.digest);
        status.state = ComponentState::Healthy;
        if process.identity.is_frozen() {
            status.state = ComponentState::Unhealthy;
            status.reason = Some("it is frozen; the next `syncctl up` replaces it".to_owned());
        }
    } else if let Some(desired) = desired {
        status.digest.clone_from(&desired.programs.syncctl_digest);
        status.reason = Some("nobody replaces what dies until the next: syncctl up".to_owned());
    }
    status
}

/// Without a supervisor every part is asked itself, all at once.
fn probe_all(
    listed: &[Component],
    running: &[Process],
    remembered: Vec<ComponentStatus>,
) -> Vec<ComponentStatus> {
    std::thread::scope(|scope| {
        let asked: Vec<_> = listed
            .iter()
            .map(|component| {
                let last = remembered.iter().find(|status| status.name == component.name).cloned();
                let process = running.iter().find(|process| process.component == component.name);
                scope.spawn(move || probe_one(component, process, last))
            })
            .collect();
        asked.into_iter().filter_map(|asked| asked.join().ok()).collect()
    })
}

fn probe_one(
    component: &Component,
    process: Option<&Process>,
    last: Option<ComponentStatus>,
) -> ComponentStatus {
    let mut status = stopped(&component.name, component.kind);
    status.zone.clone_from(&component.zone);
    status.address = Some(component.address);
    status.digest.clone_from(&component.launch.digest);
    status.restarts = last.map_or(0, |last| last.restarts);
    let Some(process) = process else { return status };
    status.pid = Some(process.identity.pid);
    status.since = process.started_at;
    status.digest.clone_from(&process.digest);
    let health = &component.health;
    let answer = match component.kind {
        Kind::Engines => probe::get(component.address, "/", health.timeout).map(drop),
        _ => probe::healthy(component.address, &health.path, health.timeout),
    };
    status.state = if answer.is_ok() { ComponentState::Healthy } else { ComponentState::Unhealthy };
    status.reason = answer.err().map(|unwell| unwell.to_string());
    status
}

fn take(parts: &mut Vec<ComponentStatus>, kind: Kind) -> ComponentStatus {
    let name = match kind {
        Kind::Balancer => crate::component::BALANCER,
        _ => crate::component::ENGINES,
    };
    match parts.iter().position(|part| part.kind == kind) {
        Some(index) => parts.remove(index),
        None => stopped(name, kind),
    }
}

fn stopped(name: &str, kind: Kind) -> ComponentStatus {
    ComponentStatus {
        name: name.to_owned(),
        kind,
        zone: None,
        address: None,
        pid: None,
        state: ComponentState::Stopped,
        since: Timestamp::now(),
        restarts: 0,
        failures: 0,
        digest: String::new(),
        standby: false,
        reason: None,
    }
}
