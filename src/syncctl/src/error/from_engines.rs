//! The embedded engines' errors as a person at the command line meets them.

use engines::EngineError;

use super::{CliError, Kind};

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        match &error {
            EngineError::NewerFormat { path, found, known } => Self::new(
                Kind::DataFormat,
                format!(
                    "{} was written by a newer release (data format {found}, this release knows \
                     {known}); nothing was touched",
                    path.parent().unwrap_or(path).display()
                ),
            )
            .hint("use the newer release of syncctl, or another data directory"),
            EngineError::Unreadable { .. } => Self::from_error(Kind::DataFormat, &error),
            EngineError::InUse { .. } => Self::from_error(Kind::Busy, &error),
            EngineError::Foreign { .. } => Self::from_error(Kind::CannotCreate, &error),
            EngineError::Io { .. }
            | EngineError::Database { .. }
            | EngineError::Listener { .. } => Self::from_error(Kind::Failed, &error),
        }
    }
}
