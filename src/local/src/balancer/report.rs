//! What the balancer sees, in a file: whoever asks needs no connection and no permission of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::registry::Registry;
pub(crate) use super::registry::Standing;
use super::seats::Seats;
use crate::data::DataDir;
use crate::data::files::{Durability, Stamp, read_json, write_json};
use crate::process::Process;

const FILE: &str = "balancer.json";
const EVERY: Duration = Duration::from_millis(100);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BalancerReport {
    /// Whose report it is; one of another process is stale.
    pub(crate) pid: u32,
    pub(crate) in_flight: usize,
    pub(crate) requests: u64,
    pub(crate) failures: u64,
    /// Servers' own 5xx answers that were passed on to clients; reports of earlier releases have none.
    #[serde(default)]
    pub(crate) errors_passed: u64,
    pub(crate) retries: u64,
    /// Client connections, idle ones included.
    #[serde(default)]
    pub(crate) connections: usize,
    /// Connections and requests turned away: invalid, too slow, or beyond a limit.
    #[serde(default)]
    pub(crate) refused: u64,
    /// Connections that let the balancer wait and made room for others.
    #[serde(default)]
    pub(crate) given_up: u64,
    pub(crate) backends: Vec<BackendReport>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackendReport {
    pub(crate) name: String,
    /// Of the process that the figures are about; an earlier one may have had the same name.
    #[serde(default)]
    pub(crate) launch: String,
    pub(crate) zone: String,
    pub(crate) address: SocketAddr,
    pub(crate) standing: Standing,
    pub(crate) draining: bool,
    pub(crate) in_flight: usize,
    pub(crate) requests: u64,
    /// Answers of this server with a status of 500 to 599; those the balancer gives itself are not
    /// among them. Reports of earlier releases have none.
    #[serde(default)]
    pub(crate) errors: u64,
    /// All answers but those to checks: what the errors are a share of.
    #[serde(default)]
    pub(crate) answers: u64,
}

/// The newest report; `None` without one or with one that can't be read.
pub(crate) fn read(data: &DataDir) -> Option<BalancerReport> {
    read_json(&data.run_file(FILE)).ok().flatten()
}

/// Changes with every report.
pub(crate) fn stamp(data: &DataDir) -> Option<Stamp> {
    Stamp::of(&data.run_file(FILE))
}

impl BalancerReport {
    /// What it says of one process.
    pub(crate) fn of(&self, process: &Process) -> Option<&BackendReport> {
        self.backends.iter().find(|backend| backend.launch == process.launch)
    }
}

/// Writes whenever something has changed, for as long as the process lives.
pub(super) fn start(data: DataDir, registry: Arc<Registry>, seats: Arc<Seats>) {
    std::thread::spawn(move || {
        let path = data.run_file(FILE);
        let mut written = None;
        loop {
            let report = make(&registry, &seats);
            // A full disk must not end the balancer; the next change tries again.
            if written.as_ref() != Some(&report)
                && write_json(&path, &report, Durability::Memory).is_ok()
            {
                written = Some(report);
            }
            std::thread::sleep(EVERY);
        }
    });
}

fn make(registry: &Registry, seats: &Seats) -> BalancerReport {
    BalancerReport {
        pid: std::process::id(),
        in_flight: registry.in_flight(),
        requests: registry.requests.load(Ordering::Relaxed),
        failures: registry.failures.load(Ordering::Relaxed),
        errors_passed: registry.errors_passed.load(Ordering::Relaxed),
        retries: registry.retries.load(Ordering::Relaxed),
        connections: seats.connections(),
        refused: seats.refused.load(Ordering::Relaxed),
        given_up: seats.given_up.load(Ordering::Relaxed),
        backends: registry
            .backends()
            .iter()
            .map(|backend| BackendReport {
                name: backend.name.clone(),
                launch: backend.launch.clone(),
                zone: backend.zone.clone(),
                address: backend.address,
                standing: backend.standing(),
                draining: backend.draining(),
                in_flight: backend.in_flight(),
                requests: backend.requests.load(Ordering::Relaxed),
                errors: backend.errors.load(Ordering::Relaxed),
                answers: backend.answers.load(Ordering::Relaxed),
            })
            .collect(),
    }
}
