//! Exit codes: one documented meaning each, the same for every command.

/// How a run ended. The numbers from 64 up are those of `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    Done = 0,
    Failed = 1,
    ChangesPresent = 2,
    Usage = 64,
    BlueprintInvalid = 65,
    NotFound = 66,
    Unavailable = 69,
    ReleaseUndone = 70,
    CannotCreate = 73,
    Busy = 75,
    Stale = 76,
    NoPermission = 77,
    DataFormat = 78,
    Interrupted = 130,
    Detached = 143,
}

/// Every code a caller can see, with its meaning, for help and reference.
pub(crate) const TABLE: &[(u8, &str)] = &[
    (0, "Done, or there was nothing to do"),
    (1, "Error without a code of its own; a declined question; a failed `doctor` check or drill"),
    (2, "Changes present, or drift; with `--detailed-exitcode` only"),
    (64, "Wrong use of the command line"),
    (65, "The blueprint is not valid"),
    (
        66,
        "Something named does not exist: file, preset, user, message, server, zone, part, release, deployment",
    ),
    (69, "The service is not running, not healthy, or did not become ready; AWS cannot be reached"),
    (70, "A new release failed and was undone; the one before it serves"),
    (73, "Cannot create: port taken, file exists, disk full, read-only or foreign directory"),
    (75, "Busy: somebody else is at work on this deployment; try again"),
    (76, "The sealed plan is stale: the world or the blueprint has changed since; make a new one"),
    (77, "Permission denied, or credentials that are missing or have expired"),
    (78, "The data has a format this release does not know; a newer release wrote it"),
    (130, "Interrupted; what the command had started is undone, or told with what remains"),
    (143, "Left, or ended from outside, while something was under way, which goes on by itself"),
];

impl ExitCode {
    pub(crate) fn number(self) -> u8 {
        self as u8
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}
