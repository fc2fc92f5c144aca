//! File writes that a crash can't tear.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{LocalError, Result};

/// Whether a write has to survive a power cut, or only the death of the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    Disk,
    Memory,
}

/// Changes with every replacement of a file; a cheap way to notice one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    changed: (i64, i64),
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self { inode: metadata.ino(), changed: (metadata.ctime(), metadata.ctime_nsec()) })
    }
}

/// Replaces a file in one step (mode 0600): a reader sees the old content or the new one.
pub(crate) fn write_atomic(path: &Path, content: &[u8], durability: Durability) -> Result<()> {
    write_steps(path, content, durability).map_err(|error| LocalError::io("write", path, error))
}

fn write_steps(path: &Path, content: &[u8], durability: Durability) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary =
        folder.join(format!(".{name}.{}.{:x}", std::process::id(), rand::random::<u32>()));
    let written = (|| {
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(content)?;
        if durability == Durability::Disk {
            file.sync_all()?;
        }
        fs::rename(&temporary, path)?;
        if durability == Durability::Disk {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    })();
    if written.is_err() {
        // The first failure is the one worth telling.
        let _ = fs::remove_file(&temporary);
    }
    written
}

pub(crate) fn write_json<T: Serialize>(
    path: &Path,
    value: &T,
    durability: Durability,
) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| LocalError::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    text.push(b'\n');
    write_atomic(path, &text, durability)
}

/// `None` when there is no such file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LocalError::io("read", path, error)),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| LocalError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

/// Makes a folder that only its owner can enter, and its parents with the ordinary mode.
pub(crate) fn make_private_dir(path: &Path) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| LocalError::io("create", parent, error))?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(LocalError::io("create", path, error)),
    }
}
