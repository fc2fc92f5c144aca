//! The local target's errors as a person at the command line meets them.

use local::LocalError;

use super::{CliError, Kind};
use crate::port_holder::deployment_at;

impl From<LocalError> for CliError {
    fn from(error: LocalError) -> Self {
        let mut found = Self::from_error(kind(&error), &error);
        let tail = error.log_tail();
        if !tail.is_empty() {
            let mut lines: Vec<String> =
                tail.iter().map(|line| crate::ui::log_line::short(line)).collect();
            // A part that was started again and again says the same each time.
            lines.dedup();
            let lines = lines.iter().map(|line| format!("\n    {line}"));
            found.causes.push(format!("its log ends with:{}", lines.collect::<String>()));
        }
        if let LocalError::PortTaken { address, .. } = &error
            && let Some(neighbour) = deployment_at(*address)
        {
            found.causes.push(neighbour.describe());
        }
        found.hint(hint(&error))
    }
}

/// Written out in full, so that a new error asks for a decision.
fn kind(error: &LocalError) -> Kind {
    match error {
        LocalError::NewerFormat { .. } | LocalError::Damaged { .. } => Kind::DataFormat,
        LocalError::ForeignDirectory { .. }
        | LocalError::SymbolicLink { .. }
        | LocalError::ReadOnly { .. }
        | LocalError::DiskFull { .. }
        | LocalError::PortTaken { .. }
        | LocalError::CannotListen { .. }
        | LocalError::ForeignFilesLeft { .. } => Kind::CannotCreate,
        LocalError::NotOwner { .. }
        | LocalError::TooOpen { .. }
        | LocalError::NoPermission { .. } => Kind::NoPermission,
        LocalError::NoDataDirectory { .. }
        | LocalError::NotRunning
        | LocalError::NotAtFullStrength
        | LocalError::DoesNotStart { .. }
        | LocalError::NotReady { .. } => Kind::Unavailable,
        LocalError::ReleaseUndone { .. } => Kind::ReleaseUndone,
        LocalError::ProgramMissing { .. }
        | LocalError::Certificate { .. }
        | LocalError::UnknownRelease { .. }
        | LocalError::NoEarlierRelease
        | LocalError::AmbiguousRelease { .. }
        | LocalError::UnknownPart { .. }
        | LocalError::UnknownZone { .. } => Kind::NotFound,
        LocalError::InvalidSpec(_) => Kind::Usage,
        LocalError::StillRunning { .. } => Kind::Busy,
        LocalError::Interrupted => Kind::Interrupted,
        LocalError::Io { .. } | LocalError::DoesNotEnd { .. } => Kind::Failed,
    }
}

/// What to type next. Where the answer is a flag of this program, it is said here.
pub(crate) fn hint(error: &LocalError) -> String {
    match error {
        // Whoever holds the port may have good reason to: the way out is another one.
        LocalError::PortTaken { address, .. } => {
            let port = crate::programs::free_port(address.ip());
            format!("use another port, this one is free: `syncctl up --set local.port={port}`")
        }
        LocalError::CannotListen { address, .. } => {
            let port = crate::programs::free_port(address.ip());
            format!("{}; a port that is free: `syncctl up --set local.port={port}`", error.hint())
        }
        _ => error.hint(),
    }
}
