//! Rolls a release onto the running servers, and back (DP-2).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::data::DataDir;
use crate::data::lock::wait_lock;
use crate::desired::Desired;
use crate::error::{LocalError, Result};
use crate::history::{self, Release, Verdict, releases, short_digest};
use crate::process::discover;
use crate::release;
use crate::reporter::Reporter;
use crate::rollout::{InForce, Pin};
use crate::up;

/// As in the blueprint.
const LONGEST_BAKE: Duration = Duration::from_secs(48 * 3600);

/// Which release, and how long it is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollRequest {
    /// The server program; absolute.
    pub program: PathBuf,
    /// Instead of what the blueprint says.
    pub bake: Option<Duration>,
}

/// A roll that has passed its gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollOutcome {
    /// SHA-256 of the server program before.
    pub from: String,
    /// SHA-256 of the one that serves now.
    pub to: String,
    /// Where the new one came from.
    pub source: PathBuf,
    pub took: Duration,
}

impl RollOutcome {
    /// Whether that release was in force already.
    pub fn is_unchanged(&self) -> bool {
        self.from == self.to
    }
}

/// Replaces the servers one at a time, each new one in service before an old one leaves. A release
/// that fails is undone; what is told then is [`LocalError::ReleaseUndone`].
///
/// The supervisor does the work: a caller that dies stops nothing, and one that is cancelled brings
/// the old release back.
///
/// # Errors
/// Nothing that runs, a program that can't be used, a release that failed.
pub fn roll(
    data_dir: &Path,
    request: &RollRequest,
    reporter: &dyn Reporter,
) -> Result<RollOutcome> {
    release::require(&request.program)?;
    let data = DataDir::open(data_dir)?;
    let _lock = wait_lock(&data.lock_file(), reporter)?;
    let (program, digest) = release::pin_server(&data, &request.program)?;
    let pin = Pin { program, digest, source: request.program.clone() };
    apply(&data, pin, request.bake, reporter)
}

/// Back to a release of the history: the one named by the first digits of its digest, or the last
/// one that has passed its gate and does not serve now.
///
/// # Errors
/// As [`roll`], and no such release, or none to go back to.
pub fn rollback(
    data_dir: &Path,
    to: Option<&str>,
    bake: Option<Duration>,
    reporter: &dyn Reporter,
) -> Result<RollOutcome> {
    let data = DataDir::open(data_dir)?;
    let _lock = wait_lock(&data.lock_file(), reporter)?;
    let all = releases(data_dir)?;
    let release = match to {
        Some(prefix) => named(&all, prefix)?,
        None => all
            .iter()
            .find(|one| one.verdict == Verdict::Passed && !one.in_force && one.kept)
            .ok_or(LocalError::NoEarlierRelease)?,
    };
    let pin = Pin {
        program: history::program(&data, &release.digest),
        digest: release.digest.clone(),
        source: release.source.clone(),
    };
    apply(&data, pin, bake, reporter)
}

fn named<'a>(all: &'a [Release], prefix: &str) -> Result<&'a Release> {
    let unknown = || LocalError::UnknownRelease {
        name: prefix.to_owned(),
        known: all
            .iter()
            .filter(|release| release.kept)
            .map(|release| short_digest(&release.digest).to_owned())
            .collect(),
    };
    let mut found = all.iter().filter(|release| release.kept && release.digest.starts_with(prefix));
    match (found.next(), found.next()) {
        (Some(release), None) if !prefix.is_empty() => Ok(release),
        _ => Err(unknown()),
    }
}

fn apply(
    data: &DataDir,
    to: Pin,
    bake: Option<Duration>,
    reporter: &dyn Reporter,
) -> Result<RollOutcome> {
    if bake.is_some_and(|bake| bake > LONGEST_BAKE) {
        return Err(LocalError::InvalidSpec(
            "a release is watched for at most 48 hours".to_owned(),
        ));
    }
    let begun = Instant::now();
    let before = discover(data.root());
    let previous = Desired::read(data)?;
    let (Some(previous), false) = (previous, before.is_empty()) else {
        return Err(LocalError::NotRunning);
    };
    let from = InForce::read(data)?
        .map_or_else(|| previous.programs.syncd_digest.clone(), |now| now.release.digest);
    let mut desired = previous.with_release(&to);
    desired.generation = previous.generation + 1;
    desired.bake_once = bake;
    let (source, digest) = (to.source.clone(), to.digest);
    up::change_or_undo(data, &desired, Some(previous), &before, reporter)?;
    Ok(RollOutcome { from, to: digest, source, took: begun.elapsed() })
}
