//! Whether the dependencies answer, asked at most once a second however often we are asked.

use std::time::{Duration, Instant};

use store::Store;
use tokio::sync::Mutex;

/// An answer this old is still good.
const FRESH: Duration = Duration::from_secs(1);

/// Shorter than any health checker's own timeout.
const TIMEOUT: Duration = Duration::from_millis(1_500);

/// The last answer, and the lock that lets only one question through at a time.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    pub(crate) async fn check(&self, store: &Store) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < FRESH
        {
            return ready;
        }
        let ready = match tokio::time::timeout(TIMEOUT, store.ready()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a dependency is not ready");
                false
            }
            Err(_elapsed) => {
                tracing::warn!("a dependency did not answer in time");
                false
            }
        };
        *last = Some((Instant::now(), ready));
        ready
    }
}
