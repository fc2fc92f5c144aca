//! Rolls a release onto the running servers, and back (DP-2).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::data::DataDir;
use crate::data::lock::wait_lock;
use crate::desired::Desired;
use crate::error::{LocalError, Result};
use crate::history::{Release, Verdict, releases, short_digest};
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
    let chosen = match to {
        Some(prefix) => named(&all, prefix)?,
        None => all
            .iter()
            .find(|one| one.verdict == Verdict::Passed && !one.in_force && one.kept)
            .ok_or(LocalError::NoEarlierRelease)?,
    };
    let pin = Pin {
        program: release::kept(&data, &chosen.digest)?,
        digest: chosen.digest.clone(),
        source: chosen.source.clone(),
    };
    apply(&data, pin, bake, reporter)
}

fn named<'a>(all: &'a [Release], prefix: &str) -> Result<&'a Release> {
    let name = prefix.to_ascii_lowercase();
    let kept = || all.iter().filter(|release| release.kept);
    let told = |release: &Release| match release.in_force {
        true => format!("{} (serves now)", short_digest(&release.digest)),
        false => short_digest(&release.digest).to_owned(),
    };
    let found: Vec<&Release> = kept().filter(|one| one.digest.starts_with(&name)).collect();
    match found.as_slice() {
        [release] if !name.is_empty() => Ok(release),
        [_, _, ..] if !name.is_empty() => Err(LocalError::AmbiguousRelease {
            name: prefix.to_owned(),
            known: found.into_iter().map(told).collect(),
        }),
        _ => Err(LocalError::UnknownRelease {
            name: prefix.to_owned(),
            known: kept().map(told).collect(),
        }),
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
    desired.generation = up::next_generation(data, Some(&previous));
    desired.bake_once = bake;
    let (source, digest) = (to.source.clone(), to.digest);
    up::change_or_undo(data, &desired, Some(previous), &before, reporter)?;
    Ok(RollOutcome { from, to: digest, source, took: begun.elapsed() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(digest: &str, in_force: bool, kept: bool) -> Release {
        Release {
            digest: digest.to_owned(),
            source: digest.into(),
            at: jiff::Timestamp::UNIX_EPOCH,
            verdict: Verdict::Passed,
            in_force,
            kept,
        }
    }

    #[test]
    fn a_release_is_found_by_its_first_digits_and_what_there_is_is_told() {
        let all = [
            release("ab12", true, true),
            release("ab34", false, true),
            release("cd", false, false),
        ];
        assert_eq!(named(&all, "AB3").unwrap().digest, "ab34");
        let told = |prefix| named(&all, prefix).unwrap_err();
        for (prefix, message) in [
            ("nope", "no release that is kept here begins with `nope`"),
            ("cd", "no release that is kept here begins with `cd`"),
            ("ab", "more than one release begins with `ab`"),
        ] {
            assert_eq!(told(prefix).to_string(), message);
            assert!(told(prefix).hint().contains("there are: ab12 (serves now), ab34"));
        }
    }
}
