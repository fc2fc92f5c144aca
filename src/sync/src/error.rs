//! What can go wrong, by where it goes wrong.

use std::path::{Path, PathBuf};

use protocol::error::{ErrorBody, ErrorCode};
use protocol::name::InvalidName;

/// A call to the server that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("can't reach {url}: {message}")]
    Unreachable { url: String, message: String },
    #[error("{}", .0.message)]
    Refused(Box<ErrorBody>),
    #[error(
        "{url} answered {status} with something this program does not understand; is it a sync server?"
    )]
    Garbled { url: String, status: u16 },
    #[error(
        "{url} is plain HTTP beyond this machine; the password and every file would travel unprotected"
    )]
    Insecure { url: String },
    #[error("{text} is not a server address; write it like https://sync.example.com")]
    InvalidUrl { text: String },
}

impl ApiError {
    /// Whether the server's certificate is not vouched for, as rustls words it; the HTTP client
    /// passes on nothing that is easier to tell. To ask again changes nothing.
    pub fn is_untrusted(&self) -> bool {
        matches!(self, Self::Unreachable { message, .. } if is_untrusted(message))
    }

    /// The server's code, if the server answered at all.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(body) => Some(body.code),
            _ => None,
        }
    }
}

pub(crate) fn is_untrusted(message: &str) -> bool {
    message.contains("invalid peer certificate")
}

/// The object store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error("the credential for the object store has expired")]
    Expired,
    #[error("the object store has no {key}")]
    Missing { key: String },
    #[error("the object store refused {key}: {message}")]
    Refused { key: String, message: String },
    #[error("the object store can't be reached: {message}")]
    Unreachable { message: String },
    #[error("the object store is full; ask whoever runs the service to make room")]
    Full,
    #[error("{key} came back damaged: {message}")]
    Damaged { key: String, message: String },
}

/// The engine's error; a run that only left out single files succeeds and lists them instead.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error(transparent)]
    Content(#[from] ContentError),
    #[error("can't {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}")]
    Name { path: String, source: InvalidName },
    #[error("the local state in {} can't be used: {source}", path.display())]
    State { path: PathBuf, source: rusqlite::Error },
    #[error("{} was written by a newer version (format {found}, this one reads {known}); upgrade this program", path.display())]
    NewerFormat { path: PathBuf, found: u64, known: u64 },
    #[error("{0}")]
    Refused(String),
    #[error("{} is being synchronised by another process; wait for it to finish", path.display())]
    Busy { path: PathBuf },
    #[error("{message}")]
    RootLost { path: PathBuf, message: String },
    #[error("this would delete {deletes} of {files} files {side}; stopped before that")]
    MassDelete { deletes: usize, files: usize, side: &'static str },
    #[error("no {what} {name:?}")]
    NotFound { what: &'static str, name: String },
    #[error("an internal task ended early: {0}")]
    Task(String),
}

pub type Result<T, E = SyncError> = std::result::Result<T, E>;

/// Gives an I/O error its verb and its path.
pub(crate) trait IoContext<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T>;
}

impl<T> IoContext<T> for std::io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| SyncError::Io { action, path: path.to_owned(), source })
    }
}

impl From<tokio::task::JoinError> for SyncError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Task(error.to_string())
    }
}
