//! Beginnings of large files that earlier runs left, and how long they are kept.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use protocol::id::FileId;
use rustix::fs::{FlockOperation, OFlags, flock};

use crate::error::{IoContext, Result};
use crate::fs::{Stamp, stamp};

/// Nobody comes back for a download after this long.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The name holds the version, so that a later run finds exactly this file's beginning.
pub(super) fn name(file: &FileId, content_rev: u64) -> String {
    format!("{file}.{content_rev}.part")
}

/// Removes beginnings that are a week old or of a version that is not wanted any more. What has
/// another name, or is being written, is left alone.
pub(crate) fn sweep(
    staging: &Path,
    now: Timestamp,
    is_wanted: impl Fn(&FileId, u64) -> bool,
) -> Result<()> {
    let entries = match fs::read_dir(staging) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.at("read", staging)?,
    };
    for entry in entries {
        let path = entry.at("read", staging)?.path();
        let name = path.file_name().and_then(crate::fs::utf8);
        let Some((file, content_rev)) = name.and_then(parse) else { continue };
        let Some(found) = stamp(&path).at("read", &path)? else { continue };
        let limit = (now - KEPT).as_nanosecond();
        if is_wanted(&file, content_rev) && i128::from(found.mtime_ns) > limit {
            continue;
        }
        remove(&path, &found).at("remove", &path)?;
    }
    Ok(())
}

fn parse(name: &str) -> Option<(FileId, u64)> {
    let (file, content_rev) = name.strip_suffix(".part")?.rsplit_once('.')?;
    Some((file.parse().ok()?, content_rev.parse().ok()?))
}

fn remove(path: &Path, found: &Stamp) -> io::Result<()> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        // A link or the like: not ours.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Ok(());
        }
        other => other?,
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() || Stamp::of(&metadata).inode != found.inode {
        return Ok(());
    }
    // Whoever downloads it holds this lock.
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(());
    }
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn only_beginnings_of_ours_that_nobody_comes_back_for_go() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        let ids = [1, 2, 3, 4].map(FileId::from_random);
        let [wanted, unwanted, old, held] = ids.clone().map(|id| name(&id, 7));
        for name in [&wanted, &unwanted, &old, &held, "notes.part", "0123456789abcdef", "a.b.part"]
        {
            fs::write(place(name), "begin").unwrap();
        }
        fs::create_dir(place(&name(&ids[0], 8))).unwrap();
        std::os::unix::fs::symlink(place("notes.part"), place(&name(&ids[1], 8))).unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(8 * 24 * 3_600);
        let file = OpenOptions::new().write(true).open(place(&old)).unwrap();
        file.set_modified(long_ago).unwrap();
        let writer = fs::File::open(place(&held)).unwrap();
        flock(&writer, FlockOperation::NonBlockingLockExclusive).unwrap();
        let is_wanted = |id: &FileId, rev| rev == 7 && (*id == ids[0] || *id == ids[2]);
        sweep(folder.path(), Timestamp::now(), is_wanted).unwrap();
        let left = fs::read_dir(folder.path()).unwrap().flatten();
        let mut left: Vec<_> = left.map(|entry| entry.file_name().into_string().unwrap()).collect();
        left.sort();
        let mut expected = [
            wanted,
            held,
            name(&ids[0], 8),
            name(&ids[1], 8),
            "notes.part".to_owned(),
            "0123456789abcdef".to_owned(),
            "a.b.part".to_owned(),
        ];
        expected.sort();
        assert_eq!(left, expected);
    }
}
