//! Drills: takes something away on purpose, under load, and reports what users would have noticed
//! (HA-6, HA-7).

mod load;

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::error::Result;
use crate::reporter::Reporter;

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
    /// Health checks need this long to take a server out.
    #[serde(serialize_with = "seconds")]
    pub window: Duration,
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
        self.failed_after_window == 0 && self.full_strength_after.is_some()
    }
}

/// Runs a drill on a deployment that is well, and leaves it well.
///
/// # Errors
/// A deployment that does not run or is not at full strength, a target that does not exist, an
/// interrupt. What was taken away is given back in every case.
pub fn drill(
    _data_dir: &Path,
    _request: &DrillRequest,
    _reporter: &dyn Reporter,
) -> Result<DrillReport> {
    unreachable!()
}
