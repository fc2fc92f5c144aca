//! Every failure's exit code and hint: the one place that maps them.

use std::fmt;

use protocol::error::ErrorCode;
use sync::error::{ApiError, ContentError, SyncError};

const ERROR: u8 = 1;
const STOPPED: u8 = 3;
pub(crate) const USAGE: u8 = 64;
const UNAVAILABLE: u8 = 69;
const BUSY: u8 = 75;
const NOT_ALLOWED: u8 = 77;
const INTERRUPTED: u8 = 130;

#[derive(Debug)]
pub(crate) enum Failure {
    Engine(SyncError),
    /// With a better hint than the error alone gives.
    Hinted(SyncError, &'static str),
    Usage(String),
    NotLoggedIn,
    Plain(String),
    Interrupted,
}

impl Failure {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }

    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Engine(error) | Self::Hinted(error, _) => engine_code(error),
            Self::Usage(_) => USAGE,
            Self::NotLoggedIn => NOT_ALLOWED,
            Self::Plain(_) => ERROR,
            Self::Interrupted => INTERRUPTED,
        }
    }

    /// What to do next, where that is known.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Engine(error) => engine_hint(error),
            Self::Hinted(_, hint) => Some(hint),
            Self::NotLoggedIn => Some("log in first: sync-agent login URL"),
            Self::Interrupted => Some("run the same command again to continue"),
            Self::Usage(_) => Some("see sync-agent --help"),
            Self::Plain(_) => None,
        }
    }
}

fn engine_code(error: &SyncError) -> u8 {
    match error {
        SyncError::Api(error) => match error {
            ApiError::Unreachable { .. } => UNAVAILABLE,
            ApiError::Insecure { .. } | ApiError::InvalidUrl { .. } => USAGE,
            ApiError::Garbled { .. } => ERROR,
            ApiError::Refused(body) => match body.code {
                ErrorCode::Unauthenticated | ErrorCode::BadCredentials | ErrorCode::Forbidden => {
                    NOT_ALLOWED
                }
                ErrorCode::InvitationInvalid => NOT_ALLOWED,
                ErrorCode::Unavailable | ErrorCode::TooManyRequests => UNAVAILABLE,
                _ => ERROR,
            },
        },
        SyncError::Content(ContentError::Unreachable { .. }) => UNAVAILABLE,
        SyncError::Busy { .. } => BUSY,
        SyncError::MassDelete { .. } => STOPPED,
        SyncError::Content(_)
        | SyncError::Io { .. }
        | SyncError::Name { .. }
        | SyncError::State { .. }
        | SyncError::NewerFormat { .. }
        | SyncError::Refused(_)
        | SyncError::RootLost { .. }
        | SyncError::NotFound { .. }
        | SyncError::Task(_) => ERROR,
    }
}

fn engine_hint(error: &SyncError) -> Option<&'static str> {
    match error {
        SyncError::Api(error) if error.is_untrusted() => Some(
            "for a self-made certificate, trust its authority: \
             export SSL_CERT_FILE=DATA/secrets/tls-authority.pem, with DATA as `syncctl status` \
             shows it on the server's machine; anything else may be somebody who listens in",
        ),
        SyncError::Api(ApiError::Unreachable { .. }) => {
            Some("is the address right and the server up? what was done so far is kept")
        }
        SyncError::Api(ApiError::Insecure { .. }) => {
            Some("use https://, or --allow-plain-http at login if the network is trusted")
        }
        SyncError::Api(error) => match error.code()? {
            ErrorCode::Unauthenticated => Some("log in again: sync-agent login URL"),
            ErrorCode::InvitationInvalid => Some("ask for a new one: syncctl user add"),
            ErrorCode::Unavailable => Some("try again in a moment; what was done so far is kept"),
            _ => None,
        },
        SyncError::Content(ContentError::Full) => {
            Some("what was done so far is kept; run it again once there is room")
        }
        SyncError::MassDelete { .. } => {
            Some("if that is what you want, repeat with --allow-mass-delete")
        }
        SyncError::RootLost { .. } => Some(
            "mount or restore the directory, or repeat with --join to start afresh without \
                  deleting anything",
        ),
        SyncError::NotFound { what: "space", .. } => {
            Some("sync-agent space list shows what there is")
        }
        _ => None,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(error) | Self::Hinted(error, _) => error.fmt(f),
            Self::Usage(text) | Self::Plain(text) => f.write_str(text),
            Self::NotLoggedIn => f.write_str("nobody is logged in on this device"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl<E: Into<SyncError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Engine(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_nobody_vouches_for_is_told_from_a_server_that_is_down() {
        let hint = |message: &str| {
            let (url, message) = ("https://127.0.0.1:8420".to_owned(), message.to_owned());
            engine_hint(&SyncError::Api(ApiError::Unreachable { url, message })).unwrap()
        };
        let untrusted = hint("error sending request: invalid peer certificate: UnknownIssuer");
        assert!(untrusted.contains("export SSL_CERT_FILE="), "{untrusted}");
        assert!(hint("connection refused").starts_with("is the address right"));
    }
}
