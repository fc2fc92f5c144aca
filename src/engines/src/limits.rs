use std::path::PathBuf;
use std::time::Duration;

/// How long the listeners wait for a client, and what a drill takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A request body that brings no byte for so long is given up: what came
    /// is dropped, the request is answered with an error and the connection
    /// closed. Default: 60 seconds.
    pub body_idle: Duration,
    /// A file with a time in it, in seconds since 1970: until then content is
    /// refused as by a full disk. For drills. Default: none.
    pub full_until: Option<PathBuf>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_idle: Duration::from_secs(60), full_until: None }
    }
}
