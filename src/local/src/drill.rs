//! Drills: takes something away on purpose, under load, and reports what users would have noticed
//! (HA-6, HA-7).

mod blow;
mod load;
mod wire;

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use self::blow::Blow;
use self::load::{Answer, Load};
use crate::activity::{Event, activities, record};
use crate::data::DataDir;
use crate::data::lock::wait_lock;
use crate::desired::Desired;
use crate::error::{LocalError, Result};
use crate::process::{Process, discover};
use crate::reporter::Reporter;
use crate::spec::HealthSpec;
use crate::state::{ComponentState, RolloutStatus};
use crate::status::{Status, status};
use crate::supervisor::outage::{self, Outages};

/// Load before the blow, and after the last event.
const CALM: Duration = Duration::from_secs(1);
/// Beyond the outage; what takes longer won't come back by itself.
const LONGEST_RECOVERY: Duration = Duration::from_secs(120);
/// A look costs something, and the clients share the machine with it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const MOST_MOMENTS: usize = 200;
/// In whose name the history tells of a drill.
const DRILL: &str = "drill";

/// What to take away, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillRequest {
    pub kind: DrillKind,
    /// A server (`a-1`) or, for a zone drill, a zone (`a`); `None` lets the drill choose.
    pub target: Option<String>,
    /// How long a zone or the disk's room stays away. Of no meaning for the others.
    pub outage: Duration,
    /// Requests per second that are sent meanwhile.
    pub rate: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DrillKind {
    /// A server is killed.
    Instance,
    /// A server is frozen: alive, but deaf.
    Freeze,
    /// Every server of a zone is lost, and the zone takes none for a while.
    Zone,
    /// The disk takes no more content for a while.
    Disk,
}

/// What happened; durations are counted from the blow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DrillReport {
    pub kind: DrillKind,
    /// What was taken away.
    pub target: String,
    pub requests: u64,
    /// Requests without a whole answer below 500: reset, timed out, or refused, without any retry.
    pub failed: u64,
    /// Of these, how many were sent after the ejection window had passed (HA-7 wants none).
    pub failed_after_window: u64,
    /// Attempts to store content, and how many of them were refused. Only a disk drill makes any.
    pub writes: u64,
    pub writes_refused: u64,
    /// Health checks need this long to take a server out.
    #[serde(serialize_with = "seconds")]
    pub window: Duration,
    /// How they are made; the window follows from it.
    #[serde(skip)]
    pub health: HealthSpec,
    /// Somebody wanted no more of it: what was taken away is given back, but nobody has waited for
    /// the end.
    pub interrupted: bool,
    /// The slowest answer.
    #[serde(serialize_with = "seconds")]
    pub slowest: Duration,
    /// Until a replacement was in service.
    #[serde(serialize_with = "maybe_seconds")]
    pub replaced_after: Option<Duration>,
    /// Until the group was as before: every server healthy, in its zone.
    #[serde(serialize_with = "maybe_seconds")]
    pub full_strength_after: Option<Duration>,
    /// What the history tells of it.
    pub timeline: Vec<Moment>,
}

/// One line of the story.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    #[serde(serialize_with = "seconds")]
    pub after: Duration,
    pub component: String,
    pub text: String,
}

impl DrillReport {
    /// Nothing failed that should not have, and everything is back.
    pub fn passed(&self) -> bool {
        let bit = self.kind != DrillKind::Disk || self.writes_refused > 0;
        bit && !self.interrupted
            && self.failed_after_window == 0
            && self.full_strength_after.is_some()
    }
}

/// Tries to store a little content, as a client would; the error is for people.
pub trait WriteProbe: Sync {
    /// # Errors
    /// Why nothing was stored.
    fn write(&self) -> std::result::Result<(), String>;
}

/// Runs a drill on a deployment that is well, and leaves it well.
///
/// A disk drill needs somebody who writes; the others need no `writer`.
///
/// One that is cancelled reports what it has seen until then.
///
/// # Errors
/// A deployment that does not run or is not at full strength, a target that does not exist;
/// [`LocalError::Interrupted`] before anything was taken away. What was taken away is given back in
/// every case.
pub fn drill(
    data_dir: &Path,
    request: &DrillRequest,
    writer: Option<&dyn WriteProbe>,
    reporter: &dyn Reporter,
) -> Result<DrillReport> {
    let data = DataDir::open(data_dir)?;
    // Nobody else may take something away, or roll, at the same time.
    let _lock = wait_lock(&data.lock_file(), reporter)?;
    if Outages::any(&data) {
        // An earlier drill was killed before it could give back what it took.
        outage::clear(&data);
        return Err(LocalError::NotAtFullStrength);
    }
    let before = status(data_dir)?;
    require_full_strength(&before)?;
    let desired = Desired::read(&data)?.ok_or(LocalError::NotRunning)?;
    let blow = Blow::choose(&data, request, &before)?;
    let load = Load::start(&desired.spec, request.rate, writer);
    // Some calm first, so that the story has a beginning.
    std::thread::scope(|scope| {
        let clients = load.run(scope);
        pause(CALM);
        if reporter.cancelled() {
            load.stop(clients);
            return Err(LocalError::Interrupted);
        }
        reporter.progress(&blow.announcement());
        let struck = Instant::now();
        let struck_at = Timestamp::now();
        record(&data, DRILL, Event::Began, blow.announcement());
        let followed = blow.strike().and_then(|()| {
            let followed = follow(data_dir, &before, &blow, &load, struck, reporter)?;
            if !followed.interrupted {
                pause(CALM);
            }
            Ok(followed)
        });
        let gone = discover(data.root());
        blow.lift();
        record(&data, DRILL, Event::Ended, ending(&blow, &gone, &followed));
        let answers = load.stop(clients);
        let followed = followed?;
        let health = &desired.spec.health;
        Ok(report(&data, request.kind, &blow, (struck, struck_at), health, &answers, followed))
    })
}

/// The history's last word on a drill.
fn ending(blow: &Blow, running: &[Process], followed: &Result<Recovery>) -> String {
    let given_back = blow.given_back(running);
    match followed {
        Ok(Recovery { interrupted: true, .. }) => format!("it was interrupted; {given_back}"),
        Ok(Recovery { full_strength: Some(_), .. }) => {
            format!("{given_back}; everything is at full strength")
        }
        Ok(_) => format!("{given_back}, but not everything is at full strength"),
        Err(error) => format!("{given_back}; the drill failed: {error}"),
    }
}

/// How the recovery went.
#[derive(Clone, Copy, Debug, Default)]
struct Recovery {
    replaced: Option<Duration>,
    full_strength: Option<Duration>,
    interrupted: bool,
}

fn require_full_strength(status: &Status) -> Result<()> {
    if status.balancer.pid.is_none() {
        return Err(LocalError::NotRunning);
    }
    let well = status.supervisor.state == ComponentState::Healthy
        && status.ready
        && status.converged
        && !status.rollout.as_ref().is_some_and(RolloutStatus::is_running);
    if well { Ok(()) } else { Err(LocalError::NotAtFullStrength) }
}

/// Watches until everything is as before, or for too long.
fn follow(
    data_dir: &Path,
    before: &Status,
    blow: &Blow,
    load: &Load,
    struck: Instant,
    reporter: &dyn Reporter,
) -> Result<Recovery> {
    let mut recovery = Recovery::default();
    let limit = blow.outage() + LONGEST_RECOVERY;
    while struck.elapsed() < limit && recovery.full_strength.is_none() {
        if reporter.cancelled() {
            recovery.interrupted = true;
            return Ok(recovery);
        }
        let now = status(data_dir)?;
        let healthy =
            now.servers.iter().filter(|server| server.state == ComponentState::Healthy).count();
        let stores = !load.has_writer() || load.wrote_since(struck + blow.outage());
        let replaced = blow.is_replaced(before, &now) && stores;
        if replaced && recovery.replaced.is_none() {
            recovery.replaced = Some(struck.elapsed());
            reporter.progress(&format!("{healthy} servers are in service again"));
        }
        let whole = now.converged && now.ready && stand_as_before(before, &now);
        if replaced && whole && struck.elapsed() >= blow.outage() {
            recovery.full_strength = Some(struck.elapsed());
            reporter.progress("everything is at full strength");
        }
        pause(LOOK_AGAIN);
    }
    Ok(recovery)
}

fn report(
    data: &DataDir,
    kind: DrillKind,
    blow: &Blow,
    (struck, struck_at): (Instant, Timestamp),
    health: &HealthSpec,
    (answers, writes): &(Vec<Answer>, Vec<Answer>),
    recovery: Recovery,
) -> DrillReport {
    let window = ejection_window(health);
    let failed = answers.iter().filter(|answer| !answer.ok);
    let late = failed.clone().filter(|answer| answer.sent > struck + window);
    DrillReport {
        kind,
        target: blow.target(),
        requests: answers.len() as u64,
        failed: failed.count() as u64,
        failed_after_window: late.count() as u64,
        writes: writes.len() as u64,
        writes_refused: writes.iter().filter(|write| !write.ok).count() as u64,
        window,
        health: health.clone(),
        interrupted: recovery.interrupted,
        slowest: answers.iter().map(|answer| answer.took).max().unwrap_or_default(),
        replaced_after: recovery.replaced,
        full_strength_after: recovery.full_strength,
        timeline: timeline(data, struck_at),
    }
}

/// What the history says of the time since the blow.
fn timeline(data: &DataDir, struck_at: Timestamp) -> Vec<Moment> {
    activities(data, MOST_MOMENTS)
        .into_iter()
        .filter(|activity| activity.at >= struck_at)
        .map(|activity| Moment {
            after: Duration::try_from(activity.at - struck_at).unwrap_or_default(),
            component: activity.component,
            text: format!("{}: {}", activity.event, activity.cause),
        })
        .collect()
}

/// After so long a balancer has taken a server out that answers no check (HA-5): each check comes
/// an interval after the one before has ended, and one without an answer ends with the timeout.
fn ejection_window(health: &HealthSpec) -> Duration {
    (health.interval + health.timeout) * health.unhealthy
}

/// Every zone has at least the servers it had; the load of a drill may have made the group grow.
fn stand_as_before(before: &Status, now: &Status) -> bool {
    let count = |status: &Status, zone: &Option<String>| {
        status.servers.iter().filter(|server| server.zone == *zone).count()
    };
    before.servers.iter().all(|one| count(now, &one.zone) >= count(before, &one.zone))
}

fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn seconds<S: Serializer>(time: &Duration, to: S) -> std::result::Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

fn maybe_seconds<S: Serializer>(
    time: &Option<Duration>,
    to: S,
) -> std::result::Result<S::Ok, S::Error> {
    match time {
        Some(time) => to.serialize_some(&time.as_secs_f64()),
        None => to.serialize_none(),
    }
}
