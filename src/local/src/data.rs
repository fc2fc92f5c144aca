//! The data directory: whose it is, what format it has, and where everything in it lies.

pub(crate) mod files;
pub(crate) mod lock;
pub(crate) mod secrets;

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::files::{Durability, make_private_dir, read_json, write_json};
use crate::error::{LocalError, Result, mebibytes};

const PRODUCT: &str = "syncctl-local-data";
/// Raised when an older release could no longer read what this one writes.
const FORMAT: u32 = 1;
/// What a new deployment needs beside its server program: the engines keep the reserve free, and the
/// first files should not be refused.
const ROOM_TO_BEGIN: u64 = engines::CONTENT_RESERVE + 32 * 1024 * 1024;
/// What bringing an existing one up writes: notes, logs, the database's side files. Far less than the
/// engines keep free, so that a disk which only the service has filled never stands in its way.
const LEAST_FREE: u64 = 4 * 1024 * 1024;
const _: () = assert!(LEAST_FREE * 8 <= engines::METADATA_RESERVE);
const FOLDERS: [&str; 8] =
    ["secrets", "metadata", "objects", "mail", "log", "run", "releases", "run/digests"];
/// What a purge may remove, in this order; the marker goes last so that an interrupted purge can go on.
const OURS: [&str; 9] =
    ["run", "log", "releases", "metadata", "objects", "mail", "secrets", "lock", "format.json"];

/// A data directory that has been looked at and is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir {
    root: PathBuf,
}

/// What is at a path, when nothing speaks against using it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing, or an empty folder.
    Nothing,
    Ours(DataDir),
}

#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    product: String,
    format: u32,
    created_at: Timestamp,
}

impl DataDir {
    /// Looks without changing anything.
    ///
    /// # Errors
    /// A foreign folder, a newer format, another owner, open permissions, a symbolic link.
    pub(crate) fn inspect(root: &Path) -> Result<Found> {
        let metadata = match fs::symlink_metadata(root) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(LocalError::io("look at", root, error)),
        };
        if metadata.is_symlink() {
            return Err(LocalError::SymbolicLink { path: root.to_owned() });
        }
        if !metadata.is_dir() {
            return Err(LocalError::ForeignDirectory { path: root.to_owned() });
        }
        let me = rustix::process::geteuid().as_raw();
        if metadata.uid() != me {
            return Err(LocalError::NotOwner { path: root.to_owned(), owner: metadata.uid(), me });
        }
        let marker_path = root.join("format.json");
        let Some(marker) = read_marker(&marker_path)? else {
            let entries =
                fs::read_dir(root).map_err(|error| LocalError::io("list", root, error))?;
            // A half-written marker is what a power cut in the very first moment leaves.
            let foreign = entries
                .flatten()
                .any(|entry| !entry.file_name().to_string_lossy().starts_with(".format.json."));
            return if foreign {
                Err(LocalError::ForeignDirectory { path: root.to_owned() })
            } else {
                Ok(Found::Nothing)
            };
        };
        if marker.product != PRODUCT {
            return Err(LocalError::ForeignDirectory { path: root.to_owned() });
        }
        if marker.format > FORMAT {
            return Err(LocalError::NewerFormat {
                path: root.to_owned(),
                found: marker.format,
                known: FORMAT,
            });
        }
        let data = Self {
            root: fs::canonicalize(root).map_err(|error| LocalError::io("resolve", root, error))?,
        };
        refuse_open(&data.root, 0o700)?;
        refuse_open(&data.root.join("secrets"), 0o700)?;
        refuse_open(&data.credentials_file(), 0o600)?;
        Ok(Found::Ours(data))
    }

    /// The directory, which has to be there.
    ///
    /// # Errors
    /// As for `inspect`, and [`LocalError::NoDataDirectory`].
    pub fn open(root: &Path) -> Result<Self> {
        match Self::inspect(root)? {
            Found::Ours(data) => Ok(data),
            Found::Nothing => Err(LocalError::NoDataDirectory { path: root.to_owned() }),
        }
    }

    /// The directory, made (and completed) where it is missing. Private to its owner.
    ///
    /// # Errors
    /// As for `inspect`, and whatever keeps it from being written: full, read-only, no permission.
    pub fn open_or_create(root: &Path) -> Result<Self> {
        let found = Self::inspect(root)?;
        require_space(root, LEAST_FREE)?;
        if found == Found::Nothing {
            make_private_dir(root)?;
            let mode = fs::Permissions::from_mode(0o700);
            fs::set_permissions(root, mode)
                .map_err(|error| LocalError::io("protect", root, error))?;
            let marker = Marker {
                product: PRODUCT.to_owned(),
                format: FORMAT,
                created_at: Timestamp::now(),
            };
            write_json(&root.join("format.json"), &marker, Durability::Disk)?;
        }
        let data = Self {
            root: fs::canonicalize(root).map_err(|error| LocalError::io("resolve", root, error))?,
        };
        for folder in FOLDERS {
            make_private_dir(&data.root.join(folder))?;
        }
        Ok(data)
    }

    /// Makes the secrets that are missing. Under the lock, so that two commands can't make two.
    pub(crate) fn ensure_secrets(&self) -> Result<()> {
        secrets::ensure_credential(&self.credentials_file())
    }

    /// Removes what is ours and nothing else, following no link.
    pub(crate) fn remove(&self) -> Result<()> {
        for name in OURS {
            let path = self.root.join(name);
            let removed = match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&path),
                Ok(_) if name == "format.json" => {
                    self.refuse_foreign_files()?;
                    fs::remove_file(&path)
                }
                Ok(_) => fs::remove_file(&path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(error),
            };
            removed.map_err(|error| LocalError::io("remove", &path, error))?;
        }
        fs::remove_dir(&self.root).map_err(|error| LocalError::io("remove", &self.root, error))
    }

    fn refuse_foreign_files(&self) -> Result<()> {
        let entries =
            fs::read_dir(&self.root).map_err(|error| LocalError::io("list", &self.root, error))?;
        let names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !OURS.contains(&name.as_str()))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(LocalError::ForeignFilesLeft { path: self.root.clone(), names: names.join(", ") })
    }

    /// What the engines refuse for want of room, as one line; `None` while there is enough.
    pub fn shortage(&self) -> Option<String> {
        shortage(Disk::below(&self.root)?.free)
    }

    /// Whether what is written down here at present may be older than what is so: the disk takes no
    /// more notes, or hardly any.
    pub(crate) fn takes_no_notes(&self) -> bool {
        Disk::below(&self.root).is_some_and(|disk| {
            disk.is_read_only || disk.is_out_of_names || disk.free < LEAST_NOTES
        })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }
    pub fn credentials_file(&self) -> PathBuf {
        self.root.join("secrets/credentials")
    }
    /// Name of the file with the authority behind a self-made certificate, in `tls_dir`.
    pub(crate) const AUTHORITY: &str = "tls-authority.pem";

    pub(crate) fn tls_dir(&self) -> PathBuf {
        self.root.join("secrets")
    }
    /// What clients have to trust when the entry's certificate is self-made; PEM.
    pub fn authority_file(&self) -> PathBuf {
        self.tls_dir().join(Self::AUTHORITY)
    }
    pub fn mail_dir(&self) -> PathBuf {
        self.root.join("mail")
    }
    pub(crate) fn log_dir(&self) -> PathBuf {
        self.root.join("log")
    }
    pub(crate) fn log_file(&self, component: &str) -> PathBuf {
        self.root.join("log").join(format!("{component}.log"))
    }
    pub(crate) fn activities_file(&self) -> PathBuf {
        self.root.join("log/activities.jsonl")
    }
    pub(crate) fn run_file(&self, name: &str) -> PathBuf {
        self.root.join("run").join(name)
    }
    pub(crate) fn releases_dir(&self) -> PathBuf {
        self.root.join("releases")
    }
}

/// Room for the notes of everybody who writes some.
const LEAST_NOTES: u64 = 256 * 1024;

fn shortage(free: u64) -> Option<String> {
    let refused = match free {
        _ if free < engines::METADATA_RESERVE => "uploads, changes and logins are refused",
        _ if free < engines::CONTENT_RESERVE => "uploads are refused",
        _ => return None,
    };
    let free = mebibytes(free);
    let needed = mebibytes(engines::CONTENT_RESERVE);
    Some(format!(
        "the data's disk has {free} free: what is there can be read, {refused} until {needed} are free"
    ))
}

fn read_marker(path: &Path) -> Result<Option<Marker>> {
    // A newer format may have other fields, so only product and format are asked for.
    #[derive(Deserialize)]
    struct Least {
        product: String,
        format: u32,
    }
    match read_json::<Least>(path) {
        Ok(least) => Ok(least.map(|least| Marker {
            product: least.product,
            format: least.format,
            created_at: Timestamp::UNIX_EPOCH,
        })),
        Err(LocalError::Damaged { path, .. }) => {
            Err(LocalError::ForeignDirectory { path: path.parent().unwrap_or(&path).to_owned() })
        }
        Err(error) => Err(error),
    }
}

fn refuse_open(path: &Path, want: u32) -> Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(LocalError::io("look at", path, error)),
    };
    if metadata.is_symlink() {
        return Err(LocalError::SymbolicLink { path: path.to_owned() });
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(LocalError::TooOpen { path: path.to_owned(), mode, want });
    }
    Ok(())
}

/// Refuses a disk that has not room for a new deployment with a server program of `program` bytes.
pub(crate) fn require_room_to_begin(root: &Path, program: u64) -> Result<()> {
    require_space(root, ROOM_TO_BEGIN.saturating_add(program))
}

/// Refuses a disk without room for a copy of so many bytes, and for what is written beside it.
pub(crate) fn require_room_for(root: &Path, copy: u64) -> Result<()> {
    require_space(root, LEAST_FREE.saturating_add(copy))
}

/// Refuses a disk that is read-only or has fewer bytes free.
///
/// Asks the file system below the path, whose last parts may not exist yet.
fn require_space(root: &Path, needed: u64) -> Result<()> {
    let Some(disk) = Disk::below(root) else { return Ok(()) };
    if disk.is_read_only {
        return Err(LocalError::ReadOnly { path: root.to_owned() });
    }
    if disk.free < needed {
        let path = root.to_owned();
        return Err(LocalError::DiskFull { path, free: disk.free, needed: Some(needed) });
    }
    Ok(())
}

/// The file system that holds a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Disk {
    /// Bytes.
    free: u64,
    is_read_only: bool,
    /// No file can be made, however much room there is.
    is_out_of_names: bool,
}

impl Disk {
    fn below(path: &Path) -> Option<Self> {
        let existing = path.ancestors().find(|path| path.exists())?;
        let status = rustix::fs::statvfs(existing).ok()?;
        Some(Self {
            free: status.f_bavail.saturating_mul(status.f_frsize),
            is_out_of_names: status.f_files > 0 && status.f_favail == 0,
            is_read_only: status.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_is_refused_before_anything_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a/b/data");
        let refused = require_room_to_begin(&root, u64::MAX).unwrap_err().to_string();
        assert!(refused.contains("MiB free") && refused.contains("needed"), "{refused}");
        assert!(require_space(&root, 0).is_ok());
        assert!(!folder.path().join("a").exists());
    }

    /// Whatever the engines leave free is enough to be started again (finding: 12 MiB were not).
    #[test]
    fn what_is_refused_for_want_of_room_is_told() {
        assert_eq!(shortage(engines::CONTENT_RESERVE), None);
        let uploads = shortage(engines::CONTENT_RESERVE - 1).unwrap();
        assert!(uploads.contains("uploads are refused until 96 MiB are free"), "{uploads}");
        let all = shortage(12 << 20).unwrap();
        assert!(all.contains("12 MiB free") && all.contains("changes and logins"), "{all}");
    }

    #[test]
    fn a_second_opening_finds_what_the_first_has_made() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        assert_eq!(DataDir::inspect(&root).unwrap(), Found::Nothing);
        let made = DataDir::open_or_create(&root).unwrap();
        made.ensure_secrets().unwrap();
        let secret = fs::read(made.credentials_file()).unwrap();
        let found = DataDir::open_or_create(&root).unwrap();
        found.ensure_secrets().unwrap();
        assert_eq!(fs::read(found.credentials_file()).unwrap(), secret);
    }

    #[test]
    fn a_marker_cut_off_by_a_power_cut_does_not_make_the_folder_foreign() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        fs::create_dir(&root).unwrap();
        fs::write(root.join(".format.json.12.ab"), "{").unwrap();
        assert_eq!(DataDir::inspect(&root).unwrap(), Found::Nothing);
        assert!(DataDir::open_or_create(&root).is_ok());
    }
}
