//! The root credential of the engines: made once, kept in a file that every AWS SDK can read.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::files::{Durability, write_atomic};
use crate::error::{LocalError, Result};

/// Access key id and 256-bit secret. Never printed.
#[derive(Clone)]
pub(crate) struct Credential {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Credential")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Writes a new random credential unless there is one.
pub(crate) fn ensure_credential(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(_) => read_credential(path).map(drop),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let id: String =
                (0..16).map(|_| char::from(b'A' + rand::random_range(0..26))).collect();
            let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
            let text = format!(
                "[default]\naws_access_key_id = AKIA{id}\naws_secret_access_key = {secret}\n"
            );
            write_atomic(path, text.as_bytes(), Durability::Disk)
        }
        Err(error) => Err(LocalError::io("read", path, error)),
    }
}

pub(crate) fn read_credential(path: &Path) -> Result<Credential> {
    let text = fs::read_to_string(path).map_err(|error| LocalError::io("read", path, error))?;
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| name.trim() == key)
            .map(|(_, value)| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .ok_or_else(|| LocalError::Damaged {
                path: path.to_owned(),
                reason: format!("{key} is missing"),
            })
    };
    Ok(Credential {
        access_key_id: value("aws_access_key_id")?,
        secret_access_key: value("aws_secret_access_key")?,
    })
}
