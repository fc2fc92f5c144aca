//! Processes of a deployment: found by a mark in their environment, signalled only when certain.

pub(crate) mod discover;
pub(crate) mod identity;
pub(crate) mod port;
pub(crate) mod spawn;

use std::time::{Duration, Instant};

pub(crate) use self::discover::{Process, discover};
use crate::error::{LocalError, Result};

/// SIGTERM, then SIGKILL after the limit; returns once it is gone.
pub(crate) fn stop(process: &Process, limit: Duration) -> Result<()> {
    let deadline = Instant::now() + limit;
    process.identity.signal(rustix::process::Signal::TERM);
    // A frozen process would not hear it.
    process.identity.signal(rustix::process::Signal::CONT);
    if process.identity.wait_for_end(deadline.saturating_duration_since(Instant::now())) {
        return Ok(());
    }
    process.identity.signal(rustix::process::Signal::KILL);
    if process.identity.wait_for_end(Duration::from_secs(10)) {
        return Ok(());
    }
    Err(LocalError::DoesNotEnd { name: process.component.clone(), pid: process.identity.pid })
}
