//! The releases this deployment has run, and what became of each (DP-2).

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::data::DataDir;
use crate::data::files::{Durability, read_json, write_json};
use crate::error::Result;
use crate::rollout::{InForce, Pin};

const FILE: &str = "history.json";
/// Older ones are forgotten.
const MOST: usize = 50;
/// Programs kept to go back to.
const KEPT: usize = 5;

/// A release that was rolled out, or begun with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// SHA-256 of the server program.
    pub digest: String,
    /// Where it was copied from.
    pub source: PathBuf,
    /// When its verdict was given.
    pub at: Timestamp,
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Whether it serves now.
    #[serde(default)]
    pub in_force: bool,
    /// Whether its program is still there, so that one can go back to it.
    #[serde(default)]
    pub kept: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It went through its gate, or began the deployment and served.
    Passed,
    Undone {
        reason: String,
    },
    /// It is on its way in, or out.
    Rolling,
}

/// Every release known, newest first.
///
/// # Errors
/// No data directory, or a history that can't be read.
pub fn releases(data_dir: &Path) -> Result<Vec<Release>> {
    let data = DataDir::open(data_dir)?;
    let mut all = read(&data)?;
    if let Some(in_force) = InForce::read(&data)? {
        if let Some(rollout) = in_force.rollout.as_ref().filter(|rollout| rollout.is_running()) {
            all.retain(|known| known.digest != rollout.to.digest);
            all.push(Release {
                digest: rollout.to.digest.clone(),
                source: rollout.to.source.clone(),
                at: rollout.started_at,
                verdict: Verdict::Rolling,
                in_force: false,
                kept: false,
            });
        }
        for release in &mut all {
            release.in_force = release.digest == in_force.release.digest;
        }
    }
    for release in &mut all {
        release.kept = program(&data, &release.digest).exists();
    }
    all.reverse();
    Ok(all)
}

/// The first twelve digits of a release's digest, enough for people.
pub fn short_digest(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Adds a verdict; an earlier one on the same release gives way.
///
/// # Errors
/// It could not be written, as on a full disk: worth another try.
pub(crate) fn add(data: &DataDir, release: &Pin, verdict: Verdict) -> Result<()> {
    // One that can't be read is left as it is, for a person to look at.
    let mut all = match read(data) {
        Ok(all) => all,
        Err(error) => {
            tracing::warn!(%error, "the history of releases stays as it is");
            return Ok(());
        }
    };
    if all.last().is_some_and(|last| last.digest == release.digest && last.verdict == verdict) {
        return Ok(());
    }
    all.retain(|known| known.digest != release.digest);
    all.push(Release {
        digest: release.digest.clone(),
        source: release.source.clone(),
        at: Timestamp::now(),
        verdict,
        in_force: false,
        kept: false,
    });
    let surplus = all.len().saturating_sub(MOST);
    all.drain(..surplus);
    write_json(&path(data), &all, Durability::Disk)
}

/// Adds a release that serves, unless it has passed before.
///
/// # Errors
/// As [`add`].
pub(crate) fn add_good(data: &DataDir, release: &Pin) -> Result<()> {
    let all = read(data).unwrap_or_default();
    let passed =
        |known: &Release| known.digest == release.digest && known.verdict == Verdict::Passed;
    if all.iter().any(passed) {
        return Ok(());
    }
    add(data, release, Verdict::Passed)
}

/// The releases whose programs are worth keeping, oldest first.
pub(crate) fn worth_keeping(data: &DataDir) -> Result<Vec<String>> {
    let passed = read(data)?.into_iter().filter(|release| release.verdict == Verdict::Passed);
    let mut digests: Vec<String> = passed.map(|release| release.digest).collect();
    Ok(digests.split_off(digests.len().saturating_sub(KEPT)))
}

/// Where the copy of a release's program lies.
pub(crate) fn program(data: &DataDir, digest: &str) -> PathBuf {
    data.releases_dir().join(digest).join("syncd")
}

fn read(data: &DataDir) -> Result<Vec<Release>> {
    Ok(read_json(&path(data))?.unwrap_or_default())
}

fn path(data: &DataDir) -> PathBuf {
    data.releases_dir().join(FILE)
}
