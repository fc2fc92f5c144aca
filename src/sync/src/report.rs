//! What the engine tells whoever watches it.

use std::path::PathBuf;

use protocol::name::{EntryName, SpacePath};
use serde::Serialize;

/// Receives progress. Called from several threads, so it must be quick.
pub trait Reporter: Send + Sync + 'static {
    fn event(&self, event: Event);
}

/// One step forward. Byte counts are differences, not sums.
#[derive(Clone, Debug)]
pub enum Event {
    /// This much work is now known to lie ahead.
    Planned { files: u64, bytes: u64 },
    /// Read from disk and hashed.
    Read { bytes: u64 },
    /// Sent to the object store.
    Uploaded { bytes: u64 },
    /// Not sent, because the service has it.
    AlreadyThere { bytes: u64 },
    /// Fetched from the object store.
    Downloaded { bytes: u64 },
    /// Files that are now as they should be.
    Done { files: u64 },
    /// Something left out; also in the summary.
    Problem(Problem),
    /// A line worth reading: a conflict copy, a file moved to the trash.
    Note(String),
}

/// A file that was left out or could not be handled, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    pub path: String,
    pub reason: String,
    /// Whether the run counts as failed because of it.
    pub failed: bool,
    /// The name under which it is there all the same, where its own was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_as: Option<String>,
}

impl Problem {
    /// Left out by design: a symbolic link, a socket.
    pub fn skipped(path: impl ToString, reason: impl Into<String>) -> Self {
        let (path, reason) = (path.to_string(), reason.into());
        Self { path, reason, failed: false, kept_as: None }
    }

    /// There, but under another name.
    pub(crate) fn renamed(
        path: impl ToString,
        reason: impl Into<String>,
        kept_as: &EntryName,
    ) -> Self {
        Self { kept_as: Some(kept_as.to_string()), ..Self::skipped(path, reason) }
    }

    /// Should have worked and did not.
    pub fn failed(path: impl ToString, reason: impl ToString) -> Self {
        let (path, reason) = (path.to_string(), reason.to_string());
        Self { path, reason, failed: true, kept_as: None }
    }
}

/// Names a local path in messages; names that are not UTF-8 or not printable come out escaped.
pub(crate) fn shown(path: &std::path::Path) -> String {
    match path.to_str() {
        Some(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => format!("{path:?}"),
    }
}

/// Where a local file and a file in a space meet, for messages.
#[derive(Clone, Debug)]
pub struct Pair {
    pub local: PathBuf,
    pub remote: SpacePath,
}

/// Drops everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn event(&self, _: Event) {}
}
