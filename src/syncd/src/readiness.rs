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
pub(crate) struct Readiness(Mutex<Option<(Instant, Answer)>>);

/// `Err` tells what is not ready; it is logged when it changes, not at every question.
type Answer = Result<(), String>;

impl Readiness {
    pub(crate) async fn check(&self, store: &Store) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, ready)) = &*last
            && at.elapsed() < FRESH
        {
            return ready.is_ok();
        }
        let answer = match tokio::time::timeout(TIMEOUT, store.ready()).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_elapsed) => Err("a dependency did not answer in time".to_owned()),
        };
        let before = last.as_ref().map(|(_, before)| before);
        if let Err(reason) = &answer
            && before != Some(&answer)
        {
            tracing::warn!(reason, "not ready");
        }
        let ready = answer.is_ok();
        *last = Some((Instant::now(), answer));
        ready
    }
}
