//! Zones that are out for a while: what a drill asks for, and the supervisor carries out (HA-7).

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::data::DataDir;
use crate::data::files::{Durability, Stamp, read_json, write_json};
use crate::error::Result;

pub(super) const FILE: &str = "outages.json";

/// Zone to the end of its outage. An end, so that nobody has to come back to lift it.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    until: BTreeMap<String, Timestamp>,
    stamp: Option<Stamp>,
}

impl Outages {
    /// Reads the file when it has changed. One that can't be read takes no zone away.
    pub(crate) fn follow(&mut self, data: &DataDir) {
        let path = data.run_file(FILE);
        let stamp = Stamp::of(&path);
        if stamp != self.stamp {
            self.until = read_json(&path).ok().flatten().unwrap_or_default();
            self.stamp = stamp;
        }
    }

    /// Whether a zone is out at present.
    pub(crate) fn any(data: &DataDir) -> bool {
        !Self::lost(data).is_empty()
    }

    /// The zones that are out at present.
    pub(crate) fn lost(data: &DataDir) -> Vec<String> {
        let mut outages = Self::default();
        outages.follow(data);
        let now = Timestamp::now();
        let lost = outages.until.into_iter().filter(|(_, until)| now < *until);
        lost.map(|(zone, _)| zone).collect()
    }

    /// Whether one is on its way to its end.
    pub(super) fn is_empty(&self) -> bool {
        let now = Timestamp::now();
        self.until.values().all(|until| *until <= now)
    }

    pub(crate) fn is_out(&self, zone: &str, now: Timestamp) -> bool {
        self.until.get(zone).is_some_and(|until| now < *until)
    }
}

/// Takes a zone away until then; an end in the past gives it back.
pub(crate) fn set(data: &DataDir, zone: &str, until: Timestamp) -> Result<()> {
    let path = data.run_file(FILE);
    let mut all: BTreeMap<String, Timestamp> = read_json(&path)?.unwrap_or_default();
    all.retain(|_, until| *until > Timestamp::now());
    all.insert(zone.to_owned(), until);
    write_json(&path, &all, Durability::Memory)
}

/// Lets the engines answer, until then, as if the disk had no room for content.
pub(crate) fn fill_disk(data: &DataDir, until: Timestamp) -> Result<()> {
    write_json(&disk_file(data), &until.as_second(), Durability::Memory)
}

/// The disk has room again.
pub(crate) fn empty_disk(data: &DataDir) {
    // Nothing to remove is what is wanted.
    let _ = std::fs::remove_file(disk_file(data));
}

/// Holds the end of a disk drill in seconds since 1970; the engines look at it.
pub(crate) fn disk_file(data: &DataDir) -> PathBuf {
    data.run_file("disk-full-until")
}

/// Gives everything back.
pub(crate) fn clear(data: &DataDir) {
    // Nothing to remove is what is wanted.
    let _ = std::fs::remove_file(data.run_file(FILE));
    empty_disk(data);
}
