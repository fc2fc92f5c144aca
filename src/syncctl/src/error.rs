//! The one place that decides what a failure looks like: message, causes, hints and exit code.

use std::error::Error;
use std::io;

use serde::Serialize;

use crate::exit_code::ExitCode;

pub(crate) mod from_blueprint;
pub(crate) mod from_deploy;
pub(crate) mod from_engines;
pub(crate) mod from_local;
pub(crate) mod from_store;

/// A failed command, ready to be shown.
///
/// The message names what failed, the causes follow in order, a hint says what to type next.
#[derive(Debug)]
pub(crate) struct CliError {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hints: Vec<String>,
    /// Text that is shown instead of `message`, as it is: source lines with carets.
    pub(crate) rendered: Option<String>,
}

/// What kind of failure it was; decides the exit code and is named in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The reader of our output went away. Not an error.
    BrokenPipe,
    /// No code of its own.
    Failed,
    /// The person said no.
    Declined,
    Usage,
    BlueprintInvalid,
    NotFound,
    Unavailable,
    /// A new release failed; the one before it serves again.
    ReleaseUndone,
    /// A sealed plan does not fit the world any more.
    Stale,
    CannotCreate,
    Busy,
    NoPermission,
    DataFormat,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM, which leaves what was begun to the supervisor.
    Detached,
}

impl Kind {
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::BrokenPipe => ExitCode::Done,
            Self::Failed | Self::Declined => ExitCode::Failed,
            Self::Usage => ExitCode::Usage,
            Self::BlueprintInvalid => ExitCode::BlueprintInvalid,
            Self::NotFound => ExitCode::NotFound,
            Self::ReleaseUndone => ExitCode::ReleaseUndone,
            Self::Stale => ExitCode::Stale,
            Self::Unavailable => ExitCode::Unavailable,
            Self::CannotCreate => ExitCode::CannotCreate,
            Self::Busy => ExitCode::Busy,
            Self::NoPermission => ExitCode::NoPermission,
            Self::DataFormat => ExitCode::DataFormat,
            Self::Interrupted => ExitCode::Interrupted,
            Self::Detached => ExitCode::Detached,
        }
    }
}

pub(crate) type Result<T, E = CliError> = std::result::Result<T, E>;

impl CliError {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            rendered: None,
        }
    }

    /// An error whose sources become its causes, where they say something new.
    pub(crate) fn from_error(kind: Kind, error: &(dyn Error + 'static)) -> Self {
        let mut found = Self::new(kind, error.to_string());
        found.add_causes(error.source());
        found
    }

    /// A file operation that failed; the operating system's reason picks the exit code.
    pub(crate) fn io(message: impl Into<String>, error: &io::Error) -> Self {
        let mut found = Self::new(kind_of_io(error, Kind::Failed), message);
        found.add_causes(Some(error));
        found
    }

    /// The same for writing, where most reasons mean "cannot create".
    pub(crate) fn write(message: impl Into<String>, error: &io::Error) -> Self {
        let mut found = Self::new(kind_of_io(error, Kind::CannotCreate), message);
        found.add_causes(Some(error));
        found
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    fn add_causes(&mut self, mut source: Option<&(dyn Error + 'static)>) {
        while let Some(error) = source {
            let text = error.to_string();
            let said = self.causes.last().unwrap_or(&self.message);
            if !said.contains(&text) {
                self.causes.push(text);
            }
            source = error.source();
        }
    }
}

fn kind_of_io(error: &io::Error, otherwise: Kind) -> Kind {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Kind::BrokenPipe,
        io::ErrorKind::PermissionDenied => Kind::NoPermission,
        io::ErrorKind::NotFound => Kind::NotFound,
        io::ErrorKind::AlreadyExists
        | io::ErrorKind::StorageFull
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::AddrInUse => Kind::CannotCreate,
        _ => otherwise,
    }
}

/// Writing to the terminal or a pipe.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::io("cannot write the output", &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_listed_once_and_in_order() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] io::Error);

        let error = CliError::from_error(Kind::Failed, &Outer(io::Error::other("disk on fire")));
        assert_eq!(error.message, "outer");
        assert_eq!(error.causes, ["disk on fire"]);
    }

    #[test]
    fn the_operating_systems_reason_picks_the_exit_code() {
        let cases = [
            (io::ErrorKind::PermissionDenied, 77),
            (io::ErrorKind::StorageFull, 73),
            (io::ErrorKind::ReadOnlyFilesystem, 73),
            (io::ErrorKind::BrokenPipe, 0),
            (io::ErrorKind::Other, 1),
        ];
        for (reason, code) in cases {
            let error = CliError::io("cannot read it", &io::Error::from(reason));
            assert_eq!(error.kind.exit_code().number(), code, "{reason:?}");
        }
    }
}
