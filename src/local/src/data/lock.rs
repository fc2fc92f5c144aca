//! One command at a time works on a data directory.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::error::{LocalError, Result};
use crate::reporter::Reporter;

/// Held while it lives; the kernel lets go when the holder dies, however it dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// `None` when somebody else holds it.
pub(crate) fn try_lock(path: &Path) -> Result<Option<Lock>> {
    // Children must not inherit it; the standard library opens everything close-on-exec.
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| LocalError::io("open", path, error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(LocalError::io("lock", path, error.into())),
    }
}

/// Waits, with one message, until the other command is done.
pub(crate) fn wait_lock(path: &Path, reporter: &dyn Reporter) -> Result<Lock> {
    let mut told = false;
    loop {
        if let Some(lock) = try_lock(path)? {
            return Ok(lock);
        }
        if reporter.cancelled() {
            return Err(LocalError::Interrupted);
        }
        if !told {
            reporter.message("another syncctl is at work on this deployment; waiting for it");
            told = true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
