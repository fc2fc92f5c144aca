use std::path::{Path, PathBuf};

/// A disk that is to keep something free.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    /// A folder on it.
    dir: PathBuf,
    /// Bytes.
    reserve: u64,
}

impl Room {
    pub(crate) fn new(dir: &Path, reserve: u64) -> Self {
        Self { dir: dir.to_path_buf(), reserve }
    }

    /// Whether the reserve is untouched. A disk that doesn't tell is taken to have room: it refuses
    /// by itself.
    pub(crate) fn is_left(&self) -> bool {
        free(&self.dir).is_none_or(|free| free >= self.reserve)
    }
}

fn free(dir: &Path) -> Option<u64> {
    let status = rustix::fs::statvfs(dir).ok()?;
    Some(status.f_bavail.saturating_mul(status.f_frsize))
}
