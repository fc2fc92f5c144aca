//! Versions that a reader found damaged. A large file is sent while it is read, so the reader who
//! finds out gets a broken answer; whoever asks again gets the reason instead.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use protocol::id::{FileId, SpaceId};

/// Clients choose ids of files, so that two spaces may have the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Version {
    pub(super) space: SpaceId,
    pub(super) file: FileId,
    pub(super) rev: u64,
}

/// Read again after this: it is not known whose fault it was.
const MEMORY: Duration = Duration::from_secs(600);

/// Versions remembered; bounds the memory.
const MOST: usize = 1_000;

#[derive(Default)]
pub(crate) struct Damaged(Mutex<HashMap<Version, Instant>>);

impl Damaged {
    pub(super) fn remember(&self, version: Version) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, seen| seen.elapsed() < MEMORY);
        }
        if known.len() < MOST {
            known.insert(version, Instant::now());
        }
    }

    pub(super) fn contains(&self, version: &Version) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(version).is_some_and(|seen| seen.elapsed() < MEMORY)
    }
}
