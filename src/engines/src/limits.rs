use std::time::Duration;

/// How long the listeners wait for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A request body that brings no byte for so long is given up: what came
    /// is dropped, the request is answered with an error and the connection
    /// closed. Default: 60 seconds.
    pub body_idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_idle: Duration::from_secs(60) }
    }
}
