//! The data directory: ours or free to take, on a disk that keeps what it promises.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Check;
use crate::error::from_local;
use crate::ui::units;

/// Below this, uploads soon fail.
const COMFORTABLE: u64 = 1024 * 1024 * 1024;
/// Below this they are refused; a service that has data starts all the same, a new one doesn't.
const LEAST: u64 = engines::CONTENT_RESERVE;

pub(super) fn checks(data_dir: &Path) -> Vec<Check> {
    let parent = nearest_existing(data_dir);
    let directory = data_directory(data_dir, &parent);
    if directory.fix.is_some() {
        return vec![directory, disk_space(&parent)];
    }
    vec![directory, disk_space(&parent), file_system(&parent)]
}

fn data_directory(data_dir: &Path, parent: &Path) -> Check {
    const NAME: &str = "data-directory";
    let shown = data_dir.display();
    if parent == data_dir {
        return match local::DataDir::open(data_dir) {
            Ok(_) => Check::ok(NAME, format!("{shown}, only yours to read")),
            Err(_) if is_empty(data_dir) => Check::ok(NAME, format!("{shown}, empty")),
            Err(error) => Check::failed(NAME, error.to_string(), from_local::hint(&error)),
        };
    }
    match rustix::fs::access(parent, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK) {
        Ok(()) => Check::ok(NAME, format!("{shown}, will be created")),
        Err(error) => Check::failed(
            NAME,
            format!("cannot create {shown}: {}: {}", parent.display(), io::Error::from(error)),
            "choose a directory of your own with --data-dir or XDG_DATA_HOME",
        ),
    }
}

fn disk_space(parent: &Path) -> Check {
    const NAME: &str = "disk-space";
    let free = match rustix::fs::statvfs(parent) {
        Ok(status) => status.f_bavail.saturating_mul(status.f_frsize),
        Err(error) => {
            let error = io::Error::from(error);
            let fix = "check that the disk is mounted";
            return Check::failed(
                NAME,
                format!("cannot look at {}: {error}", parent.display()),
                fix,
            );
        }
    };
    let detail = format!("{} free", units::bytes(free));
    let fix = "free some space, or choose a directory on another disk with --data-dir";
    match free {
        ..LEAST => Check::failed(NAME, detail, fix),
        LEAST..COMFORTABLE => Check::warning(NAME, detail, fix),
        COMFORTABLE.. => Check::ok(NAME, detail),
    }
}

/// Content is written under a temporary name, synced, linked to its final name without replacing,
/// and the folder synced. All four must work.
fn file_system(parent: &Path) -> Check {
    const NAME: &str = "file-system";
    match try_durable_write(parent) {
        Ok(()) => Check::ok(NAME, "syncs files and folders, links without replacing"),
        Err((step, error)) => Check::failed(
            NAME,
            format!("{}: {step} does not work: {error}", parent.display()),
            "choose a directory on a local disk with --data-dir",
        ),
    }
}

fn try_durable_write(parent: &Path) -> Result<(), (&'static str, io::Error)> {
    let folder = parent.join(format!(".syncctl-doctor-{}", std::process::id()));
    fs::create_dir(&folder).map_err(|error| ("creating a folder", error))?;
    let outcome = durable_write(&folder);
    let removed = fs::remove_dir_all(&folder).map_err(|error| ("removing a folder", error));
    outcome.and(removed)
}

fn durable_write(folder: &Path) -> Result<(), (&'static str, io::Error)> {
    let (temporary, target) = (folder.join("temporary"), folder.join("target"));
    let mut file = File::create_new(&temporary).map_err(|error| ("creating a file", error))?;
    file.write_all(b"syncctl").map_err(|error| ("writing", error))?;
    file.sync_all().map_err(|error| ("syncing a file", error))?;
    fs::hard_link(&temporary, &target).map_err(|error| ("linking", error))?;
    if fs::hard_link(&temporary, &target).is_ok() {
        return Err((
            "refusing to replace",
            io::Error::other("the second link replaced the first"),
        ));
    }
    let folder = File::open(folder).map_err(|error| ("opening a folder", error))?;
    folder.sync_all().map_err(|error| ("syncing a folder", error))
}

fn nearest_existing(path: &Path) -> PathBuf {
    path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/")).to_owned()
}

fn is_empty(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}
