//! Follows the supervisor's work until the endpoint is ready, or it is clear that it won't be.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::{able_supervisor, replace_supervisor};
use crate::component::{BALANCER, ENGINES, Kind, SUPERVISOR, reachable};
use crate::data::DataDir;
use crate::desired::Desired;
use crate::error::{LocalError, Result};
use crate::history::short_digest;
use crate::logs::last_lines;
use crate::probe;
use crate::process::discover;
use crate::reporter::Reporter;
use crate::rollout::Phase;
use crate::state::{ComponentState, ComponentStatus, State};

const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// To the first healthy state; each server to be replaced adds its share.
const LIMIT: Duration = Duration::from_secs(60);
const LIMIT_PER_SERVER: Duration = Duration::from_secs(15);
/// Deaths in a row after which waiting longer tells nothing new.
const HOPELESS: u32 = 3;
/// A supervisor that ends more often than this while somebody waits won't do any better.
const MOST_REVIVALS: u32 = 2;
const LOG_LINES: usize = 10;
const SERVERS: &str = "servers";
const READY: &str = "ready";

pub(super) fn wait_until_ready(
    data: &DataDir,
    desired: &Desired,
    reporter: &dyn Reporter,
) -> Result<()> {
    let spec = &desired.spec;
    let per_server = LIMIT_PER_SERVER + spec.drain_timeout;
    let limit =
        (LIMIT + per_server * u32::from(spec.most_servers.min(64))).saturating_add(desired.bake());
    let begun = Instant::now();
    let mut steps = Steps::new(reporter);
    let mut reason = "the supervisor has not reported yet".to_owned();
    let mut supervisor_seen = Instant::now();
    let mut revivals = 0;
    while begun.elapsed() < limit {
        if reporter.cancelled() {
            return Err(LocalError::Interrupted);
        }
        if let Some(state) =
            State::read(data).filter(|state| state.generation == desired.generation)
        {
            steps.follow(&state);
            refuse_hopeless(data, desired, &state)?;
            if state.is_done(desired.generation, &desired.programs.syncd_digest)
                && state.is_current(&discover(data.root()))
            {
                match probe::healthy(reachable(spec.listen), "/ready", Duration::from_secs(2)) {
                    Ok(()) => {
                        reporter.finished(READY);
                        return Ok(());
                    }
                    Err(unwell) => reason = unwell.to_string(),
                }
            } else {
                reason = waiting_for(&state);
            }
        }
        if supervisor_seen.elapsed() > Duration::from_secs(1) {
            let running = discover(data.root());
            if able_supervisor(&running).is_none() {
                if revivals == MOST_REVIVALS {
                    return Err(LocalError::DoesNotStart {
                        component: SUPERVISOR.to_owned(),
                        reason: "it has ended".to_owned(),
                        log_tail: last_lines(&data.log_file(SUPERVISOR), LOG_LINES),
                    });
                }
                // Its death is no reason to give up what it was doing: the next one goes on.
                reporter.message("the supervisor has ended; starting it again");
                replace_supervisor(data, desired, &running)?;
                revivals += 1;
            }
            supervisor_seen = Instant::now();
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Err(LocalError::NotReady {
        endpoint: desired.spec.endpoint(),
        seconds: limit.as_secs(),
        reason,
        log_tail: telling_log(data),
    })
}

/// Gives up on what won't come: a release that was undone, a part that ends again and again.
fn refuse_hopeless(data: &DataDir, desired: &Desired, state: &State) -> Result<()> {
    let rollout = state.rollout.as_ref().filter(|one| one.generation == state.generation);
    if let Some(rollout) = rollout {
        // Undone may also be what was asked for: back from a release to the one before.
        if let Phase::Undone { reason, log_tail, .. } = &rollout.phase
            && rollout.to == desired.programs.syncd_digest
        {
            return Err(LocalError::ReleaseUndone {
                release: short_digest(&rollout.to).to_owned(),
                reason: reason.clone(),
                log_tail: log_tail.clone(),
            });
        }
        // The gate judges the servers; what it takes back needs the time it needs.
        if rollout.is_running() {
            return Ok(());
        }
    }
    let hopeless = |part: &&ComponentStatus| {
        part.failures >= HOPELESS && part.state != ComponentState::Healthy
    };
    match state.components.iter().find(hopeless) {
        Some(hopeless) => Err(does_not_start(data, hopeless)),
        None => Ok(()),
    }
}

/// Tells the reporter of every step once.
struct Steps<'a> {
    reporter: &'a dyn Reporter,
    finished: BTreeSet<&'static str>,
    told: Option<String>,
}

impl<'a> Steps<'a> {
    fn new(reporter: &'a dyn Reporter) -> Self {
        for step in [ENGINES, SERVERS, BALANCER, READY] {
            reporter.started(step);
        }
        Self { reporter, finished: BTreeSet::new(), told: None }
    }

    fn follow(&mut self, state: &State) {
        if let Some(line) = rollout_line(state)
            && self.told.as_ref() != Some(&line)
        {
            self.reporter.progress(&line);
            self.told = Some(line);
        }
        for (step, kind) in
            [(ENGINES, Kind::Engines), (SERVERS, Kind::Server), (BALANCER, Kind::Balancer)]
        {
            let mut parts = state.components.iter().filter(|part| part.kind == kind).peekable();
            let healthy =
                parts.peek().is_some() && parts.all(|part| part.state == ComponentState::Healthy);
            if healthy && self.finished.insert(step) {
                self.reporter.finished(step);
            }
        }
    }
}

/// Where a roll stands, for people.
fn rollout_line(state: &State) -> Option<String> {
    let rollout = state.rollout.as_ref().filter(|one| one.generation == state.generation)?;
    let to = short_digest(&rollout.to);
    Some(match &rollout.phase {
        Phase::Replacing => {
            let servers = || state.components.iter().filter(|part| part.kind == Kind::Server);
            let new = servers()
                .filter(|part| part.digest == rollout.to && part.state == ComponentState::Healthy);
            format!("release {to} runs on {} of {} servers", new.count(), state.servers)
        }
        Phase::Baking { .. } => {
            format!("release {to} runs everywhere; watching it for {} s", rollout.bake_seconds)
        }
        Phase::Passed { .. } => format!("release {to} has passed"),
        Phase::Undoing { reason, .. } | Phase::Undone { reason, .. } => {
            format!("going back to release {}: {reason}", short_digest(&rollout.from))
        }
    })
}

fn does_not_start(data: &DataDir, part: &ComponentStatus) -> LocalError {
    LocalError::DoesNotStart {
        component: part.name.clone(),
        reason: part.reason.clone().unwrap_or_else(|| "it ends again and again".to_owned()),
        log_tail: last_lines(&data.log_file(&part.name), LOG_LINES),
    }
}

fn waiting_for(state: &State) -> String {
    let names: Vec<&str> = state
        .components
        .iter()
        .filter(|part| part.state != ComponentState::Healthy)
        .map(|part| part.name.as_str())
        .collect();
    if names.is_empty() {
        "parts are being replaced".to_owned()
    } else {
        format!("waiting for {}", names.join(", "))
    }
}

/// Everybody seems well and still nothing is ready: a server knows why.
fn telling_log(data: &DataDir) -> Vec<String> {
    let state = State::read(data);
    let parts = state.as_ref().map(|state| state.components.as_slice()).unwrap_or_default();
    let unwell = parts.iter().find(|part| part.state != ComponentState::Healthy);
    let server = parts.iter().find(|part| part.kind == Kind::Server);
    unwell
        .or(server)
        .map(|part| last_lines(&data.log_file(&part.name), LOG_LINES))
        .unwrap_or_default()
}
