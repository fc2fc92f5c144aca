//! Which servers there are: a file the supervisor replaces and the balancer follows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::Times;
use super::registry::Registry;
use crate::data::DataDir;
use crate::data::files::{Durability, Stamp, read_json, write_json};
use crate::error::{LocalError, Result};
use crate::spec::{HealthSpec, TlsSpec};

pub(crate) const FILE: &str = "backends.json";
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Everything but `backends` is fixed for the life of a balancer process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BalancerConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) max_requests: usize,
    /// Client connections at once; fewer where the limit of open files asks for it.
    #[serde(default = "crate::spec::default_max_connections")]
    pub(crate) max_connections: usize,
    #[serde(default)]
    pub(crate) times: Times,
    #[serde(default)]
    pub(crate) tls: Option<TlsSpec>,
    pub(crate) drain_timeout: Duration,
    pub(crate) health: HealthSpec,
    pub(crate) backends: Vec<BackendSpec>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackendSpec {
    pub(crate) name: String,
    pub(crate) zone: String,
    pub(crate) address: SocketAddr,
    /// Of the process behind the address: a new one starts unproven even at an old address.
    pub(crate) launch: String,
    /// Gets no new requests; those in flight go on.
    pub(crate) draining: bool,
    #[serde(default)]
    pub(crate) trust: Trust,
    /// Gets only what servers on trial have failed or must not be given.
    #[serde(default)]
    pub(crate) standby: bool,
}

/// How far the release that a server runs has proven itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trust {
    #[default]
    Proven = 0,
    /// At first it gets only requests that another server can be given when it fails them, and of
    /// the others later no more than one at a time.
    Trial = 1,
    /// Has failed its trial: gets only what nobody else can take.
    Failed = 2,
}

impl BalancerConfig {
    pub(crate) fn read(data: &DataDir) -> Result<Self> {
        let path = data.run_file(FILE);
        read_json(&path)?
            .ok_or_else(|| LocalError::Damaged { path, reason: "the file is missing".to_owned() })
    }

    /// Changes with every write.
    pub(crate) fn stamp(data: &DataDir) -> Option<Stamp> {
        Stamp::of(&data.run_file(FILE))
    }

    pub(crate) fn write(&self, data: &DataDir) -> Result<()> {
        write_json(&data.run_file(FILE), self, Durability::Memory)
    }
}

/// Applies every later version of the file, for as long as the process lives.
pub(crate) fn follow(data: DataDir, mut current: BalancerConfig, registry: Arc<Registry>) {
    let path = data.run_file(FILE);
    let mut seen = None;
    std::thread::spawn(move || {
        loop {
            let now = Stamp::of(&path);
            if now != seen {
                match BalancerConfig::read(&data) {
                    Ok(config) if config != current => {
                        registry.apply(&config);
                        super::health::start(&registry, &config);
                        current = config;
                    }
                    Ok(_) => {}
                    // The last good version stays in force.
                    Err(error) => tracing::warn!(%error, "cannot read the list of servers"),
                }
                seen = now;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    });
}
