//! Why the local target could not do what it was asked, and what to do about it.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub type Result<T> = std::result::Result<T, LocalError>;

/// Every failure of the local target. [`LocalError::hint`] says what to type next.
#[derive(Debug, Error)]
pub enum LocalError {
    #[error("{path} holds files that are not a data directory of syncctl; nothing was touched")]
    ForeignDirectory { path: PathBuf },
    #[error(
        "{path} was written by a newer release (data format {found}, this release knows {known}); nothing was touched"
    )]
    NewerFormat { path: PathBuf, found: u32, known: u32 },
    #[error("{path} is damaged: {reason}")]
    Damaged { path: PathBuf, reason: String },
    #[error("{path} belongs to user {owner}, not to you (user {me}); nothing was touched")]
    NotOwner { path: PathBuf, owner: u32, me: u32 },
    #[error("{path} is open to other users (mode {mode:03o}); nothing was touched")]
    TooOpen { path: PathBuf, mode: u32, want: u32 },
    #[error("{path} is a symbolic link; nothing was touched")]
    SymbolicLink { path: PathBuf },
    #[error("there is no data directory at {path}")]
    NoDataDirectory { path: PathBuf },
    #[error("{path} is on a file system that is mounted read-only")]
    ReadOnly { path: PathBuf },
    #[error("no permission to write {path}")]
    NoPermission { path: PathBuf },
    #[error("the disk that holds {path} is full ({} free{})", mebibytes(*.free), needed_text(*.needed))]
    DiskFull { path: PathBuf, free: u64, needed: Option<u64> },
    #[error("cannot {action} {path}")]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("address {address} is taken{}", holder_text(.holder.as_ref()))]
    PortTaken { address: SocketAddr, holder: Option<PortHolder> },
    #[error("cannot listen on {address}: {source}")]
    CannotListen { address: SocketAddr, source: io::Error },
    #[error("the certificate in {path} cannot be used: {reason}")]
    Certificate { path: PathBuf, reason: String },
    #[error("the program {path} cannot be run: {reason}")]
    ProgramMissing { path: PathBuf, reason: String },
    #[error("the specification does not fit: {0}")]
    InvalidSpec(String),
    #[error("no part is called `{name}`")]
    UnknownPart { name: String, known: Vec<String> },
    #[error("{component} does not come up: {reason}")]
    DoesNotStart { component: String, reason: String, log_tail: Vec<String> },
    #[error("the endpoint {endpoint} did not answer /ready within {seconds} s: {reason}")]
    NotReady { endpoint: String, seconds: u64, reason: String, log_tail: Vec<String> },
    #[error("release {release} was undone: {reason}")]
    ReleaseUndone { release: String, reason: String, log_tail: Vec<String> },
    #[error("the service is not running")]
    NotRunning,
    #[error("no release that is kept here begins with `{name}`")]
    UnknownRelease { name: String, known: Vec<String> },
    #[error("more than one release begins with `{name}`")]
    AmbiguousRelease { name: String, known: Vec<String> },
    #[error("there is no earlier release to go back to")]
    NoEarlierRelease,
    #[error("the service is not at full strength; a drill would do harm")]
    NotAtFullStrength,
    #[error("no zone is called `{name}`")]
    UnknownZone { name: String, known: Vec<String> },
    #[error("interrupted; what this command had begun is taken back")]
    Interrupted,
    #[error("{count} processes of this deployment still run ({names})")]
    StillRunning { count: usize, names: String },
    #[error("{name} (process {pid}) does not end, not even when killed")]
    DoesNotEnd { name: String, pid: u32 },
    #[error("{path} holds files that are not ours ({names}); they were left in place")]
    ForeignFilesLeft { path: PathBuf, names: String },
}

/// The process that holds a port, as far as the kernel lets us see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortHolder {
    pub pid: u32,
    pub program: String,
}

fn holder_text(holder: Option<&PortHolder>) -> String {
    holder.map_or_else(
        || " by another process".to_owned(),
        |holder| format!(" by {} (process {})", holder.program, holder.pid),
    )
}

/// Rounded down: what is shown as free is there.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

fn needed_text(needed: Option<u64>) -> String {
    // Rounded up: who frees what is shown has enough.
    needed.map_or_else(String::new, |bytes| {
        format!(", {} are needed", mebibytes(bytes.saturating_add((1 << 20) - 1)))
    })
}

impl LocalError {
    /// Maps an I/O failure on a path to the most telling variant.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, free: 0, needed: None }
            }
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::PermissionDenied => Self::NoPermission { path },
            _ => Self::Io { action, path, source },
        }
    }

    /// What to do, as one sentence.
    pub fn hint(&self) -> String {
        match self {
            Self::ForeignDirectory { .. } => {
                "choose an empty directory, or one that does not exist yet".into()
            }
            Self::NewerFormat { .. } => {
                "use the newer release of syncctl, or another data directory".into()
            }
            Self::Damaged { .. } => {
                "restore the file from a backup, or move the directory away and start anew".into()
            }
            Self::NotOwner { path, .. } => {
                format!("run as that user, or use another data directory than {}", path.display())
            }
            Self::TooOpen { path, want, .. } => {
                format!("check who could have read it, then: chmod {want:03o} {}", path.display())
            }
            Self::SymbolicLink { .. } => "name the directory itself, not a link to it".into(),
            Self::NoDataDirectory { .. } => "start one with: syncctl up".into(),
            Self::ReadOnly { .. } | Self::NoPermission { .. } => {
                "choose a directory you can write, for example by setting XDG_DATA_HOME".into()
            }
            Self::DiskFull { .. } => {
                "free some space, or choose a directory on another disk".into()
            }
            Self::Io { .. } => "look at the cause above; nothing else is known".into(),
            Self::PortTaken { address, holder } => match holder {
                Some(holder) => {
                    format!(
                        "end process {}, or use another port than {}",
                        holder.pid,
                        address.port()
                    )
                }
                None => format!("use another port than {}, or end what holds it", address.port()),
            },
            Self::CannotListen { .. } => {
                "use an address of this machine, for example 127.0.0.1:8420".into()
            }
            Self::Certificate { .. } => {
                "entry.certificate needs PEM files: the certificate with its chain, and its key"
                    .into()
            }
            Self::ProgramMissing { .. } => {
                "name a server program that can be run; the bundled syncd belongs beside syncctl"
                    .into()
            }
            Self::InvalidSpec(_) => "correct the blueprint".into(),
            Self::UnknownPart { known, .. } => format!("there are: {}", known.join(", ")),
            Self::DoesNotStart { component, .. } => {
                format!("read more with: syncctl logs {component}")
            }
            Self::NotReady { .. } => "read more with: syncctl status, syncctl logs".into(),
            Self::ReleaseUndone { .. } => {
                "the release before it serves; read more with: syncctl status --activities".into()
            }
            Self::NotRunning => "start it with: syncctl up".into(),
            Self::UnknownRelease { known, .. } if known.is_empty() => {
                "none is kept yet; see what is known with: syncctl releases".into()
            }
            Self::UnknownRelease { known, .. } => {
                format!("there are: {}; read more with: syncctl releases", known.join(", "))
            }
            Self::AmbiguousRelease { known, .. } => {
                format!("give more digits; there are: {}", known.join(", "))
            }
            Self::NotAtFullStrength => "see what is missing with: syncctl status".into(),
            Self::NoEarlierRelease => "see what is known with: syncctl releases".into(),
            Self::UnknownZone { known, .. } => format!("there are: {}", known.join(", ")),
            Self::Interrupted => "see how the service is with: syncctl status".into(),
            Self::StillRunning { .. } => "stop them first with: syncctl down".into(),
            Self::DoesNotEnd { .. } => {
                "it waits for the disk or is being traced; look at it, then: syncctl down".into()
            }
            Self::ForeignFilesLeft { path, .. } => {
                format!("look into {} and remove them yourself", path.display())
            }
        }
    }

    /// The failing process' last log lines, where there are any.
    pub fn log_tail(&self) -> &[String] {
        match self {
            Self::DoesNotStart { log_tail, .. }
            | Self::NotReady { log_tail, .. }
            | Self::ReleaseUndone { log_tail, .. } => log_tail,
            _ => &[],
        }
    }
}
