//! Paths below one directory, and nothing outside it.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;

use protocol::file::Node;

use crate::chunk::hash_reader;
use crate::error::{IoContext, Result, SyncError};
use crate::fs::{create_directories, inherit_mode, open_regular, rename_new};
use crate::report::shown;
use crate::trash::Trash;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum There {
    Nothing,
    Same,
    Different,
}

/// A directory into which files are placed. A symbolic link below it is never followed, so that
/// nothing can be written elsewhere through one.
pub(super) struct Placing {
    root: PathBuf,
    known: Mutex<HashSet<PathBuf>>,
}

impl Placing {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), known: Mutex::default() }
    }

    pub(super) fn directory(&self, relative: &Path) -> Result<()> {
        let known = |path: &Path| self.known.lock().is_ok_and(|known| known.contains(path));
        if known(relative) {
            return Ok(());
        }
        let mut path = self.root.clone();
        create_directories(&path).at("create", &path)?;
        for component in relative.components() {
            let Component::Normal(name) = component else {
                return Err(SyncError::Refused(format!("{} leads elsewhere", shown(relative))));
            };
            path.push(name);
            match std::fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => {
                    let text = format!("{} is in the way: not a directory", shown(&path));
                    return Err(SyncError::Refused(text));
                }
                Err(_) => create_directories(&path).at("create", &path)?,
            }
        }
        if let Ok(mut known) = self.known.lock() {
            known.insert(relative.to_owned());
        }
        Ok(())
    }

    pub(super) fn look(&self, relative: &Path, node: &Node) -> Result<There> {
        self.directory(relative.parent().unwrap_or(Path::new("")))?;
        let path = self.root.join(relative);
        let metadata = match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(There::Nothing);
            }
            other => other.at("read", &path)?,
        };
        if metadata.is_dir() {
            let text = format!("{} is a directory; move it away first", shown(&path));
            return Err(SyncError::Refused(text));
        }
        if !metadata.is_file() || metadata.len() != node.size {
            return Ok(There::Different);
        }
        let cut = open_regular(&path).and_then(hash_reader).at("read", &path)?;
        Ok(if Some(cut.hash) == node.hash { There::Same } else { There::Different })
    }
}

/// Gives a finished temporary file its name. With a trash, what stands there goes there first;
/// without one nothing can be replaced, not even by a file that appeared meanwhile.
pub(super) fn put(
    temporary: &Path,
    target: &Path,
    trash: Option<&Trash>,
    relative: &Path,
) -> Result<()> {
    inherit_mode(temporary, trash.and(Some(target))).at("change", temporary)?;
    if let Some(trash) = trash {
        trash.take(target, relative)?;
    }
    rename_new(temporary, target).at("put in place", target)
}
