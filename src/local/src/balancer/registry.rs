//! The servers the balancer knows, and which of them gets the next request.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::Thread;

use pingora::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::config::{BackendSpec, BalancerConfig, Trust};

/// Good answers after which a server on trial gets requests that can't be repeated.
const ENOUGH_ANSWERS: u64 = 20;

/// How the balancer sees a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Not proven yet, or refused a connection: the next probe that passes lets it in.
    Unproven = 0,
    Healthy = 1,
    /// Failed its probes: has to pass several in a row.
    Unhealthy = 2,
}

#[derive(Default)]
pub(crate) struct Registry {
    backends: RwLock<Arc<Vec<Arc<Backend>>>>,
    turn: AtomicUsize,
    /// A server on trial has a request that can't be repeated.
    exposed: AtomicBool,
    in_flight: AtomicUsize,
    pub(super) requests: AtomicU64,
    /// Answers the balancer had to give itself because no server could.
    pub(super) failures: AtomicU64,
    /// Answers of servers with a status of 500 to 599 that clients got to see.
    pub(super) errors_passed: AtomicU64,
    pub(super) retries: AtomicU64,
}

pub(crate) struct Backend {
    pub(crate) name: String,
    pub(crate) zone: String,
    pub(crate) address: SocketAddr,
    pub(super) launch: String,
    draining: AtomicBool,
    trust: AtomicU8,
    standby: AtomicBool,
    /// On trial, and late with its last check.
    suspect: AtomicBool,
    standing: AtomicU8,
    in_flight: AtomicUsize,
    pub(super) requests: AtomicU64,
    /// Answers with a status of 500 to 599 that came from this server.
    pub(super) errors: AtomicU64,
    /// Answers that did what was asked for: 200 to 399.
    pub(super) good_answers: AtomicU64,
    /// All of them.
    pub(super) answers: AtomicU64,
    removed: AtomicBool,
    pub(super) prober: Mutex<Option<Thread>>,
}

impl Registry {
    /// Takes in a list. Servers that stay keep their standing; new ones start unproven.
    pub(crate) fn apply(&self, config: &BalancerConfig) {
        let mut current = self.backends.write().unwrap_or_else(PoisonError::into_inner);
        let next: Vec<Arc<Backend>> = config
            .backends
            .iter()
            .map(|spec| match current.iter().find(|known| known.is(spec)) {
                Some(known) => {
                    known.draining.store(spec.draining, Ordering::Relaxed);
                    known.trust.store(spec.trust as u8, Ordering::Relaxed);
                    known.standby.store(spec.standby, Ordering::Relaxed);
                    Arc::clone(known)
                }
                None => Arc::new(Backend::new(spec)),
            })
            .collect();
        for known in
            current.iter().filter(|known| !next.iter().any(|kept| Arc::ptr_eq(kept, known)))
        {
            known.removed.store(true, Ordering::Relaxed);
            known.wake_prober();
        }
        *current = Arc::new(next);
    }

    /// The healthy server with the fewest requests in flight, in turn among equals; one whose release
    /// has proven itself first, where that matters. `repeatable` says whether the request may be given
    /// to another server after this one has failed it.
    pub(crate) fn choose(
        self: &Arc<Self>,
        tried: &[SocketAddr],
        repeatable: bool,
    ) -> Option<Occupation> {
        let backends = self.backends();
        let count = backends.len();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut exposure = None;
        let need = if !tried.is_empty() {
            Need::Certainty
        } else if repeatable {
            Need::Anyone
        } else {
            let on_trial = |backend: &Arc<Backend>| backend.trust() == Trust::Trial;
            if backends.iter().any(on_trial) && !backends.iter().any(|one| one.is_trouble()) {
                exposure = Exposure::begin(self);
            }
            Need::One { exposed: exposure.is_some() }
        };
        let backend = (0..count)
            .map(|step| &backends[(turn.wrapping_add(step)) % count])
            .filter(|backend| backend.takes_requests() && !tried.contains(&backend.address))
            .min_by_key(|backend| (backend.risk(need), backend.in_flight()))?;
        let exposure = exposure.filter(|_| backend.trust() == Trust::Trial);
        Some(Occupation::begin(Arc::clone(backend), exposure))
    }

    /// Whether somebody else would take a request that these have failed.
    pub(crate) fn has_another(&self, tried: &[SocketAddr]) -> bool {
        self.backends()
            .iter()
            .any(|backend| backend.takes_requests() && !tried.contains(&backend.address))
    }

    pub(crate) fn backends(&self) -> Arc<Vec<Arc<Backend>>> {
        Arc::clone(&self.backends.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Counts a request for as long as the guard lives; `None` above the limit, unless room can be
    /// made for it.
    pub(crate) fn admit(
        self: &Arc<Self>,
        limit: usize,
        make_room: impl FnOnce() -> bool,
    ) -> Option<Admission> {
        let before = self.in_flight.fetch_add(1, Ordering::SeqCst);
        let admission = Admission(Arc::clone(self));
        self.requests.fetch_add(1, Ordering::Relaxed);
        (before < limit || make_room()).then_some(admission)
    }
}

impl Backend {
    fn new(spec: &BackendSpec) -> Self {
        Self {
            name: spec.name.clone(),
            zone: spec.zone.clone(),
            address: spec.address,
            launch: spec.launch.clone(),
            draining: AtomicBool::new(spec.draining),
            trust: AtomicU8::new(spec.trust as u8),
            standby: AtomicBool::new(spec.standby),
            suspect: AtomicBool::new(false),
            standing: AtomicU8::new(Standing::Unproven as u8),
            in_flight: AtomicUsize::new(0),
            requests: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            good_answers: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            removed: AtomicBool::new(false),
            prober: Mutex::new(None),
        }
    }

    fn is(&self, spec: &BackendSpec) -> bool {
        self.name == spec.name && self.address == spec.address && self.launch == spec.launch
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.standing.load(Ordering::Relaxed) {
            0 => Standing::Unproven,
            1 => Standing::Healthy,
            _ => Standing::Unhealthy,
        }
    }

    pub(super) fn set_standing(&self, standing: Standing) {
        let before = self.standing.swap(standing as u8, Ordering::Relaxed);
        if before != standing as u8 {
            tracing::info!(server = %self.name, address = %self.address, ?standing, "server");
        }
    }

    /// Takes a server that refused a connection out at once and asks for a probe.
    pub(crate) fn eject(&self) {
        if self.standing() == Standing::Healthy {
            self.set_standing(Standing::Unproven);
            self.wake_prober();
        }
    }

    fn wake_prober(&self) {
        if let Some(thread) = self.prober.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            thread.unpark();
        }
    }

    pub(super) fn count_answer(&self, status: StatusCode) {
        self.answers.fetch_add(1, Ordering::Relaxed);
        if status.is_server_error() {
            self.errors.fetch_add(1, Ordering::Relaxed);
        } else if status.is_success() || status.is_redirection() {
            self.good_answers.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn trust(&self) -> Trust {
        match self.trust.load(Ordering::Relaxed) {
            0 => Trust::Proven,
            1 => Trust::Trial,
            _ => Trust::Failed,
        }
    }

    pub(super) fn set_suspect(&self, suspect: bool) {
        if self.suspect.swap(suspect, Ordering::Relaxed) != suspect {
            tracing::info!(server = %self.name, address = %self.address, suspect, "server on trial");
        }
    }

    /// On trial, and not without fault: reason enough to give nobody of its release what can't be
    /// repeated.
    fn is_trouble(&self) -> bool {
        self.trust() == Trust::Trial
            && (self.errors.load(Ordering::Relaxed) > 0 || self.suspect.load(Ordering::Relaxed))
    }

    /// Of giving it a request: the lowest is best.
    fn risk(&self, need: Need) -> u8 {
        match self.trust() {
            Trust::Proven if need == Need::Certainty => 0,
            Trust::Proven => u8::from(self.standby.load(Ordering::Relaxed)),
            Trust::Trial if self.suspect.load(Ordering::Relaxed) => 3,
            Trust::Trial => match need {
                Need::Anyone => 0,
                Need::One { exposed: true }
                    if self.good_answers.load(Ordering::Relaxed) >= ENOUGH_ANSWERS =>
                {
                    0
                }
                Need::One { .. } | Need::Certainty => 2,
            },
            Trust::Failed => 4,
        }
    }

    fn takes_requests(&self) -> bool {
        self.standing() == Standing::Healthy && !self.draining()
    }

    pub(crate) fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(super) fn removed(&self) -> bool {
        self.removed.load(Ordering::Relaxed)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }
}

/// What a request asks of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Another can be asked if it fails.
    Anyone,
    /// There is one attempt. `exposed` says that a server on trial may have it.
    One { exposed: bool },
    /// Another has failed it before.
    Certainty,
}

/// The right to give a server on trial a request that can't be repeated: there is one, so that a
/// release that goes down with all its servers takes one such request with it.
struct Exposure(Arc<Registry>);

impl Exposure {
    fn begin(registry: &Arc<Registry>) -> Option<Self> {
        let free = !registry.exposed.swap(true, Ordering::SeqCst);
        free.then(|| Self(Arc::clone(registry)))
    }
}

impl Drop for Exposure {
    fn drop(&mut self) {
        self.0.exposed.store(false, Ordering::SeqCst);
    }
}

/// One request inside the balancer.
pub(crate) struct Admission(Arc<Registry>);

impl Drop for Admission {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One request at a server.
pub(crate) struct Occupation {
    pub(crate) server: Arc<Backend>,
    _exposure: Option<Exposure>,
}

impl Occupation {
    fn begin(server: Arc<Backend>, exposure: Option<Exposure>) -> Self {
        server.in_flight.fetch_add(1, Ordering::SeqCst);
        server.requests.fetch_add(1, Ordering::Relaxed);
        Self { server, _exposure: exposure }
    }
}

impl Drop for Occupation {
    fn drop(&mut self) {
        self.server.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn config(names: &[&str]) -> BalancerConfig {
        BalancerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 1)),
            max_requests: 10,
            max_connections: 10,
            times: super::super::limits::Times::default(),
            tls: None,
            drain_timeout: Duration::from_secs(1),
            health: crate::spec::HealthSpec::default(),
            backends: names
                .iter()
                .zip(1..)
                .map(|(name, port)| BackendSpec {
                    name: (*name).to_owned(),
                    zone: "a".to_owned(),
                    address: SocketAddr::from(([127, 0, 0, 1], port)),
                    launch: "1".to_owned(),
                    draining: false,
                    trust: Trust::Proven,
                    standby: false,
                })
                .collect(),
        }
    }

    #[test]
    fn a_new_server_gets_nothing_before_its_first_passed_probe() {
        let registry = Arc::new(Registry::default());
        registry.apply(&config(&["a-1", "b-1"]));
        assert!(registry.choose(&[], true).is_none());
        registry.backends()[1].set_standing(Standing::Healthy);
        assert_eq!(registry.choose(&[], true).unwrap().server.name, "b-1");
    }

    #[test]
    fn the_least_busy_server_is_next_and_equals_take_turns() {
        let registry = Arc::new(Registry::default());
        registry.apply(&config(&["a-1", "b-1", "c-1"]));
        for backend in registry.backends().iter() {
            backend.set_standing(Standing::Healthy);
        }
        let mut names: Vec<String> =
            (0..3).map(|_| registry.choose(&[], true).unwrap().server.name.clone()).collect();
        names.sort();
        assert_eq!(names, ["a-1", "b-1", "c-1"]);
        let busy: Vec<Occupation> = registry
            .backends()
            .iter()
            .filter(|backend| backend.name != "c-1")
            .map(|backend| Occupation::begin(Arc::clone(backend), None))
            .collect();
        assert_eq!(registry.choose(&[], true).unwrap().server.name, "c-1");
        drop(busy);
    }

    #[test]
    fn a_draining_or_tried_server_is_passed_over() {
        let registry = Arc::new(Registry::default());
        let mut list = config(&["a-1", "b-1"]);
        registry.apply(&list);
        for backend in registry.backends().iter() {
            backend.set_standing(Standing::Healthy);
        }
        list.backends[0].draining = true;
        registry.apply(&list);
        assert_eq!(registry.choose(&[], true).unwrap().server.name, "b-1");
        assert!(registry.choose(&[list.backends[1].address], true).is_none());
    }

    /// Three servers in service, of which the first has a release that is not proven.
    fn with_first(trust: Trust) -> Arc<Registry> {
        let registry = Arc::new(Registry::default());
        let mut list = config(&["a-1", "b-1", "c-1"]);
        list.backends[0].trust = trust;
        registry.apply(&list);
        registry.backends().iter().for_each(|backend| backend.set_standing(Standing::Healthy));
        registry
    }

    fn chosen(registry: &Arc<Registry>, repeatable: bool) -> Vec<String> {
        let mut names: Vec<String> =
            (0..6).map(|_| registry.choose(&[], repeatable).unwrap().server.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    #[test]
    fn a_server_on_trial_begins_with_what_another_could_repeat() {
        let registry = with_first(Trust::Trial);
        assert_eq!(chosen(&registry, true), ["a-1", "b-1", "c-1"]);
        assert_eq!(chosen(&registry, false), ["b-1", "c-1"]);
        for _ in 0..ENOUGH_ANSWERS {
            registry.backends()[0].count_answer(StatusCode::OK);
        }
        assert_eq!(chosen(&registry, false), ["a-1", "b-1", "c-1"]);
        registry.backends()[0].count_answer(StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(chosen(&registry, false), ["b-1", "c-1"]);
    }

    #[test]
    fn what_was_failed_once_goes_to_a_proven_server() {
        let registry = Arc::new(Registry::default());
        let names = ["a-1", "a-2", "b-1", "b-2", "c-1", "c-2"];
        let mut list = config(&names);
        list.backends[..5].iter_mut().for_each(|backend| backend.trust = Trust::Trial);
        registry.apply(&list);
        registry.backends().iter().for_each(|backend| backend.set_standing(Standing::Healthy));
        assert_eq!(registry.choose(&[list.backends[0].address], true).unwrap().server.name, "c-2");
    }

    /// Two servers on trial that have answered well, and one of the release before beside them.
    fn watched() -> (Arc<Registry>, BalancerConfig) {
        let registry = Arc::new(Registry::default());
        let mut list = config(&["a-2", "b-2", "c-1"]);
        list.backends[..2].iter_mut().for_each(|backend| backend.trust = Trust::Trial);
        list.backends[2].standby = true;
        registry.apply(&list);
        for backend in registry.backends().iter() {
            backend.set_standing(Standing::Healthy);
            (0..ENOUGH_ANSWERS).for_each(|_| backend.count_answer(StatusCode::OK));
        }
        (registry, list)
    }

    #[test]
    fn a_standby_gets_what_servers_on_trial_fail_or_are_late_with() {
        let (registry, list) = watched();
        assert_eq!(chosen(&registry, true), ["a-2", "b-2"]);
        assert_eq!(registry.choose(&[list.backends[0].address], true).unwrap().server.name, "c-1");
        registry.backends()[0].set_suspect(true);
        assert_eq!(chosen(&registry, true), ["b-2"]);
        registry.backends()[1].set_suspect(true);
        assert_eq!(chosen(&registry, true), ["c-1"]);
        // Nobody is turned away where the only one left is late.
        assert!(registry.choose(&[list.backends[2].address], true).is_some());
    }

    #[test]
    fn of_what_cannot_be_repeated_a_release_on_trial_has_one_at_a_time() {
        let (registry, _) = watched();
        let first = registry.choose(&[], false).unwrap();
        assert_ne!(first.server.name, "c-1");
        assert_eq!(chosen(&registry, false), ["c-1"]);
        drop(first);
        assert_ne!(registry.choose(&[], false).unwrap().server.name, "c-1");
        // One that is late, or has failed, speaks for its release.
        registry.backends()[0].set_suspect(true);
        assert_eq!(chosen(&registry, false), ["c-1"]);
        registry.backends()[0].set_suspect(false);
        registry.backends()[1].count_answer(StatusCode::BAD_GATEWAY);
        assert_eq!(chosen(&registry, false), ["c-1"]);
    }

    #[test]
    fn a_server_that_failed_its_trial_gets_only_what_nobody_else_can_take() {
        let registry = with_first(Trust::Failed);
        assert_eq!(chosen(&registry, true), ["b-1", "c-1"]);
        let others = [2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!(registry.choose(&others, true).unwrap().server.name, "a-1");
        assert!(registry.has_another(&others));
    }
}
