use std::io;
use std::path::{Path, PathBuf};

/// Why the engines did not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Written by a later release; this one would misread it.
    #[error(
        "{} has format {found}, this program knows up to {known}; nothing was changed: use the newer program that wrote it",
        path.display()
    )]
    NewerFormat { path: PathBuf, found: u32, known: u32 },
    /// Something else lives in the folder.
    #[error(
        "{} is not empty and carries no format number; nothing was changed: choose another data directory",
        path.display()
    )]
    Foreign { path: PathBuf },
    /// The format file holds no number.
    #[error(
        "{} does not hold a format number; nothing was changed: restore it or choose another data directory",
        path.display()
    )]
    Unreadable { path: PathBuf },
    /// Two engines on one folder would sweep each other's unfinished files.
    #[error("{} is in use by another process: stop that one first", path.display())]
    InUse { path: PathBuf },
    /// The operating system refused.
    #[error("{doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    /// The metadata database refused to open or to create its table.
    #[error("metadata database {}: {message}", path.display())]
    Database { path: PathBuf, message: String },
    /// A listener failed for good.
    #[error("listener {name}: {source}")]
    Listener { name: &'static str, source: io::Error },
}

impl EngineError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { doing, path, source }
    }
}
