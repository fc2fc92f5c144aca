use std::path::Path;
use std::time::Duration;

use crate::data::DataDir;
use crate::desired::Desired;
use crate::error::Result;

/// Whose data lies in a data directory, as its last `up` wrote it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub name: String,
    /// Whether destroying it needs the name typed, whatever today's blueprint says.
    pub protect: bool,
    /// How long its servers collect changes before they send a mail digest.
    pub digest_interval: Duration,
}

/// Reads the record; `None` before the first `up` has written one.
///
/// # Errors
/// When the directory is not ours or the record can't be read.
pub fn recorded(root: &Path) -> Result<Option<Recorded>> {
    let desired = Desired::read(&DataDir::open(root)?)?;
    Ok(desired.map(|Desired { spec, .. }| Recorded {
        name: spec.name,
        protect: spec.protect,
        digest_interval: spec.digest_interval,
    }))
}
