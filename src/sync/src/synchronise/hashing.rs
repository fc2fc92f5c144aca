//! From a walk to the local tree: hashes, remembered where nothing can have changed.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use protocol::file::NodeKind;
use protocol::name::SpacePath;

use crate::chunk::hash_reader;
use crate::error::Result;
use crate::fs::{Stamp, open_regular, stamp};
use crate::report::{Problem, shown};
use crate::scan::{self, Found};
use crate::state::Hashed;
use crate::tree::{Local, LocalEntry};

/// A file touched this shortly before it was hashed may have been changed right after without its
/// times showing it: file systems count time in steps, some of two seconds.
const RACY_NS: i64 = 2_500_000_000;

pub(super) struct Scanned {
    pub(super) local: Local,
    pub(super) stamps: HashMap<SpacePath, Stamp>,
    pub(super) hashes: HashMap<SpacePath, Hashed>,
    pub(super) problems: Vec<Problem>,
    /// Device and inode of what has a name that can't be sent.
    pub(super) unnamable: Vec<(u64, u64)>,
}

pub(super) fn scan(root: &Path, known: &HashMap<SpacePath, Hashed>) -> Result<Scanned> {
    let mut walked = scan::walk(root)?;
    walked.drop_moved()?;
    let mut scanned = Scanned {
        local: Local { unreadable: walked.unreadable, ..Local::default() },
        stamps: HashMap::new(),
        hashes: HashMap::new(),
        problems: walked.problems,
        unnamable: walked.unnamable,
    };
    for directory in walked.directories {
        scanned.add(NodeKind::Directory, &directory.relative, directory.stamp, None);
    }
    let (trusted, stale): (Vec<_>, Vec<_>) = walked
        .files
        .into_iter()
        .map(|file| (known.get(&file.relative).copied(), file))
        .partition(|(known, file)| known.is_some_and(|known| is_certain(&known, &file.stamp)));
    for (known, file) in trusted {
        scanned.add(NodeKind::File, &file.relative, file.stamp, known);
    }
    let stale: Vec<_> = stale.into_iter().map(|(_, file)| file).collect();
    for (file, hashed) in stale.iter().zip(hash_all(&stale)) {
        match hashed {
            Ok(Some(found)) => {
                scanned.add(NodeKind::File, &file.relative, found.stamp, Some(found));
            }
            // It went away while we looked.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Ok(None) => scanned.unread(file, "it keeps changing; it is left for the next run"),
            Err(error) => scanned.unread(file, &error.to_string()),
        }
    }
    Ok(scanned)
}

impl Scanned {
    fn add(&mut self, kind: NodeKind, path: &SpacePath, stamp: Stamp, hashed: Option<Hashed>) {
        let entry = LocalEntry {
            kind,
            hash: hashed.map(|hashed| hashed.hash),
            executable: kind == NodeKind::File && stamp.executable,
            inode: (stamp.device, stamp.inode),
        };
        self.local.entries.insert(path.clone(), entry);
        self.stamps.insert(path.clone(), stamp);
        if let Some(hashed) = hashed {
            self.hashes.insert(path.clone(), hashed);
        }
    }

    fn unread(&mut self, file: &Found, reason: &str) {
        self.problems.push(Problem::failed(shown(&file.path), reason));
        self.add(NodeKind::File, &file.relative, file.stamp, None);
    }
}

fn is_certain(known: &Hashed, now: &Stamp) -> bool {
    let touched = now.mtime_ns.max(now.ctime_ns);
    known.stamp == *now && known.at_ns.saturating_sub(touched) > RACY_NS
}

type HashResult = std::io::Result<Option<Hashed>>;

/// On all cores; results in the order of the files.
fn hash_all(files: &[Found]) -> Vec<HashResult> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<HashResult>>> =
        Mutex::new((0..files.len()).map(|_| None).collect());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers.min(files.len()) {
            scope.spawn(|| {
                while let Some((index, file)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    files.get(index).map(|file| (index, file))
                } {
                    let result = hash_one(&file.path);
                    if let Ok(mut results) = results.lock() {
                        results[index] = Some(result);
                    }
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    results.into_iter().map(|result| result.unwrap_or(Ok(None))).collect()
}

/// `None` if the file changed while it was read.
fn hash_one(path: &Path) -> HashResult {
    for _ in 0..3 {
        let at_ns = Timestamp::now().as_nanosecond() as i64;
        let file = open_regular(path)?;
        let before = Stamp::of(&file.metadata()?);
        let cut = hash_reader(&file)?;
        let after = Stamp::of(&file.metadata()?);
        if before == after && cut.size == after.size && stamp(path)? == Some(after) {
            return Ok(Some(Hashed { stamp: after, hash: cut.hash, at_ns }));
        }
    }
    Ok(None)
}
