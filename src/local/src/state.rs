//! What the supervisor knows, in a file that everybody may read while it runs and after it died.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::component::{Kind, SUPERVISOR};
use crate::data::DataDir;
use crate::data::files::{Durability, read_json, write_json};
use crate::error::{LocalError, Result};
use crate::process::Process;
use crate::rollout::{Phase, Rollout};

const FILE: &str = "state.json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Process id of the supervisor that wrote it.
    #[serde(default)]
    pub(crate) supervisor: u32,
    /// Of the wish this state answers.
    pub(crate) generation: u64,
    /// Every part is healthy and runs what is wished.
    pub(crate) converged: bool,
    pub(crate) components: Vec<ComponentStatus>,
    /// Servers the group keeps at present.
    #[serde(default)]
    pub(crate) servers: u8,
    /// SHA-256 of the server program in force.
    #[serde(default)]
    pub(crate) release: String,
    #[serde(default)]
    pub(crate) rollout: Option<RolloutStatus>,
}

/// The last roll, running or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutStatus {
    /// Of the wish that asked for it.
    pub generation: u64,
    /// SHA-256 of the server program before.
    pub from: String,
    /// SHA-256 of the new one.
    pub to: String,
    pub started_at: Timestamp,
    pub bake_seconds: u64,
    #[serde(flatten)]
    pub phase: Phase,
}

impl From<&Rollout> for RolloutStatus {
    fn from(rollout: &Rollout) -> Self {
        Self {
            generation: rollout.generation,
            from: rollout.from.digest.clone(),
            to: rollout.to.digest.clone(),
            started_at: rollout.started_at,
            bake_seconds: rollout.bake.as_secs(),
            phase: rollout.phase.clone(),
        }
    }
}

impl RolloutStatus {
    /// Whether it is still under way, in or out.
    pub fn is_running(&self) -> bool {
        !matches!(self.phase, Phase::Passed { .. } | Phase::Undone { .. })
    }
}

/// How one part is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentStatus {
    pub name: String,
    pub kind: Kind,
    /// Only servers have one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pid: Option<u32>,
    pub state: ComponentState,
    /// When it took on this state.
    pub since: Timestamp,
    /// Replacements since the deployment was first brought up by the present supervisor.
    pub restarts: u32,
    /// Deaths in a row without a healthy time in between.
    pub failures: u32,
    /// SHA-256 of the program it runs.
    pub digest: String,
    /// A server of the release before, kept beside the group while the new one is on trial.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub standby: bool,
    /// Why it is not healthy, with the last log lines where they tell more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    Starting,
    Healthy,
    Unhealthy,
    /// On its way out, finishing what it does.
    Draining,
    /// Keeps dying: the next start comes later each time, at most 30 s.
    Backoff,
    Stopped,
}

impl State {
    /// Whether the wish is fulfilled: everybody is well, with that release, and nothing is on trial.
    pub(crate) fn is_done(&self, generation: u64, release: &str) -> bool {
        self.generation == generation
            && self.converged
            && self.release == release
            && !self.rollout.as_ref().is_some_and(RolloutStatus::is_running)
    }

    /// Whether it was written by a supervisor that runs: the next one may see things differently.
    pub(crate) fn is_current(&self, running: &[Process]) -> bool {
        running.iter().any(|process| {
            process.component == SUPERVISOR && process.identity.pid == self.supervisor
        })
    }

    /// A state that can't be read is as good as none: it is only a report.
    pub(crate) fn read(data: &DataDir) -> Option<Self> {
        read_json(&data.run_file(FILE)).ok().flatten()
    }

    /// How long ago it was written.
    pub(crate) fn age(data: &DataDir) -> Option<Duration> {
        let written = std::fs::metadata(data.run_file(FILE)).and_then(|file| file.modified());
        written.ok()?.elapsed().ok()
    }

    /// Refuses what stands where the report belongs and is no file: it could never be replaced, and
    /// whoever waits for it would wait in vain.
    pub(crate) fn require_readable(data: &DataDir) -> Result<()> {
        let path = data.run_file(FILE);
        match std::fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => Err(LocalError::Damaged {
                path,
                reason: "it is a directory where a file belongs; nothing was changed".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    pub(crate) fn write(&self, data: &DataDir) -> Result<()> {
        write_json(&data.run_file(FILE), self, Durability::Memory)
    }
}
