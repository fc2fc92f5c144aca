//! Starts a process of the deployment: clean environment, own log, no terminal, no secret in sight.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::discover::{
    ENV_COMPONENT, ENV_DATA, ENV_DIGEST, ENV_FINGERPRINT, ENV_LAUNCH, ENV_LISTENERS, ENV_STARTED,
    Process,
};
use super::identity::Identity;
use crate::data::DataDir;
use crate::error::{LocalError, Result};

/// Everything a process is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) component: String,
    pub(crate) program: PathBuf,
    /// SHA-256 of the program.
    pub(crate) digest: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    /// Its listeners, kept in its mark: whoever adopts it has to know where it is found.
    pub(crate) listeners: BTreeMap<String, SocketAddr>,
}

impl Launch {
    /// Equal for equal starts; the program's path does not count, its content does.
    pub(crate) fn fingerprint(&self) -> String {
        use sha2::{Digest as _, Sha256};
        let mut hash = Sha256::new();
        let environment =
            self.environment.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let arguments = self.arguments.iter().map(String::as_str);
        for part in [self.component.as_str(), self.digest.as_str()]
            .into_iter()
            .chain(arguments)
            .chain(environment)
        {
            hash.update(part.len().to_le_bytes());
            hash.update(part.as_bytes());
        }
        hex::encode(&hash.finalize()[..8])
    }

    /// Starts it in a process group of its own, away from the terminal's signals.
    pub(crate) fn start(&self, data: &DataDir) -> Result<(Child, Process)> {
        let log = open_log(&data.log_file(&self.component))?;
        let errors =
            log.try_clone().map_err(|error| LocalError::io("open", &data.log_dir(), error))?;
        let launch = format!("{:016x}", rand::random::<u64>());
        let fingerprint = self.fingerprint();
        let started_at = jiff::Timestamp::now();
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .env("RUST_BACKTRACE", "1")
            .env(ENV_DATA, data.root())
            .env(ENV_COMPONENT, &self.component)
            .env(ENV_LAUNCH, &launch)
            .env(ENV_FINGERPRINT, &fingerprint)
            .env(ENV_DIGEST, &self.digest)
            .env(ENV_STARTED, started_at.to_string())
            .env(ENV_LISTENERS, serde_json::to_string(&self.listeners).unwrap_or_default())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(|error| LocalError::ProgramMissing {
                path: self.program.clone(),
                reason: error.to_string(),
            })?;
        // A child that has ended already still has its number until it is waited for.
        let identity = Identity::of(child.id()).unwrap_or_else(|| Identity {
            pid: child.id(),
            start_ticks: 0,
            boot_id: super::identity::boot_id().to_owned(),
        });
        let process = Process {
            identity,
            component: self.component.clone(),
            launch,
            fingerprint,
            digest: self.digest.clone(),
            started_at,
            listeners: self.listeners.clone(),
        };
        Ok((child, process))
    }
}

/// Appending, so that a log cut short while it is written goes on at its new end.
fn open_log(path: &Path) -> Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| LocalError::io("open", path, error))
}
