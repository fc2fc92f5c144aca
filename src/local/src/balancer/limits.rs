//! The numbers that keep one client from taking the balancer away from the others.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long the balancer waits for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times {
    /// From the first byte of a request's header to its last. The same for a TLS handshake.
    pub(super) header: Duration,
    /// How far a body may fall behind [`BODY_RATE`], counted while the balancer waits for the
    /// client: one that stops is given up after this time, and a trickle some time later.
    pub(super) body: Duration,
    /// A connection without a request is closed after this.
    pub(super) idle: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            body: Duration::from_secs(30),
            idle: Duration::from_secs(75),
        }
    }
}

/// Bytes of one request's header, the request line and the blank line included.
pub(super) const HEADER_BYTES: usize = 32 * 1024;
/// Fields in one request's header.
pub(super) const HEADER_FIELDS: usize = 100;
/// Bytes each second that keep a body from falling behind.
pub(super) const BODY_RATE: u64 = 512;
/// At the limit, a connection has to have waited for its client for this long before it gives way.
pub(super) const PATIENCE: Duration = Duration::from_millis(200);
/// Connections beyond the limit that are still told so.
pub(super) const REFUSALS: usize = 128;
/// From the first byte of a header to its last, beyond the limit.
pub(super) const REFUSAL_TIME: Duration = Duration::from_secs(2);
/// How long a refused client's remaining bytes are taken in, so that it can read its answer.
pub(super) const LINGER_TIME: Duration = Duration::from_secs(1);
/// Open files that are neither a client's connection nor its server's.
const OTHER_FILES: u64 = 256;

/// Two files for each connection, its own and one to a server, and the files that may be open.
pub(super) fn connections(wanted: usize, files: Option<u64>) -> usize {
    let Some(files) = files else { return wanted };
    let possible = files.saturating_sub(OTHER_FILES + REFUSALS as u64) / 2;
    wanted.min(usize::try_from(possible).unwrap_or(usize::MAX)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_into_the_files_that_may_be_open() {
        assert_eq!(connections(4096, None), 4096);
        assert_eq!(connections(4096, Some(1_048_576)), 4096);
        assert_eq!(connections(4096, Some(4096)), 1856);
        assert_eq!(connections(4096, Some(10)), 1);
    }
}
