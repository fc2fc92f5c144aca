//! One supervised process: its phases, and what leads from one to the next.

use std::process::{Child, ExitStatus};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::process::Signal;

use super::watch::{Notice, Watch};
use crate::activity::{Event, record};
use crate::balancer::config::{BackendSpec, Trust};
use crate::component::{Component, Kind};
use crate::data::DataDir;
use crate::logs::{self, last_lines_since};
use crate::process::Process;
use crate::rollout::InForce;
use crate::state::{ComponentState, ComponentStatus};

/// Healthy for this long, a death counts as the first again.
const PROVEN: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Given to a process that no longer answers, before it is killed.
const LAST_CHANCE: Duration = Duration::from_secs(2);
/// Lines of a failing server's log that go with the blame.
const LOG_LINES: usize = 10;
/// What a release on trial has to answer first: a server that is alive but can't reach what it
/// needs is no successor.
pub(super) const READY: &str = "/ready";
/// The balancer looks at its list every 50 ms; a server that leaves waits at least this long.
const NOTICED: Duration = Duration::from_millis(250);

pub(super) enum Phase {
    Down { not_before: Instant },
    Starting { until: Instant },
    Healthy { since: Instant },
    Draining { since: Instant, until: Instant },
    Stopping { kill_at: Instant },
}

/// What a release is blamed for.
#[derive(Clone, Debug)]
pub(super) struct Blame {
    /// Of the program that ran.
    pub(super) digest: String,
    pub(super) reason: String,
    pub(super) log_tail: Vec<String>,
}

/// How a process is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// As it is wished now.
    AsWished,
    /// As it was before: what is wished now has not proven itself yet.
    AsBefore,
}

pub(super) struct Member {
    /// What the running process is, or the next one will be.
    component: Component,
    /// `None` once it is no longer wanted.
    pub(super) wished: Option<Component>,
    pub(super) phase: Phase,
    process: Option<Process>,
    /// Only of processes this supervisor has started itself.
    child: Option<Child>,
    watch: Option<Watch>,
    state: ComponentState,
    since: Timestamp,
    restarts: u32,
    failures: u32,
    /// The end of the process is ours.
    intended: bool,
    /// The process runs a release that has to prove itself.
    on_trial: bool,
    /// Not one of the group, but ready to help while a release is on trial.
    pub(super) standby: bool,
    reason: Option<String>,
    blame: Option<Blame>,
    /// Length of the log before the process was started.
    log_from: u64,
}

impl Member {
    pub(super) fn new(component: Component) -> Self {
        Self {
            wished: Some(component.clone()),
            component,
            phase: Phase::Down { not_before: Instant::now() },
            process: None,
            child: None,
            watch: None,
            state: ComponentState::Starting,
            since: Timestamp::now(),
            restarts: 0,
            failures: 0,
            intended: false,
            on_trial: false,
            standby: false,
            reason: None,
            blame: None,
            log_from: 0,
        }
    }

    pub(super) fn adopted(
        component: Component,
        process: Process,
        first_path: Option<&'static str>,
        sender: &Sender<Notice>,
    ) -> Self {
        let mut member = Self::new(component);
        member.since = process.started_at;
        member.phase = member.starting();
        member.watch = Some(Watch::start(&member.component, &process, first_path, sender));
        member.process = Some(process);
        member
    }

    fn starting(&self) -> Phase {
        Phase::Starting { until: Instant::now() + self.component.start_limit }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.wished.is_some()
            && matches!(self.phase, Phase::Down { not_before } if not_before <= now)
    }

    /// `on_trial` asks more of the new process before it counts as healthy.
    pub(super) fn start(
        &mut self,
        data: &DataDir,
        sender: &Sender<Notice>,
        start: Start,
        on_trial: bool,
    ) {
        if let Some(wished) = &self.wished
            && start == Start::AsWished
        {
            self.component = wished.clone();
        }
        let first_path = (on_trial && self.kind() == Kind::Server).then_some(READY);
        self.log_from = logs::length(&data.log_file(self.name()));
        match self.component.launch.start(data) {
            Ok((child, process)) => {
                let cause = format!("process {}", process.identity.pid);
                record(data, self.name(), Event::Started, cause);
                self.watch = Some(Watch::start(&self.component, &process, first_path, sender));
                self.child = Some(child);
                self.process = Some(process);
                self.intended = false;
                self.on_trial = on_trial;
                self.phase = self.starting();
                self.set_state(ComponentState::Starting);
            }
            Err(error) => {
                self.failures += 1;
                let reason = error.to_string();
                record(data, self.name(), Event::Failed, reason.clone());
                self.blame = Some(Blame {
                    digest: self.component.launch.digest.clone(),
                    reason: format!("{}: {reason}", self.name()),
                    log_tail: Vec::new(),
                });
                self.reason = Some(reason);
                self.phase = Phase::Down { not_before: Instant::now() + pause(self.failures + 1) };
                self.set_state(ComponentState::Backoff);
            }
        }
    }

    /// What time brings: limits pass, and a drained server may go.
    pub(super) fn advance(&mut self, data: &DataDir, now: Instant, busy: Option<bool>) {
        if matches!(self.phase, Phase::Healthy { since } if since.elapsed() >= PROVEN) {
            self.failures = 0;
        }
        match self.phase {
            Phase::Starting { until } if now >= until => {
                let limit = self.component.start_limit.as_secs();
                let reason = &format!("it was not in service within {limit} s");
                self.failures += 1;
                self.reason = Some(reason.clone());
                self.blame(data, reason);
                self.stop(data, now + LAST_CHANCE, reason);
            }
            Phase::Draining { since, until } => {
                let noticed = now >= since + NOTICED;
                if now >= until || (noticed && busy != Some(true)) {
                    self.stop(data, until.max(now) + LAST_CHANCE, "drained");
                }
            }
            Phase::Stopping { kill_at } if now >= kill_at => {
                if let Some(process) = &self.process {
                    process.identity.signal(Signal::KILL);
                    // Asked again until it is gone: the death is a notice of its own.
                    self.phase = Phase::Stopping { kill_at: now + LAST_CHANCE };
                }
            }
            _ => {}
        }
        if self.process.is_none() && !matches!(self.phase, Phase::Down { .. }) {
            self.phase = Phase::Down { not_before: now };
        }
    }

    pub(super) fn healthy(&mut self, data: &DataDir) {
        if matches!(self.phase, Phase::Starting { .. }) {
            self.phase = Phase::Healthy { since: Instant::now() };
            self.reason = None;
            self.set_state(ComponentState::Healthy);
            record(data, self.name(), Event::Healthy, "its first check has passed");
        }
    }

    /// `answers` says whether it failed its checks by what it answered, or by silence; that is the
    /// end of one that is looked at closely.
    pub(super) fn unhealthy(&mut self, data: &DataDir, reason: &str, answers: bool) {
        let closely = self.watch.as_ref().is_some_and(Watch::is_close);
        if matches!(self.phase, Phase::Healthy { .. }) {
            record(data, self.name(), Event::Unhealthy, reason);
            self.blame(data, &format!("it became unhealthy: {reason}"));
            self.reason = Some(reason.to_owned());
            let (now, cause) = (Instant::now(), "it failed its checks");
            if self.kind() == Kind::Server && answers {
                // It still talks: what it is doing may end well.
                self.drain(data, now + LAST_CHANCE, cause);
            } else {
                // What is on trial gets no time to come to itself: others can take what it holds.
                self.stop(data, if closely { now } else { now + LAST_CHANCE }, cause);
            }
            self.set_state(ComponentState::Unhealthy);
        } else if matches!(self.phase, Phase::Draining { .. }) && !answers {
            // What it holds won't end well, and somebody waits for it.
            self.stop(data, Instant::now(), "it failed its checks");
        }
    }

    pub(super) fn drain(&mut self, data: &DataDir, until: Instant, cause: &str) {
        if matches!(self.phase, Phase::Starting { .. } | Phase::Healthy { .. }) {
            record(data, self.name(), Event::Draining, cause);
            self.phase = Phase::Draining { since: Instant::now(), until };
            self.intended = true;
            self.set_state(ComponentState::Draining);
        }
    }

    pub(super) fn stop(&mut self, data: &DataDir, kill_at: Instant, cause: &str) {
        if matches!(self.phase, Phase::Stopping { .. } | Phase::Down { .. }) {
            return;
        }
        record(data, self.name(), Event::Draining, cause);
        if let Some(process) = &self.process {
            process.identity.signal(Signal::TERM);
        }
        self.intended = true;
        self.phase = Phase::Stopping { kill_at };
        self.set_state(ComponentState::Draining);
    }

    pub(super) fn died(&mut self, data: &DataDir) {
        let status = self.child.take().and_then(|mut child| child.wait().ok());
        let end = describe_end(status);
        // Giving way to what is wished now is no misfortune.
        if !self.is_outdated() {
            self.restarts += 1;
        }
        if self.intended {
            record(data, self.name(), Event::Stopped, end);
        } else {
            let proven =
                matches!(self.phase, Phase::Healthy { since } if since.elapsed() >= PROVEN);
            self.failures = if proven { 1 } else { self.failures + 1 };
            record(data, self.name(), Event::Died, end.clone());
            // Whoever kills a process from outside proves nothing about the release it ran.
            if self.failures > 1 || status.is_some_and(|status| !was_killed(status)) {
                self.blame(data, &end);
            }
            let last = last_lines_since(&data.log_file(self.name()), self.log_from, 3).join(" | ");
            self.reason =
                Some(if last.is_empty() { end } else { format!("{end}; last log lines: {last}") });
        }
        if let Some(process) = self.process.take() {
            process.identity.end_group();
        }
        self.watch = None;
        self.phase = Phase::Down { not_before: Instant::now() + pause(self.failures) };
        self.set_state(if self.failures < 2 {
            ComponentState::Starting
        } else {
            ComponentState::Backoff
        });
    }

    /// Whether it serves with the release on trial, and nobody means to end it.
    pub(super) fn runs_trial_of(&self, in_force: &InForce) -> bool {
        !self.intended
            && self
                .process
                .as_ref()
                .is_some_and(|process| in_force.trust(&process.digest) == Trust::Trial)
    }

    fn blame(&mut self, data: &DataDir, reason: &str) {
        let Some(process) = &self.process else { return };
        self.blame = Some(Blame {
            digest: process.digest.clone(),
            reason: format!("{}: {reason}", self.name()),
            // A name may have been another server's before.
            log_tail: last_lines_since(&data.log_file(self.name()), self.log_from, LOG_LINES),
        });
    }

    /// What has happened since the last call that a release may be blamed for.
    pub(super) fn take_blame(&mut self) -> Option<Blame> {
        self.blame.take()
    }

    pub(super) fn name(&self) -> &str {
        &self.component.name
    }

    pub(super) fn kind(&self) -> Kind {
        self.component.kind
    }

    pub(super) fn is_launch(&self, launch: &str) -> bool {
        self.process.as_ref().is_some_and(|process| process.launch == launch)
    }

    /// Healthy, and nothing is being done to it.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.phase, Phase::Healthy { .. })
    }

    /// Healthy for so long that its past no longer counts.
    pub(super) fn is_calm(&self) -> bool {
        self.is_settled() && self.failures == 0
    }

    /// Runs something else than is wished.
    pub(super) fn is_outdated(&self) -> bool {
        let Some(process) = &self.process else { return false };
        self.wished.as_ref().is_none_or(|wished| wished.fingerprint != process.fingerprint)
    }

    /// Would run something else than is wished if it were started as before.
    pub(super) fn was_outdated(&self) -> bool {
        self.wished.as_ref().is_none_or(|wished| wished.fingerprint != self.component.fingerprint)
    }

    /// Nobody wants it any more; it ends, and then it is forgotten.
    pub(super) fn release(&mut self, data: &DataDir, until: Instant, cause: &str) {
        self.wished = None;
        self.drain(data, until, cause);
    }

    /// Of the program that runs, or ran last.
    pub(super) fn digest(&self) -> &str {
        match &self.process {
            Some(process) => &process.digest,
            None => &self.component.launch.digest,
        }
    }

    /// A server whose release has not proven itself is looked at more often.
    pub(super) fn watch_by_trust(&self, in_force: &InForce) {
        if let (Some(watch), Some(process)) = (&self.watch, &self.process) {
            let server = self.kind() == Kind::Server;
            watch.look_closely(server && in_force.trust(&process.digest) != Trust::Proven);
        }
    }

    pub(super) fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    /// How the balancer gets to know it; `None` without a process, and before a release on trial has
    /// shown that it is ready: it may be alive and still answer everybody with errors.
    pub(super) fn backend(&self, in_force: &InForce) -> Option<BackendSpec> {
        if self.on_trial && matches!(self.phase, Phase::Starting { .. }) {
            return None;
        }
        let process = self.process.as_ref()?;
        let zone = self.component.zone.clone()?;
        Some(BackendSpec {
            name: self.component.name.clone(),
            zone,
            address: self.component.address,
            launch: process.launch.clone(),
            draining: matches!(self.phase, Phase::Draining { .. } | Phase::Stopping { .. }),
            trust: in_force.trust(&process.digest),
            standby: self.standby,
        })
    }

    pub(super) fn status(&self) -> ComponentStatus {
        ComponentStatus {
            name: self.component.name.clone(),
            kind: self.component.kind,
            zone: self.component.zone.clone(),
            address: Some(self.component.address),
            pid: self.process.as_ref().map(|process| process.identity.pid),
            state: self.state,
            since: self.since,
            restarts: self.restarts,
            failures: self.failures,
            digest: self.digest().to_owned(),
            standby: self.standby,
            reason: self.reason.clone(),
        }
    }

    fn set_state(&mut self, state: ComponentState) {
        if self.state != state {
            self.state = state;
            self.since = Timestamp::now();
        }
    }
}

/// Nothing after the first death, then half a second, doubled each time.
fn pause(failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::ZERO,
        more => LONGEST_PAUSE.min(Duration::from_millis(500) * 2_u32.pow((more - 2).min(8))),
    }
}

fn was_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    let outside = [Signal::KILL, Signal::TERM].map(|signal| signal.as_raw());
    status.signal().is_some_and(|signal| outside.contains(&signal))
}

fn describe_end(status: Option<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status {
        None => "the process ended".to_owned(),
        Some(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("it ended with exit code {code}"),
            (None, Some(signal)) => format!("it was ended by signal {signal}"),
            (None, None) => "the process ended".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_is_immediate_and_later_ones_wait_longer() {
        let pauses: Vec<u128> =
            [1, 2, 3, 4, 9, 50].map(|failures| pause(failures).as_millis()).to_vec();
        assert_eq!(pauses, [0, 500, 1000, 2000, 30_000, 30_000]);
    }
}
