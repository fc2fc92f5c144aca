//! Commits of one process to one space take turns, which saves them from racing each other.
//!
//! Correctness does not rest on it: other processes know nothing of these turns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use protocol::id::SpaceId;
use tokio::sync::OwnedMutexGuard;

/// Spaces above which those without a commit under way are forgotten.
const SWEEP_ABOVE: usize = 1_000;

#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<SpaceId, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// Waits for this space's turn, which ends when the guard is dropped.
    pub(crate) async fn take(&self, space: &SpaceId) -> OwnedMutexGuard<()> {
        self.queue(space).lock_owned().await
    }

    fn queue(&self, space: &SpaceId) -> Arc<tokio::sync::Mutex<()>> {
        let mut spaces = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(queue) = spaces.get(space).and_then(Weak::upgrade) {
            return queue;
        }
        if spaces.len() >= SWEEP_ABOVE {
            spaces.retain(|_, queue| queue.strong_count() > 0);
        }
        let queue = Arc::default();
        spaces.insert(space.clone(), Arc::downgrade(&queue));
        queue
    }
}
