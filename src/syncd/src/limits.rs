//! What keeps password guessing slow.
//!
//! The store slows down guesses at one login name, and bounds how many passwords are hashed at the
//! same time. This adds what it can't see: one source that tries many names.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use protocol::error::ErrorCode;

use crate::error::{ApiError, Result};
use crate::extract::Source;

/// Failures that one source may have in one [`WINDOW`]. Many people can share an address.
const FAILURES: u32 = 50;

const WINDOW: Duration = Duration::from_secs(60);

/// Sources remembered; bounds the memory an attacker with many addresses can take.
const SOURCES: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Limits {
    failures: Mutex<HashMap<Source, Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    since: Instant,
    count: u32,
}

impl Limits {
    /// # Errors
    /// 429 for a source that failed too often.
    pub(crate) fn admit(&self, source: Source) -> Result<()> {
        if let Some(wait) = self.blocked(source, Instant::now()) {
            let message = "too many failed attempts from this address; wait and try again";
            return Err(ApiError::new(ErrorCode::TooManyRequests, message)
                .with_retry_after(wait.as_secs() + 1));
        }
        Ok(())
    }

    /// Remembers that `source` had a wrong password or invitation.
    pub(crate) fn failed(&self, source: Source) {
        self.failed_at(source, Instant::now());
    }

    fn failed_at(&self, source: Source, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= SOURCES && !failures.contains_key(&source) {
            failures.retain(|_, entry| now.duration_since(entry.since) < WINDOW);
            if failures.len() >= SOURCES {
                return;
            }
        }
        let fresh = Failures { since: now, count: 0 };
        let entry = failures.entry(source).or_insert(fresh);
        if now.duration_since(entry.since) >= WINDOW {
            *entry = fresh;
        }
        entry.count += 1;
    }

    fn blocked(&self, source: Source, now: Instant) -> Option<Duration> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = failures.get(&source)?;
        let left = WINDOW.checked_sub(now.duration_since(entry.since))?;
        (entry.count >= FAILURES && !left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Instant;

    use super::{FAILURES, Limits, SOURCES, WINDOW};
    use crate::extract::Source;

    fn source(last: u32) -> Source {
        Source(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + last)))
    }

    #[test]
    fn a_source_is_blocked_for_the_rest_of_the_window_only() {
        let limits = Limits::default();
        let start = Instant::now();
        for _ in 0..FAILURES {
            assert_eq!(limits.blocked(source(1), start), None);
            limits.failed_at(source(1), start);
        }
        assert_eq!(limits.blocked(source(1), start), Some(WINDOW));
        assert_eq!(limits.blocked(source(2), start), None);
        assert_eq!(limits.blocked(source(1), start + WINDOW), None);
    }

    #[test]
    fn memory_is_bounded() {
        let limits = Limits::default();
        let start = Instant::now();
        for number in 0..30_000 {
            limits.failed_at(source(number), start);
        }
        assert!(limits.failures.lock().unwrap().len() <= SOURCES);
    }
}
