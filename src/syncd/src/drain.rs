//! Leaving without losing a request: fail the health checks, keep accepting until the load
//! balancer has noticed, then finish what is in flight.

use std::sync::Arc;

use tokio::sync::watch;

/// How far the process is on its way out. Ordered: it only ever moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Serving,
    /// Health checks fail, everything else works.
    Leaving,
    /// No new connections; waiting requests are answered early.
    Stopping,
    /// Somebody asked twice: nothing is waited for.
    Hurrying,
}

/// A handle on the phase; clones share it.
#[derive(Clone, Debug)]
pub struct Drain(Arc<watch::Sender<Phase>>);

impl Default for Drain {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Serving)))
    }
}

impl Drain {
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Whether the health checks should fail.
    pub fn is_leaving(&self) -> bool {
        self.phase() >= Phase::Leaving
    }

    /// Moves on to `phase`; never back.
    pub fn advance(&self, phase: Phase) {
        self.0.send_if_modified(|current| {
            let moves = phase > *current;
            if moves {
                *current = phase;
            }
            moves
        });
    }

    /// Returns once the phase is `phase` or a later one.
    pub async fn reached(&self, phase: Phase) {
        // The sender lives as long as this handle, so waiting can't fail.
        let _ = self.0.subscribe().wait_for(|current| *current >= phase).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Drain, Phase};

    #[tokio::test]
    async fn the_phase_never_moves_back() {
        let drain = Drain::default();
        drain.advance(Phase::Hurrying);
        drain.advance(Phase::Leaving);
        assert_eq!(drain.phase(), Phase::Hurrying);
        drain.reached(Phase::Stopping).await;
    }
}
