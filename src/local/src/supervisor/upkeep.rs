//! Keeps the logs bounded.

use std::fs::{self, OpenOptions};

use crate::data::DataDir;

/// A log above this is moved aside; one earlier part is kept.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// The writers keep their file, so it is copied and cut, not renamed. They append, and so go on at
/// its new end; what is written between copy and cut is lost.
pub(super) fn rotate_logs(data: &DataDir) {
    let Ok(entries) = fs::read_dir(data.log_dir()) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let is_log = path.extension().is_some_and(|extension| extension == "log");
        if !is_log || !entry.metadata().is_ok_and(|metadata| metadata.len() > MOST_BYTES) {
            continue;
        }
        let cut = fs::copy(&path, path.with_extension("log.1"))
            .and_then(|_| OpenOptions::new().write(true).open(&path)?.set_len(0));
        if let Err(error) = cut {
            tracing::warn!(log = %path.display(), %error, "cannot cut a log");
        }
    }
}
