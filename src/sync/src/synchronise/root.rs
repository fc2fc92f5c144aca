//! The directory itself: is it the one we know, and are we alone in it?

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use protocol::hash::ContentHash;
use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};

use super::{Pairing, Request};
use crate::error::{IoContext, Result, SyncError};
use crate::fs::{
    create_directories, create_own_directory, create_private_directory, exists, own_directory,
    write_private,
};
use crate::local_name::{MARKER, OWN_DIRECTORY};
use crate::state::State;

const FORMAT: u64 = 1;
const LOCK: &str = "lock";

/// Lies in the directory. Where it is missing, the directory was emptied, replaced or not mounted,
/// and what is absent in it means nothing.
#[derive(Serialize, Deserialize)]
struct Marker {
    format: u64,
    root: String,
    space: String,
}

pub(super) struct Root {
    pub(super) directory: PathBuf,
    pub(super) state: State,
    /// What the marker says.
    id: String,
    /// Held until the run ends; the system releases it even after a crash.
    _lock: File,
}

impl Root {
    pub(super) fn open(request: &Request) -> Result<Self> {
        let directory = absolute(&request.directory)?;
        let states = request.state.join("roots");
        create_private_directory(&states).at("create", &states)?;
        let name = ContentHash::of(directory.as_os_str().as_encoded_bytes()).to_string();
        let state_path = states.join(format!("{}.sqlite", &name[..32]));
        let known = state_path.exists();
        if !directory.is_dir() {
            if known && request.pairing == Pairing::Continue {
                return Err(lost(&directory, "is not there any more"));
            }
            create_directories(&directory).at("create", &directory)?;
        }
        let own = own_directory(&directory)?;
        let marker_path = own.join(MARKER);
        let marker = read_marker(&marker_path)?;
        if marker.is_none() && known && request.pairing == Pairing::Continue {
            // Looked at before anything of ours is created in it.
            let state = State::open(&state_path)?;
            if state.fact("root")?.is_some() {
                let text = "was emptied or replaced: its marker .sync-agent/root.json is missing";
                return Err(lost(&directory, text));
            }
        }
        create_own_directory(&directory)?;
        let lock = lock(&own.join(LOCK), &directory)?;
        let mut state = State::open(&state_path)?;
        check_space(&state, request, &directory)?;
        let remembered = state.fact("root")?;
        let mut id = marker.map(|marker| marker.root).unwrap_or_default();
        let same = remembered.as_ref() == Some(&id);
        if remembered.is_some() && !same && request.pairing == Pairing::Continue {
            let text = "is another copy than the one that was synchronised here";
            return Err(lost(&directory, text));
        }
        if !same || request.pairing == Pairing::Afresh {
            state.forget_everything()?;
            let marker = Marker {
                format: FORMAT,
                root: format!("{:032x}", rand::random::<u128>()),
                space: request.space.to_string(),
            };
            let bytes = serde_json::to_vec_pretty(&marker)
                .map_err(|error| SyncError::Refused(error.to_string()))?;
            write_private(&marker_path, &bytes).at("write", &marker_path)?;
            state.set_fact("space", request.space.as_str())?;
            state.set_fact("root", &marker.root)?;
            id = marker.root;
        }
        Ok(Self { directory, state, id, _lock: lock })
    }

    /// Looks whether the directory is still the one that was opened; a scan of another one, or of
    /// an empty mount point, would make everything look deleted.
    pub(super) fn check(&self) -> Result<()> {
        let marker = read_marker(&self.directory.join(OWN_DIRECTORY).join(MARKER));
        if matches!(marker, Ok(Some(marker)) if marker.root == self.id) {
            return Ok(());
        }
        Err(SyncError::RootLost {
            path: self.directory.clone(),
            message: format!("{} went away during the run", self.directory.display()),
        })
    }
}

/// Keeps synchronisation out of a directory, if it is a synchronised one, as long as the file lives.
pub(crate) fn lock_out(directory: &Path) -> Result<Option<File>> {
    let path = own_directory(directory)?.join(LOCK);
    if exists(&path).at("read", &path)? { lock(&path, directory).map(Some) } else { Ok(None) }
}

fn check_space(state: &State, request: &Request, directory: &Path) -> Result<()> {
    let space = state.fact("space")?;
    if space.is_some_and(|space| space != request.space.as_str())
        && request.pairing == Pairing::Continue
    {
        return Err(SyncError::Refused(format!(
            "{} is synchronised with another space; use another directory, or --join to join \
             it with this space from now on",
            directory.display()
        )));
    }
    Ok(())
}

fn lost(directory: &Path, what: &str) -> SyncError {
    SyncError::RootLost {
        path: directory.to_owned(),
        message: format!("{} {what}; nothing was changed", directory.display()),
    }
}

fn absolute(directory: &Path) -> Result<PathBuf> {
    match fs::canonicalize(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other.at("open", directory),
    }
    std::path::absolute(directory).at("open", directory)
}

fn read_marker(path: &Path) -> Result<Option<Marker>> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.at("read", path)?,
    };
    let Ok(marker) = serde_json::from_slice::<Marker>(&bytes) else {
        return Err(SyncError::Refused(format!(
            "{} is damaged; remove it and repeat with --join, which deletes nothing",
            path.display()
        )));
    };
    if marker.format > FORMAT {
        return Err(SyncError::NewerFormat {
            path: path.to_owned(),
            found: marker.format,
            known: FORMAT,
        });
    }
    Ok(Some(marker))
}

fn lock(path: &Path, directory: &Path) -> Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true).custom_flags(OFlags::NOFOLLOW.bits() as i32);
    let file = options.open(path).at("open", path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(SyncError::Busy { path: directory.to_owned() }),
        Err(error) => Err(io::Error::from(error)).at("lock", path),
    }
}

#[cfg(test)]
mod tests {
    use super::super::MassDelete;
    use super::*;

    #[test]
    fn a_directory_that_is_swapped_during_the_run_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let request = Request {
            directory: folder.path().join("files"),
            space: protocol::id::SpaceId::from_random(1),
            state: folder.path().join("state"),
            mass_delete: MassDelete::Stop,
            pairing: Pairing::Continue,
        };
        let root = Root::open(&request).unwrap();
        root.check().unwrap();
        assert!(matches!(lock_out(&request.directory), Err(SyncError::Busy { .. })));
        fs::rename(&request.directory, folder.path().join("elsewhere")).unwrap();
        fs::create_dir_all(request.directory.join(OWN_DIRECTORY)).unwrap();
        assert!(matches!(root.check(), Err(SyncError::RootLost { .. })));
        let other = br#"{"format":1,"root":"another","space":"s"}"#;
        fs::write(request.directory.join(OWN_DIRECTORY).join(MARKER), other).unwrap();
        assert!(matches!(root.check(), Err(SyncError::RootLost { .. })));
    }
}
