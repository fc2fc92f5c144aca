//! Stops everything, keeps the data; and, asked for that, removes the data.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::activity::{Event, record};
use crate::component::{BALANCER, ENGINES, SUPERVISOR};
use crate::data::lock::{try_lock, wait_lock};
use crate::data::{DataDir, Found};
use crate::desired::Desired;
use crate::error::{LocalError, Result};
use crate::process::{Process, discover, stop};
use crate::reporter::Reporter;
use crate::supervisor::{outage, size};

/// Beyond the drain limit, so that a process' own limit comes first.
const BEYOND_DRAIN: Duration = Duration::from_secs(3);

/// Enough for the balancer to close its door.
const BALANCER_FIRST: Duration = Duration::from_millis(100);
const SERVERS: &str = "servers";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownOutcome {
    Stopped { processes: usize },
    NothingRan,
}

/// Stops the deployment; its data stays where it is.
///
/// The supervisor goes first, so that it starts nothing again; then what clients reach, then what
/// that depends on.
///
/// # Errors
/// No data directory of ours, or a process that does not end.
pub fn down(data_dir: &Path, reporter: &dyn Reporter) -> Result<DownOutcome> {
    let data = DataDir::open(data_dir)?;
    let _lock = wait_lock(&data.lock_file(), reporter)?;
    let processes = stop_all(&data, reporter)?;
    outage::clear(&data);
    size::forget(&data);
    Ok(if processes == 0 { DownOutcome::NothingRan } else { DownOutcome::Stopped { processes } })
}

/// Removes the data directory for good.
///
/// # Errors
/// Anything that still runs, a directory that is not ours, or foreign files in it.
pub fn purge(data_dir: &Path) -> Result<()> {
    let Found::Ours(data) = DataDir::inspect(data_dir)? else {
        return Err(LocalError::NoDataDirectory { path: data_dir.to_owned() });
    };
    let _lock = try_lock(&data.lock_file())?.ok_or_else(|| LocalError::StillRunning {
        count: 1,
        names: "another syncctl".to_owned(),
    })?;
    let running = discover(data.root());
    if !running.is_empty() {
        let names: Vec<&str> = running.iter().map(|process| process.component.as_str()).collect();
        return Err(LocalError::StillRunning { count: running.len(), names: names.join(", ") });
    }
    data.remove()
}

/// After so many rounds something else keeps starting processes, and a person has to know.
const ROUNDS: usize = 4;

/// How many processes were stopped. The caller holds the lock.
pub(crate) fn stop_all(data: &DataDir, reporter: &dyn Reporter) -> Result<usize> {
    let drain = Desired::read(data)
        .ok()
        .flatten()
        .map_or(Duration::from_secs(10), |desired| desired.spec.drain_timeout);
    let mut stopped = 0;
    // A process that a dying supervisor had just started shows up in the second round.
    for _ in 0..ROUNDS {
        let running = discover(data.root());
        if running.is_empty() {
            return Ok(stopped);
        }
        // Balancer and servers together: the one takes no more requests, the others end those in
        // flight, also the ones that only wait for something to happen.
        for steps in [&[SUPERVISOR][..], &[BALANCER, SERVERS], &[ENGINES]] {
            let members: Vec<&Process> =
                running.iter().filter(|process| steps.contains(&step_of(process))).collect();
            for step in steps {
                reporter.started(step);
            }
            stop_together(data, &members, drain + BEYOND_DRAIN)?;
            stopped += members.len();
            for step in steps {
                reporter.finished(step);
            }
        }
    }
    let left = discover(data.root());
    if left.is_empty() {
        return Ok(stopped);
    }
    let names: Vec<&str> = left.iter().map(|process| process.component.as_str()).collect();
    Err(LocalError::StillRunning { count: left.len(), names: names.join(", ") })
}

fn step_of(process: &Process) -> &'static str {
    match process.component.as_str() {
        SUPERVISOR => SUPERVISOR,
        BALANCER => BALANCER,
        ENGINES => ENGINES,
        _ => SERVERS,
    }
}

fn stop_together(data: &DataDir, members: &[&Process], limit: Duration) -> Result<()> {
    let begun = Instant::now();
    let outcomes: Vec<Result<()>> = std::thread::scope(|scope| {
        let balanced = members.iter().any(|process| process.component == BALANCER);
        let stopping: Vec<_> = members
            .iter()
            .map(|process| {
                scope.spawn(move || {
                    if balanced && step_of(process) == SERVERS {
                        std::thread::sleep(BALANCER_FIRST);
                    }
                    stop(process, limit)
                })
            })
            .collect();
        stopping.into_iter().filter_map(|stopping| stopping.join().ok()).collect()
    });
    for process in members {
        let cause = format!("on request, within {} ms", begun.elapsed().as_millis());
        record(data, &process.component, Event::Stopped, cause);
    }
    outcomes.into_iter().collect()
}
