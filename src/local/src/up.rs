//! Brings the deployment up, or to what is wished now, and waits until clients can use it.

mod wait;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::wait::wait_until_ready;
use crate::activity::{Event, record};
use crate::component::{BALANCER, SUPERVISOR, reachable, supervisor_launch};
use crate::data::lock::wait_lock;
use crate::data::{DataDir, Found, require_room_to_begin};
use crate::desired::Desired;
use crate::down::stop_all;
use crate::error::{LocalError, Result};
use crate::logs::last_lines;
use crate::probe;
use crate::process::{Process, discover, port};
use crate::release;
use crate::reporter::Reporter;
use crate::rollout::InForce;
use crate::spec::{LocalSpec, Programs};
use crate::state::State;
use crate::supervisor::outage;

/// How long a new supervisor may take to find its bearings; mostly it is some tenths of a second.
const TAKE_OVER: Duration = Duration::from_secs(5);

/// After its first report it has looked at every part.
const SETTLE: Duration = Duration::from_secs(1);

/// What `up` has found or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpOutcome {
    Started(Running),
    /// Nothing was changed.
    AlreadyRunning(Running),
    /// Parts were started or replaced, named here.
    Changed {
        running: Running,
        replaced: Vec<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    pub endpoint: String,
    pub data_dir: PathBuf,
    pub servers: u8,
    pub zones: u8,
}

impl UpOutcome {
    pub fn running(&self) -> &Running {
        match self {
            Self::Started(running)
            | Self::AlreadyRunning(running)
            | Self::Changed { running, .. } => running,
        }
    }
}

/// Idempotent. When it fails, what it had started is stopped again, or what ran before is restored.
///
/// # Errors
/// See [`LocalError`]; each comes with a hint.
pub fn up(spec: &LocalSpec, programs: &Programs, reporter: &dyn Reporter) -> Result<UpOutcome> {
    check(spec)?;
    release::require(&programs.syncctl)?;
    release::require(&programs.syncd)?;
    if let Some(tls) = &spec.tls {
        crate::balancer::tls::check(tls)?;
    }
    if DataDir::inspect(&spec.data_dir)? == Found::Nothing {
        refuse_taken(spec)?;
        require_room_to_begin(&spec.data_dir, release::size(&programs.syncd))?;
    }
    let data = DataDir::open_or_create(&spec.data_dir)?;
    let _lock = wait_lock(&data.lock_file(), reporter)?;
    // A drill holds the lock while it runs: what one has left behind, killed, ends here.
    outage::clear(&data);
    State::require_readable(&data)?;
    data.ensure_secrets()?;
    if let Some(shortage) = data.shortage() {
        reporter.message(&shortage);
    }
    let before = discover(data.root());
    let previous = Desired::read(&data)?;
    let pinned = release::pin(&data, programs)?;
    let mut desired =
        Desired { generation: 1, spec: spec.clone(), programs: pinned, bake_once: None };
    desired.spec.data_dir = data.root().to_owned();
    desired.generation = next_generation(&data, previous.as_ref());
    let running = Running {
        endpoint: spec.endpoint(),
        data_dir: data.root().to_owned(),
        servers: spec.servers,
        zones: spec.zones,
    };
    if let Some(previous) = &previous
        && is_up(&data, previous, &desired, &before)
    {
        return Ok(UpOutcome::AlreadyRunning(running));
    }
    let listens = previous
        .as_ref()
        .filter(|_| find(&before, BALANCER).is_some())
        .map(|wish| wish.spec.listen);
    if listens != Some(spec.listen) {
        refuse_taken(spec)?;
    }
    change_or_undo(&data, &desired, previous, &before, reporter)?;
    Ok(if before.is_empty() {
        UpOutcome::Started(running)
    } else {
        UpOutcome::Changed { running, replaced: replaced(&before, &discover(data.root())) }
    })
}

/// Above every number that anything here may still speak of: where the last wish is lost, a state or
/// a roll of the same number would be taken for the answer to the new one.
pub(crate) fn next_generation(data: &DataDir, previous: Option<&Desired>) -> u64 {
    let wished = previous.map_or(0, |wish| wish.generation);
    let reported = State::read(data).map_or(0, |state| state.generation);
    let rolled = InForce::read(data).ok().flatten().and_then(|in_force| in_force.rollout);
    let rolled = rolled.map_or(0, |rollout| rollout.generation);
    wished.max(reported).max(rolled) + 1
}

/// Makes the wish true, or what was true before again. The caller holds the lock.
pub(crate) fn change_or_undo(
    data: &DataDir,
    desired: &Desired,
    previous: Option<Desired>,
    before: &[Process],
    reporter: &dyn Reporter,
) -> Result<()> {
    let previous = previous.map(|wish| with_proven_release(data, wish));
    let outcome = change(data, desired, before, reporter);
    match &outcome {
        Ok(()) => release::forget_others(data, &[Some(desired), previous.as_ref()]),
        Err(_) => undo(data, previous, before, reporter, desired.generation + 1),
    }
    outcome
}

/// The wish with the release that serves, or that served before one on trial: what was wished last
/// may have been undone since.
fn with_proven_release(data: &DataDir, wish: Desired) -> Desired {
    match InForce::read(data) {
        Ok(Some(in_force)) => wish.with_release(in_force.proven()),
        _ => wish,
    }
}

/// Starts a supervisor when the deployment should run and has none, and waits a moment until it has
/// taken over. Any command may call it. Answers whether there was something to do.
///
/// # Errors
/// A data directory that can't be used, or a supervisor that can't be started.
pub fn revive(data_dir: &Path) -> Result<bool> {
    let data = DataDir::open(data_dir)?;
    let running = discover(data.root());
    // Where nothing runs it was stopped, or the machine was restarted: starting is up to `up`.
    if running.is_empty() || able_supervisor(&running).is_some() {
        return Ok(false);
    }
    let Some(_lock) = crate::data::lock::try_lock(&data.lock_file())? else { return Ok(false) };
    let Some(desired) = Desired::read(&data)? else { return Ok(false) };
    let cause = match find(&running, SUPERVISOR) {
        Some(_) => "it was frozen; the next command has replaced it",
        None => "it had died; the next command has started it again",
    };
    replace_supervisor(&data, &desired, &running)?;
    record(&data, SUPERVISOR, Event::Started, cause);
    wait_until_taken_over(&data);
    Ok(true)
}

/// Until the state is the new supervisor's own: before, everything is well and nobody says so.
fn wait_until_taken_over(data: &DataDir) {
    let begun = Instant::now();
    let mut reported = None;
    while begun.elapsed() < TAKE_OVER {
        if let Some(state) = State::read(data).filter(|it| it.is_current(&discover(data.root()))) {
            // Where a part is not well, waiting for it is not our business.
            let since = *reported.get_or_insert_with(Instant::now);
            if state.converged || since.elapsed() > SETTLE {
                return;
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn check(spec: &LocalSpec) -> Result<()> {
    let refuse = |text: &str| Err(LocalError::InvalidSpec(text.to_owned()));
    match spec {
        _ if !(1..=64).contains(&spec.servers) => refuse("there must be 1 to 64 servers"),
        _ if !(spec.least_servers..=spec.most_servers).contains(&spec.servers) => {
            refuse("the number of servers must lie between the least and the most")
        }
        _ if !(1..=26).contains(&spec.zones) => refuse("there must be 1 to 26 zones"),
        _ if !spec.data_dir.is_absolute() => refuse("the data directory must be an absolute path"),
        _ if spec.listen.port() == 0 => refuse("the entry address needs a port"),
        _ if spec.health.timeout >= spec.health.interval => {
            refuse("the health check's timeout must be below its interval")
        }
        _ if !spec.health.path.starts_with('/') => {
            refuse("the health check's path must begin with /")
        }
        _ => Ok(()),
    }
}

fn refuse_taken(spec: &LocalSpec) -> Result<()> {
    match port::require_free(spec.listen) {
        // Another `up` may have been quicker: the lock sorts that out.
        Err(error)
            if DataDir::inspect(&spec.data_dir).is_ok_and(|found| found != Found::Nothing) =>
        {
            let ours =
                DataDir::open(&spec.data_dir).map(|data| discover(data.root())).unwrap_or_default();
            let holder = match &error {
                LocalError::PortTaken { holder: Some(holder), .. } => Some(holder.pid),
                _ => None,
            };
            if ours.iter().any(|process| Some(process.identity.pid) == holder) {
                Ok(())
            } else {
                Err(error)
            }
        }
        other => other,
    }
}

fn is_up(data: &DataDir, previous: &Desired, desired: &Desired, running: &[Process]) -> bool {
    previous.same_wish(desired)
        && able_supervisor(running)
            .is_some_and(|supervisor| supervisor.digest == desired.programs.syncctl_digest)
        && State::read(data).is_some_and(|state| {
            state.is_current(running)
                && state.is_done(previous.generation, &desired.programs.syncd_digest)
        })
        && probe::healthy(reachable(desired.spec.listen), "/ready", Duration::from_secs(2)).is_ok()
}

fn change(
    data: &DataDir,
    desired: &Desired,
    before: &[Process],
    reporter: &dyn Reporter,
) -> Result<()> {
    if reporter.cancelled() {
        return Err(LocalError::Interrupted);
    }
    desired.write(data)?;
    let current = able_supervisor(before).filter(|supervisor| {
        supervisor.fingerprint == supervisor_launch(data, desired).fingerprint()
    });
    if current.is_none() {
        reporter.started(SUPERVISOR);
        replace_supervisor(data, desired, before)?;
        reporter.finished(SUPERVISOR);
    }
    wait_until_ready(data, desired, reporter)
}

fn replace_supervisor(data: &DataDir, desired: &Desired, running: &[Process]) -> Result<()> {
    for old in running.iter().filter(|process| process.component == SUPERVISOR) {
        crate::process::stop(old, Duration::from_secs(2))?;
    }
    let (mut child, _) = supervisor_launch(data, desired).start(data)?;
    // The first process only starts the second, in a session of its own.
    let status = child
        .wait()
        .map_err(|error| LocalError::io("wait for", &desired.programs.syncctl, error))?;
    if status.success() {
        return Ok(());
    }
    Err(LocalError::DoesNotStart {
        component: SUPERVISOR.to_owned(),
        reason: format!("it ended with {status}"),
        log_tail: last_lines(&data.log_file(SUPERVISOR), 10),
    })
}

/// Back to what was before: nothing, or the earlier wish.
fn undo(
    data: &DataDir,
    previous: Option<Desired>,
    before: &[Process],
    reporter: &dyn Reporter,
    generation: u64,
) {
    let undone = match previous {
        Some(previous) if !before.is_empty() => {
            reporter.message("going back to what ran before");
            Desired { generation, ..previous }.write(data)
        }
        _ => {
            reporter.message("stopping what was started");
            stop_all(data, reporter).map(drop)
        }
    };
    if let Err(error) = undone {
        reporter.message(&format!("that did not work: {error}"));
    }
}

fn replaced(before: &[Process], after: &[Process]) -> Vec<String> {
    let mut names: Vec<String> = after
        .iter()
        .filter(|process| !before.iter().any(|old| old.identity == process.identity))
        .map(|process| process.component.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// A frozen one is as good as none, but in the way.
fn able_supervisor(running: &[Process]) -> Option<&Process> {
    find(running, SUPERVISOR).filter(|process| !process.identity.is_frozen())
}

fn find<'a>(running: &'a [Process], component: &str) -> Option<&'a Process> {
    running.iter().find(|process| process.component == component)
}
