use std::path::PathBuf;
use std::time::Duration;

/// Bytes that content leaves free on its disk: what the service needs to go on, to delete and to be
/// started again.
pub const CONTENT_RESERVE: u64 = 96 * 1024 * 1024;

/// Bytes that metadata leaves free. Less, so that where content has filled the disk, deletions and
/// logins still get through.
pub const METADATA_RESERVE: u64 = 64 * 1024 * 1024;

/// How long the listeners wait for a client, what stays free, what a drill or an operator takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A request body that brings no byte for so long is given up: what came
    /// is dropped, the request is answered with an error and the connection
    /// closed. Default: 60 seconds.
    pub body_idle: Duration,
    /// A file with a time in it, in seconds since 1970: until then content is
    /// refused as by a full disk. For drills. Default: none.
    pub full_until: Option<PathBuf>,
    /// A JSON list of [`crate::EndedSession`]: temporary credentials that are refused before their
    /// time. It may change at any moment. Default: none.
    pub ended_sessions: Option<PathBuf>,
    /// Below so much free space content is refused as by a full disk; reads and deletions go on.
    /// Bytes; default: [`CONTENT_RESERVE`].
    pub content_reserve: u64,
    /// The same for metadata. Bytes; default: [`METADATA_RESERVE`].
    pub metadata_reserve: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_idle: Duration::from_secs(60),
            full_until: None,
            ended_sessions: None,
            content_reserve: CONTENT_RESERVE,
            metadata_reserve: METADATA_RESERVE,
        }
    }
}
