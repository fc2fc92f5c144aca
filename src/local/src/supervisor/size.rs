//! How many servers the group has at present: what the blueprint begins with, and load changes.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Supervisor;
use super::scaling::{Meter, Reading, Scaler};
use crate::activity::Event;
use crate::component::Kind;
use crate::data::DataDir;
use crate::data::files::{Durability, read_json, write_json};
use crate::process::identity::processor_time;
use crate::spec::LocalSpec;

const FILE: &str = "group.json";

pub(super) struct Sizer {
    size: Size,
    scaler: Scaler,
    meter: Meter,
    looked: Option<Instant>,
}

/// Outlives the supervisor, so that the next one leaves the group as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Size {
    desired: u8,
    /// What the blueprint said when this was written; a new word of it counts more than the load.
    from_blueprint: u8,
    changed_at: Timestamp,
}

impl Sizer {
    pub(super) fn read(data: &DataDir, spec: &LocalSpec) -> Self {
        let known: Option<Size> = read_json(&data.run_file(FILE)).ok().flatten();
        let fresh = Size {
            desired: spec.servers,
            from_blueprint: spec.servers,
            changed_at: Timestamp::now(),
        };
        let size = known.unwrap_or(fresh);
        let mut sizer = Self { size, scaler: Scaler::default(), meter: Meter::new(), looked: None };
        sizer.follow(data, spec);
        sizer
    }

    /// Takes in what the blueprint says now.
    pub(super) fn follow(&mut self, data: &DataDir, spec: &LocalSpec) {
        let wished =
            if self.size.from_blueprint == spec.servers { self.size.desired } else { spec.servers };
        let limited = wished.clamp(spec.least_servers, spec.most_servers.max(spec.least_servers));
        let next = Size { desired: limited, from_blueprint: spec.servers, ..self.size };
        if next != self.size || !data.run_file(FILE).exists() {
            self.set(data, next);
        }
    }

    pub(super) fn desired(&self) -> u8 {
        self.size.desired
    }

    fn set(&mut self, data: &DataDir, size: Size) {
        self.size = Size { changed_at: Timestamp::now(), ..size };
        if let Err(error) = write_json(&data.run_file(FILE), &self.size, Durability::Memory) {
            tracing::warn!(%error, "cannot keep the size of the group");
        }
    }
}

/// The next start begins with what the blueprint says.
pub(crate) fn forget(data: &DataDir) {
    // Nothing to remove is what is wanted.
    let _ = std::fs::remove_file(data.run_file(FILE));
}

impl Supervisor {
    /// Looks at the load from time to time, and changes the group's size when it asks for that.
    pub(super) fn size_group(&mut self, now: Instant) {
        let spec = &self.desired.spec;
        let scale = &spec.scale;
        let nothing_to_do = scale.cpu.is_none() && scale.requests.is_none();
        let too_early =
            self.sizer.looked.is_some_and(|looked| now.duration_since(looked) < scale.interval);
        // While servers are being replaced, their number stays: one thing at a time.
        if nothing_to_do || too_early || self.in_force.is_replacing() {
            return;
        }
        self.sizer.looked = Some(now);
        let readings = self.readings();
        let Some(load) = self.sizer.meter.measure(now, readings) else { return };
        let limits = (spec.least_servers, spec.most_servers);
        let current = self.sizer.desired();
        let resize = self.sizer.scaler.judge(scale, limits, current, load, now);
        if let Some(resize) = resize {
            let text = format!("from {current} to {} servers: {}", resize.desired, resize.cause);
            self.note(Event::Scaled, text);
            let size = Size { desired: resize.desired, ..self.sizer.size };
            self.sizer.set(&self.data, size);
        }
    }

    /// Counters of the servers in service.
    fn readings(&self) -> Vec<Reading> {
        let Some(report) = &self.report else { return Vec::new() };
        self.members
            .iter()
            .filter(|member| {
                member.kind() == Kind::Server && member.is_settled() && !member.standby
            })
            .filter_map(|member| {
                let process = member.process()?;
                let backend = report.of(process)?;
                Some(Reading {
                    launch: process.launch.clone(),
                    cpu: processor_time(process.identity.pid).unwrap_or(Duration::ZERO),
                    requests: backend.requests,
                })
            })
            .collect()
    }
}
