//! The balancer's own probes: one thread per server, quick until the first success, calm after.
//!
//! A server on trial is looked at more closely. One that is late once gets nothing that somebody else
//! can take; that it has failed is for the ordinary threshold, and the supervisor, to say.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::config::{BalancerConfig, Trust};
use super::registry::{Backend, Registry, Standing};
use crate::probe;
use crate::spec::HealthSpec;

/// Between probes of a server that has just appeared or just refused a connection.
const EAGER: Duration = Duration::from_millis(20);
/// A server on trial that needs longer for its check is late.
const LATE: Duration = Duration::from_secs(1);
/// How long that eagerness lasts; after it the pause grows to the ordinary interval.
const EAGER_FOR: Duration = Duration::from_secs(5);

/// Gives every server that has none its prober.
pub(super) fn start(registry: &Arc<Registry>, config: &BalancerConfig) {
    for backend in registry.backends().iter() {
        let mut prober = backend.prober.lock().unwrap_or_else(PoisonError::into_inner);
        if prober.is_none() {
            let backend = Arc::clone(backend);
            let health = config.health.clone();
            let thread = std::thread::spawn(move || watch(&backend, &health));
            *prober = Some(thread.thread().clone());
        }
    }
}

fn watch(backend: &Backend, health: &HealthSpec) {
    let mut judge = Judge::new(health);
    let mut unproven_since = Instant::now();
    let mut pause = EAGER;
    while !backend.removed() {
        let before = backend.standing();
        let closely = backend.trust() == Trust::Trial;
        let limit = if closely { health.timeout.min(LATE) } else { health.timeout };
        let outcome = probe::healthy(backend.address, &health.path, limit);
        let late = closely && outcome.as_ref().is_err_and(|unwell| !unwell.answers());
        backend.set_suspect(late && before != Standing::Unproven);
        let standing = backend.standing();
        let after = match standing {
            Standing::Healthy if late => standing,
            _ => judge.judge(standing, outcome.is_ok()),
        };
        if let Err(reason) = &outcome
            && before != Standing::Unproven
        {
            tracing::warn!(server = %backend.name, %reason, "probe failed");
        }
        backend.set_standing(after);
        if after == Standing::Unproven {
            if before != Standing::Unproven {
                unproven_since = Instant::now();
                pause = EAGER;
            }
            if unproven_since.elapsed() > EAGER_FOR {
                pause = (pause * 2).min(health.interval);
            }
        } else {
            pause = health.pause(closely);
            unproven_since = Instant::now();
        }
        std::thread::park_timeout(pause);
        if backend.standing() == Standing::Unproven && after != Standing::Unproven {
            unproven_since = Instant::now();
            pause = EAGER;
        }
    }
}

/// Counts what the thresholds ask for.
struct Judge {
    healthy: u32,
    unhealthy: u32,
    in_a_row: u32,
}

impl Judge {
    fn new(health: &HealthSpec) -> Self {
        Self { healthy: health.healthy.max(1), unhealthy: health.unhealthy.max(1), in_a_row: 0 }
    }

    fn judge(&mut self, standing: Standing, passed: bool) -> Standing {
        let (against, threshold, changed) = match standing {
            Standing::Unproven => (passed, 1, Standing::Healthy),
            Standing::Healthy => (!passed, self.unhealthy, Standing::Unhealthy),
            Standing::Unhealthy => (passed, self.healthy, Standing::Healthy),
        };
        self.in_a_row = if against { self.in_a_row + 1 } else { 0 };
        if self.in_a_row >= threshold {
            self.in_a_row = 0;
            return changed;
        }
        standing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_count_in_a_row() {
        let mut judge = Judge::new(&HealthSpec::default());
        use Standing::{Healthy, Unhealthy, Unproven};
        assert_eq!(judge.judge(Unproven, false), Unproven);
        assert_eq!(judge.judge(Unproven, true), Healthy);
        assert_eq!(judge.judge(Healthy, false), Healthy);
        assert_eq!(judge.judge(Healthy, true), Healthy);
        assert_eq!(judge.judge(Healthy, false), Healthy);
        assert_eq!(judge.judge(Healthy, false), Unhealthy);
        assert_eq!(judge.judge(Unhealthy, true), Unhealthy);
        assert_eq!(judge.judge(Unhealthy, true), Healthy);
    }
}
