//! What keeps password guessing slow.
//!
//! The store slows down guesses at one login name, and bounds how many passwords are hashed at the
//! same time. This adds one source that tries many names. The count is the store's, so that more
//! servers do not mean more attempts; a server learns it when it counts a failure of its own, so
//! that a login that succeeds costs nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use protocol::error::ErrorCode;
use store::Accounts;
use store::accounts::{SOURCE_WINDOW, SourceFailures};

use crate::error::{ApiError, Result};
use crate::extract::Source;

/// Failures that one source may have in one [`SOURCE_WINDOW`], on all servers together; each other
/// server finds out by one more. Many people can share an address.
const FAILURES: u64 = 50;

/// Sources remembered; bounds the memory an attacker with many addresses can take.
const SOURCES: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Limits {
    failures: Mutex<HashMap<Source, Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    until: Instant,
    count: u64,
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

    /// Counts a wrong password or invitation of `source`, here and in the store. Where the store
    /// is in doubt, this server's own count has to do.
    pub(crate) async fn failed(&self, source: Source, accounts: &Accounts) {
        let shared = match accounts.count_source_failure(&source.0.to_string()).await {
            Ok(shared) => Some(shared),
            Err(error) => {
                tracing::warn!(%error, "a failed attempt was counted by this server only");
                None
            }
        };
        self.failed_at(source, shared, Instant::now());
    }

    fn failed_at(&self, source: Source, shared: Option<SourceFailures>, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= SOURCES && !failures.contains_key(&source) {
            failures.retain(|_, entry| now < entry.until);
            if failures.len() >= SOURCES {
                return;
            }
        }
        let left = shared.as_ref().map_or(SOURCE_WINDOW, |shared| shared.left);
        let fresh = Failures { until: now + left, count: 0 };
        let entry = failures.entry(source).or_insert(fresh);
        if now >= entry.until {
            *entry = fresh;
        }
        entry.count += 1;
        if let Some(shared) = shared {
            entry.count = entry.count.max(shared.count);
        }
    }

    fn blocked(&self, source: Source, now: Instant) -> Option<Duration> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = failures.get(&source)?;
        let left = entry.until.checked_duration_since(now)?;
        (entry.count >= FAILURES && !left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Instant;

    use super::*;

    fn source(last: u32) -> Source {
        Source(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + last)))
    }

    #[test]
    fn a_source_is_blocked_for_the_rest_of_the_window_only() {
        let limits = Limits::default();
        let start = Instant::now();
        for _ in 0..FAILURES {
            assert_eq!(limits.blocked(source(1), start), None);
            limits.failed_at(source(1), None, start);
        }
        assert_eq!(limits.blocked(source(1), start), Some(SOURCE_WINDOW));
        assert_eq!(limits.blocked(source(2), start), None);
        assert_eq!(limits.blocked(source(1), start + SOURCE_WINDOW), None);
        limits.failed_at(source(1), None, start + SOURCE_WINDOW);
        assert_eq!(limits.blocked(source(1), start + SOURCE_WINDOW), None);
    }

    #[test]
    fn failures_on_other_servers_count() {
        let limits = Limits::default();
        let (start, left) = (Instant::now(), Duration::from_secs(20));
        let shared = |count| Some(SourceFailures { count, left });
        limits.failed_at(source(1), shared(FAILURES - 1), start);
        assert_eq!(limits.blocked(source(1), start), None);
        limits.failed_at(source(1), shared(FAILURES), start);
        assert_eq!(limits.blocked(source(1), start), Some(left));
        assert_eq!(limits.blocked(source(1), start + left), None);
    }

    #[test]
    fn memory_is_bounded() {
        let limits = Limits::default();
        let start = Instant::now();
        for number in 0..30_000 {
            limits.failed_at(source(number), None, start);
        }
        assert!(limits.failures.lock().unwrap().len() <= SOURCES);
    }
}
