//! What a drill takes away, and how it is given back.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::process::Signal;

use super::{DrillKind, DrillRequest};
use crate::data::DataDir;
use crate::error::{LocalError, Result};
use crate::process::{Process, discover};
use crate::state::{ComponentState, ComponentStatus};
use crate::status::Status;
use crate::supervisor::outage;

pub(super) struct Blow {
    data: DataDir,
    outage: Duration,
    victim: Victim,
}

enum Victim {
    Killed(Process),
    Frozen(Process),
    /// Its name, and the processes it had.
    Zone(String, Vec<u32>),
    Disk,
}

impl Blow {
    /// Decides whom to hit; changes nothing yet.
    pub(super) fn choose(data: &DataDir, request: &DrillRequest, before: &Status) -> Result<Self> {
        let target = request.target.as_deref();
        let victim = match request.kind {
            DrillKind::Instance => Victim::Killed(server(data, before, target)?),
            DrillKind::Freeze => Victim::Frozen(server(data, before, target)?),
            DrillKind::Zone => {
                let zone = zone(before, target)?;
                let servers = before.servers.iter();
                let lost = servers.filter(|server| server.zone.as_ref() == Some(&zone));
                let lost = lost.filter_map(|server| server.pid).collect();
                Victim::Zone(zone, lost)
            }
            DrillKind::Disk => Victim::Disk,
        };
        let outage = match victim {
            Victim::Zone(..) | Victim::Disk => request.outage,
            Victim::Killed(_) | Victim::Frozen(_) => Duration::ZERO,
        };
        Ok(Self { data: data.clone(), outage, victim })
    }

    pub(super) fn outage(&self) -> Duration {
        self.outage
    }

    pub(super) fn target(&self) -> String {
        match &self.victim {
            Victim::Killed(process) | Victim::Frozen(process) => process.component.clone(),
            Victim::Zone(zone, _) => zone.clone(),
            Victim::Disk => "content".to_owned(),
        }
    }

    pub(super) fn announcement(&self) -> String {
        let seconds = self.outage.as_secs_f64();
        match &self.victim {
            Victim::Killed(process) => {
                let (name, pid) = (&process.component, process.identity.pid);
                format!("killing {name} (process {pid})")
            }
            Victim::Frozen(process) => {
                let (name, pid) = (&process.component, process.identity.pid);
                format!("freezing {name} (process {pid}): alive, but deaf")
            }
            Victim::Zone(zone, _) => format!("zone {zone} is lost for {seconds:.0} s"),
            Victim::Disk => format!("the disk takes no content for {seconds:.0} s"),
        }
    }

    /// What [`Blow::lift`] gives back, for people. `running` is from before it.
    pub(super) fn given_back(&self, running: &[Process]) -> String {
        let lives = |process: &Process| running.iter().any(|one| one.identity == process.identity);
        match &self.victim {
            Victim::Killed(process) => {
                format!("the supervisor replaces {}, which was killed", process.component)
            }
            Victim::Frozen(process) if lives(process) => {
                format!("{} is no longer frozen", process.component)
            }
            Victim::Frozen(process) => {
                format!("{}, which was frozen, was replaced", process.component)
            }
            Victim::Zone(zone, _) => format!("zone {zone} takes servers again"),
            Victim::Disk => "the disk takes content again".to_owned(),
        }
    }

    pub(super) fn strike(&self) -> Result<()> {
        let end = || {
            let outage = SignedDuration::try_from(self.outage).unwrap_or(SignedDuration::ZERO);
            Timestamp::now().saturating_add(outage).unwrap_or(Timestamp::MAX)
        };
        match &self.victim {
            Victim::Killed(process) => hit(process, Signal::KILL),
            Victim::Frozen(process) => hit(process, Signal::STOP),
            Victim::Zone(zone, _) => outage::set(&self.data, zone, end()),
            Victim::Disk => outage::fill_disk(&self.data, end()),
        }
    }

    /// Gives back what has not come back by itself.
    pub(super) fn lift(&self) {
        match &self.victim {
            Victim::Killed(_) => {}
            Victim::Frozen(process) => {
                process.identity.signal(Signal::CONT);
            }
            Victim::Zone(zone, _) => {
                if let Err(error) = outage::set(&self.data, zone, Timestamp::now()) {
                    tracing::warn!(%error, "the outage ends by itself");
                }
            }
            Victim::Disk => outage::empty_disk(&self.data),
        }
    }

    /// Whether somebody else does the work of what was hit.
    pub(super) fn is_replaced(&self, before: &Status, now: &Status) -> bool {
        let healthy =
            |status: &Status| status.servers.iter().filter(|server| is_healthy(server)).count();
        match &self.victim {
            Victim::Killed(process) | Victim::Frozen(process) => {
                healthy(now) >= healthy(before)
                    && !now.servers.iter().any(|one| one.pid == Some(process.identity.pid))
            }
            Victim::Zone(zone, lost) => {
                let is_lost =
                    |server: &ComponentStatus| server.pid.is_some_and(|pid| lost.contains(&pid));
                let elsewhere = now
                    .servers
                    .iter()
                    .filter(|server| is_healthy(server) && server.zone.as_ref() != Some(zone));
                // With one zone only there is nowhere else to go.
                !now.servers.iter().any(is_lost)
                    && (elsewhere.count() >= healthy(before) || healthy(now) >= healthy(before))
            }
            // Whether it takes content again is for whoever writes to say.
            Victim::Disk => now.ready,
        }
    }
}

fn hit(process: &Process, signal: Signal) -> Result<()> {
    if process.identity.signal(signal) { Ok(()) } else { Err(LocalError::NotAtFullStrength) }
}

fn is_healthy(server: &ComponentStatus) -> bool {
    server.state == ComponentState::Healthy
}

fn server(data: &DataDir, before: &Status, target: Option<&str>) -> Result<Process> {
    let known = || before.servers.iter().map(|server| server.name.clone()).collect();
    let name = match target {
        Some(name) => name.to_owned(),
        None => before.servers.first().ok_or(LocalError::NotRunning)?.name.clone(),
    };
    let is_server = before.servers.iter().any(|server| server.name == name);
    discover(data.root())
        .into_iter()
        .find(|process| is_server && process.component == name)
        .ok_or_else(|| LocalError::UnknownPart { name, known: known() })
}

fn zone(before: &Status, target: Option<&str>) -> Result<String> {
    let mut known: Vec<String> =
        before.servers.iter().filter_map(|server| server.zone.clone()).collect();
    known.sort();
    known.dedup();
    let Some(name) = target.map(str::to_owned).or_else(|| known.first().cloned()) else {
        return Err(LocalError::NotRunning);
    };
    if known.contains(&name) { Ok(name) } else { Err(LocalError::UnknownZone { name, known }) }
}
