//! Where files go before the engine removes or replaces them.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::error::{IoContext, Result};
use crate::fs::{create_directories, rename_new, sync_directory};
use crate::local_name::{OWN_DIRECTORY, TRASH};

/// A folder for one run inside the synchronised directory, so that moving into it is a rename.
pub(crate) struct Trash {
    directory: PathBuf,
}

impl Trash {
    pub(crate) fn new(root: &Path, now: Timestamp) -> Self {
        let run = now.strftime("%Y-%m-%d %H.%M.%S").to_string();
        Self { directory: root.join(OWN_DIRECTORY).join(TRASH).join(run) }
    }

    /// Moves a file there, durably, and tells where it is now.
    pub(crate) fn take(&self, path: &Path, relative: &Path) -> Result<PathBuf> {
        let wanted = self.directory.join(relative);
        let directory = wanted.parent().unwrap_or(&self.directory);
        create_directories(directory).at("create", directory)?;
        let mut target = wanted.clone();
        for number in 1.. {
            match rename_new(path, &target) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    // Numbered in a folder of its own, because the name may be as long as names get.
                    let folder = self.directory.join(format!("({number})"));
                    create_directories(&folder).at("create", &folder)?;
                    target = folder.join(wanted.file_name().unwrap_or_default());
                }
                result => {
                    result.at("move to the trash", path)?;
                    break;
                }
            }
        }
        for changed in [target.parent(), path.parent()].into_iter().flatten() {
            sync_directory(changed).at("sync", changed)?;
        }
        Ok(target)
    }
}
