//! Which releases ran, when, and how each roll ended. Kept beside the releases, as one small object per roll.

use blueprint::values::Architecture;
use cloud::Cloud;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stack::{Purpose, Sha256Digest, bucket_name};

use crate::deployer::Deployer;
use crate::error::Result;
use crate::release::{Elf, GlibcVersion, Release, architecture_name};

/// Where the records lie.
const PREFIX: &str = "history/";

/// One roll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When it ended.
    pub at: Timestamp,
    /// ARN of who rolled.
    pub by: String,
    /// SHA-256 of the release, in hexadecimal.
    pub sha256: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// `bundled`, or the path it came from.
    pub source: String,
    /// Bytes.
    pub size: u64,
    /// Digest of the blueprint it ran with.
    pub blueprint: String,
    /// How the roll ended.
    pub outcome: Outcome,
}

/// How a roll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every server became ready with it.
    Passed,
    /// It was undone.
    Undone,
}

/// Bucket with releases and records.
#[must_use]
pub fn bucket(deployer: &Deployer<'_>, account: &str) -> String {
    let name = &deployer.deployment().name;
    bucket_name(name, Purpose::Artifacts, account, deployer.cloud.region())
}

/// Writes down how a roll ended.
///
/// # Errors
/// When it cannot be written.
pub async fn write(
    deployer: &Deployer<'_>,
    account: &str,
    by: &str,
    outcome: Outcome,
) -> Result<()> {
    let release = deployer.release()?;
    let record = Record {
        at: (deployer.now)(),
        by: by.to_owned(),
        sha256: release.digest.as_str().to_owned(),
        architecture: architecture_name(release.elf.architecture).to_owned(),
        source: release.source.clone(),
        size: release.size,
        blueprint: deployer.deployment().digest(),
        outcome,
    };
    // Sorts by time, newest last; the digest keeps two of one millisecond apart.
    let key = format!("{PREFIX}{:013}-{}.json", record.at.as_millisecond(), &record.sha256[..12]);
    let text = serde_json::to_string_pretty(&record).unwrap_or_default();
    Ok(deployer.cloud.put_text(&bucket(deployer, account), &key, &text).await?)
}

/// The newest records, newest first, at most `limit`.
///
/// # Errors
/// When the bucket cannot be read.
pub async fn read(cloud: &dyn Cloud, bucket: &str, limit: usize) -> Result<Vec<Record>> {
    let mut keys = cloud.keys(bucket, PREFIX).await?;
    keys.reverse();
    let mut records = Vec::new();
    for object in keys.into_iter().take(limit) {
        let text = cloud.text(bucket, &object.key).await?;
        // A record of a newer release that this one cannot read is skipped, not fatal.
        records.extend(text.and_then(|text| serde_json::from_str(&text).ok()));
    }
    Ok(records)
}

/// The last release that passed and is not the deployed one: where `rollback` goes.
#[must_use]
pub fn last_good<'a>(records: &'a [Record], deployed: Option<&str>) -> Option<&'a Record> {
    let passed = |record: &&Record| record.outcome == Outcome::Passed;
    records.iter().filter(passed).find(|record| Some(record.sha256.as_str()) != deployed)
}

impl Record {
    /// The release itself, which lies in the bucket already and in no file here.
    #[must_use]
    pub fn release(&self) -> Option<Release> {
        let architecture = match self.architecture.as_str() {
            "x86_64" => Architecture::X86,
            "arm64" => Architecture::Arm,
            _ => return None,
        };
        Some(Release {
            path: std::path::PathBuf::new(),
            source: self.source.clone(),
            digest: Sha256Digest::new(&self.sha256)?,
            size: self.size,
            elf: Elf { architecture, glibc: None::<GlibcVersion> },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Record, last_good};

    fn record(sha256: &str, outcome: Outcome) -> Record {
        Record {
            at: jiff::Timestamp::UNIX_EPOCH,
            by: "arn:aws:iam::123456789012:user/anna".to_owned(),
            sha256: sha256.repeat(64),
            architecture: "x86_64".to_owned(),
            source: "bundled".to_owned(),
            size: 1,
            blueprint: String::new(),
            outcome,
        }
    }

    #[test]
    fn a_rollback_goes_to_the_last_release_that_passed() {
        let (a, b, c) = ("a", "b", "c");
        let records = [
            record(c, Outcome::Passed),
            record(b, Outcome::Undone),
            record(c, Outcome::Passed),
            record(a, Outcome::Passed),
        ];
        let deployed = c.repeat(64);
        assert_eq!(last_good(&records, Some(&deployed)).map(|it| &it.sha256), Some(&a.repeat(64)));
        assert_eq!(last_good(&records[1..2], None), None);
        assert!(records[0].release().is_some());
    }
}
