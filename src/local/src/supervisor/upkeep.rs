//! Keeps the logs bounded.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::data::DataDir;

/// A log above this is moved aside; one earlier part is kept.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// The writers keep their file, so its end is copied and it is cut, not renamed. They append, and so
/// go on at its new end; what is written between copy and cut is lost, and so is the beginning of one
/// that ran away: the part that is kept is bounded as well.
pub(super) fn rotate_logs(data: &DataDir) {
    let Ok(entries) = fs::read_dir(data.log_dir()) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let is_log = path.extension().is_some_and(|extension| extension == "log");
        if !is_log || !entry.metadata().is_ok_and(|metadata| metadata.len() > MOST_BYTES) {
            continue;
        }
        let cut = keep_end(&path, &path.with_extension("log.1"))
            .and_then(|()| OpenOptions::new().write(true).open(&path)?.set_len(0));
        if let Err(error) = cut {
            tracing::warn!(log = %path.display(), %error, "cannot cut a log");
        }
    }
}

/// Copies at most the last [`MOST_BYTES`], from the beginning of a line.
fn keep_end(log: &Path, kept: &Path) -> io::Result<()> {
    let mut from = File::open(log)?;
    let start = from.metadata()?.len().saturating_sub(MOST_BYTES);
    from.seek(SeekFrom::Start(start))?;
    let mut end = Vec::new();
    from.take(MOST_BYTES).read_to_end(&mut end)?;
    let torn = if start == 0 {
        0
    } else {
        end.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1)
    };
    // Not another's file behind a link, and nobody else's to read.
    let _ = fs::remove_file(kept);
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(kept)?;
    io::copy(&mut &end[torn..], &mut to).map(drop)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_log_that_ran_away_leaves_a_bounded_part() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create(&folder.path().join("data")).unwrap();
        let log = data.log_file("a-1");
        let line = [[b'x'; 1023].as_slice(), b"\n"].concat();
        let mut file = File::create(&log).unwrap();
        for _ in 0..(MOST_BYTES / 1024 + 2_000) {
            file.write_all(&line).unwrap();
        }
        file.write_all(b"the last line\n").unwrap();
        rotate_logs(&data);
        assert_eq!(fs::metadata(&log).unwrap().len(), 0);
        let kept = fs::read(log.with_extension("log.1")).unwrap();
        assert!(kept.len() as u64 <= MOST_BYTES && kept.len() as u64 > MOST_BYTES / 2);
        assert!(kept.ends_with(b"\nthe last line\n"));
        assert_eq!(kept.split(|byte| *byte == b'\n').next().unwrap().len(), 1023);
    }
}
