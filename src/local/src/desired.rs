//! What should run: written by `up`, followed by the supervisor.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::data::DataDir;
use crate::data::files::{Durability, Stamp, read_json, write_json};
use crate::error::Result;
use crate::rollout::Pin;
use crate::spec::LocalSpec;

pub(crate) const FILE: &str = "desired.json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Desired {
    /// Rises with every write, so that a reader of the state knows which wish it answers.
    pub(crate) generation: u64,
    pub(crate) spec: LocalSpec,
    pub(crate) programs: PinnedPrograms,
    /// How long this one roll is watched, where that differs from the blueprint.
    #[serde(default)]
    pub(crate) bake_once: Option<Duration>,
}

/// The programs, pinned to a content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PinnedPrograms {
    pub(crate) syncctl: PathBuf,
    pub(crate) syncctl_digest: String,
    /// A copy of ours, so that a replaced server runs the same release whatever was built since.
    pub(crate) syncd: PathBuf,
    pub(crate) syncd_digest: String,
    /// Where the copy was made from.
    #[serde(default)]
    pub(crate) syncd_source: PathBuf,
}

impl Desired {
    pub(crate) fn read(data: &DataDir) -> Result<Option<Self>> {
        read_json(&data.run_file(FILE))
    }

    /// Changes with every write.
    pub(crate) fn stamp(data: &DataDir) -> Option<Stamp> {
        Stamp::of(&data.run_file(FILE))
    }

    pub(crate) fn write(&self, data: &DataDir) -> Result<()> {
        write_json(&data.run_file(FILE), self, Durability::Disk)
    }

    /// How long a new release is watched.
    pub(crate) fn bake(&self) -> Duration {
        self.bake_once.unwrap_or(self.spec.bake)
    }

    /// The same with another server program.
    pub(crate) fn with_release(&self, release: &Pin) -> Self {
        let mut other = self.clone();
        other.programs.syncd.clone_from(&release.program);
        other.programs.syncd_digest.clone_from(&release.digest);
        other.programs.syncd_source.clone_from(&release.source);
        other
    }

    /// Whether both ask for the same, whenever they were written.
    ///
    /// Where syncctl lies does not count, only what is in it.
    pub(crate) fn same_wish(&self, other: &Self) -> bool {
        self.spec == other.spec
            && self.programs.syncctl_digest == other.programs.syncctl_digest
            && self.programs.syncd_digest == other.programs.syncd_digest
    }
}
