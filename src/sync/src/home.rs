//! Where the client keeps what it must remember: who it is, and the state of its folders.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use protocol::account::{LoginResponse, User};
use protocol::id::DeviceId;
use serde::{Deserialize, Serialize};

use crate::api::{Api, PlainHttp};
use crate::error::{IoContext, Result, SyncError};
use crate::fs::{create_private_directory, write_private};
use crate::secret::Secret;

const FORMAT: u64 = 1;
const FOLDER: &str = "sync-agent";

/// The two directories of one user on one machine.
#[derive(Clone, Debug)]
pub struct Home {
    config: PathBuf,
    state: PathBuf,
}

/// What a login left behind. The file is readable by its owner alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Login {
    format: u64,
    pub url: String,
    /// Whether the user allowed plain HTTP beyond loopback for this server.
    #[serde(default)]
    pub plain_http: bool,
    pub token: Secret,
    pub user: User,
    pub device: DeviceId,
    /// RFC 3339, UTC.
    pub expires_at: String,
}

impl Login {
    pub fn new(url: String, plain: PlainHttp, answer: LoginResponse) -> Self {
        Self {
            format: FORMAT,
            url,
            plain_http: plain == PlainHttp::Anywhere,
            token: Secret::new(answer.token),
            user: answer.user,
            device: answer.device,
            expires_at: answer.expires_at,
        }
    }

    pub fn api(&self) -> Result<Api> {
        let plain = if self.plain_http { PlainHttp::Anywhere } else { PlainHttp::OnlyLoopback };
        Ok(Api::new(&self.url, Some(self.token.clone()), plain)?)
    }
}

impl Home {
    /// From `XDG_CONFIG_HOME` and `XDG_STATE_HOME`, else from `HOME`, as `variable` knows them.
    ///
    /// `None` if there is no home either.
    pub fn find(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<Self> {
        let home = variable("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let directory = |name: &str, fallback: &str| {
            let given = variable(name).map(PathBuf::from);
            let given = given.filter(|path| path.is_absolute());
            given.or_else(|| home.as_ref().map(|home| home.join(fallback)))
        };
        Some(Self {
            config: directory("XDG_CONFIG_HOME", ".config")?.join(FOLDER),
            state: directory("XDG_STATE_HOME", ".local/state")?.join(FOLDER),
        })
    }

    pub fn at(config: PathBuf, state: PathBuf) -> Self {
        Self { config, state }
    }

    /// The state directory, created so that only its owner may look in.
    pub fn state(&self) -> Result<&Path> {
        create_private_directory(&self.state).at("create", &self.state)?;
        Ok(&self.state)
    }

    pub fn login(&self) -> Result<Option<Login>> {
        let path = self.login_path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).at("read", &path),
        };
        let mode = fs::metadata(&path).at("read", &path)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(SyncError::Refused(format!(
                "{} can be read by others; run: chmod 600 {0} (and log in again if others use \
                 this machine)",
                path.display()
            )));
        }
        let damaged = || {
            SyncError::Refused(format!("{} is damaged; log in again to replace it", path.display()))
        };
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        let found = value.get("format").and_then(serde_json::Value::as_u64);
        let found = found.ok_or_else(damaged)?;
        if found > FORMAT {
            return Err(SyncError::NewerFormat { path, found, known: FORMAT });
        }
        serde_json::from_value(value).map(Some).map_err(|_| damaged())
    }

    pub fn save_login(&self, login: &Login) -> Result<()> {
        create_private_directory(&self.config).at("create", &self.config)?;
        let path = self.login_path();
        let bytes = serde_json::to_vec_pretty(login)
            .map_err(|error| SyncError::Refused(error.to_string()))?;
        write_private(&path, &bytes).at("write", &path)
    }

    /// Whether there was one.
    pub fn forget_login(&self) -> Result<bool> {
        let path = self.login_path();
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).at("remove", &path),
        }
    }

    pub fn login_path(&self) -> PathBuf {
        self.config.join("credentials.json")
    }
}
