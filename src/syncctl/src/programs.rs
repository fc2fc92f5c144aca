//! Finding the programs that belong together: this one, and the server beside it.

use std::net::{IpAddr, TcpListener};
use std::path::{Path, PathBuf};

use blueprint::values::Architecture;

use crate::env_vars;
use crate::error::{CliError, Kind, Result};

/// Paths of the programs the local target starts.
#[derive(Debug, Clone)]
pub(crate) struct Installed {
    pub(crate) syncctl: PathBuf,
    pub(crate) syncd: PathBuf,
}

/// Finds `syncd` in `SYNCCTL_SYNCD`, else beside this executable with symbolic links resolved.
pub(crate) fn find() -> Result<Installed> {
    let syncctl = own_path()?;
    let chosen = std::env::var_os(env_vars::SYNCD).filter(|value| !value.is_empty());
    let (syncd, named_by) = match chosen {
        Some(path) => (PathBuf::from(path), Some(env_vars::SYNCD)),
        None => (syncctl.with_file_name("syncd"), None),
    };
    let syncd = resolved(&syncd)?;
    if is_program(&syncd) {
        return Ok(Installed { syncctl, syncd });
    }
    let error = CliError::new(
        Kind::NotFound,
        format!("the server program is missing: no executable file {}", syncd.display()),
    );
    Err(match named_by {
        Some(variable) => error.hint(format!("set {variable} to the path of `syncd`")),
        None => error.hint(format!(
            "install `syncd` beside `syncctl`, or set {} to its path",
            env_vars::SYNCD
        )),
    })
}

/// The bundled server for instances with these processors: `syncd-x86_64` or `syncd-arm64` beside this executable,
/// static so that any image runs it; else the one that runs on this machine, if it fits.
pub(crate) fn bundled_for(architecture: Architecture) -> Result<PathBuf> {
    let name = deploy::release::architecture_name(architecture);
    let beside = own_path()?.with_file_name(format!("syncd-{name}"));
    let overridden = std::env::var_os(env_vars::SYNCD).is_some_and(|value| !value.is_empty());
    if beside.is_file() && !overridden { Ok(beside) } else { Ok(find()?.syncd) }
}

/// The server program the blueprint names.
pub(crate) fn with_server(syncd: &Path) -> Result<Installed> {
    let syncd = resolved(syncd)?;
    if !is_program(&syncd) {
        let message = format!("servers.release: no executable file {}", syncd.display());
        return Err(CliError::new(Kind::NotFound, message)
            .hint("write `release: bundled` for the server that came with this program"));
    }
    Ok(Installed { syncctl: own_path()?, syncd })
}

/// Absolute and without detours: it is told to people, and used in other working directories.
///
/// A program that is not there is told as it was named.
pub(crate) fn resolved(program: &Path) -> Result<PathBuf> {
    program
        .canonicalize()
        .or_else(|_| std::path::absolute(program))
        .map_err(|error| CliError::io(format!("cannot use the path {}", program.display()), &error))
}

/// Any port that is free right now, as a suggestion.
pub(crate) fn free_port(address: IpAddr) -> u16 {
    TcpListener::bind((address, 0))
        .and_then(|listener| listener.local_addr())
        .map_or(8421, |address| address.port())
}

/// This executable, symbolic links resolved.
fn own_path() -> Result<PathBuf> {
    std::env::current_exe()
        .and_then(|path| path.canonicalize())
        .map_err(|error| CliError::io("cannot tell where this program is installed", &error))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}
