//! The local file system, with the care that a sync program owes it.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use protocol::commit::Meta;
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};

use crate::error::{IoContext as _, Result, SyncError};
use crate::local_name::{INCOMING, OWN_DIRECTORY, TRASH};
use crate::report::shown;

/// Everything by which an unchanged file is recognised without reading it.
///
/// The change time is included because a program can put back the modification time, not that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    pub(crate) mtime_ns: i64,
    pub(crate) ctime_ns: i64,
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) executable: bool,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            mtime_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            device: metadata.dev(),
            inode: metadata.ino(),
            executable: metadata.mode() & 0o100 != 0,
        }
    }

    pub(crate) fn meta(&self) -> Meta {
        Meta { mtime_ns: Some(self.mtime_ns), executable: self.executable }
    }
}

fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

/// Opens without following a symbolic link and without waiting for the other end of a FIFO.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
}

/// The file's stamp, or `None` if nothing is there.
pub(crate) fn stamp(path: &Path) -> io::Result<Option<Stamp>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(Stamp::of(&metadata))),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether anything of that name exists, a dangling link included.
pub(crate) fn exists(path: &Path) -> io::Result<bool> {
    stamp(path).map(|stamp| stamp.is_some())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Renames and fails with `AlreadyExists` if the target exists: nothing is ever replaced by it.
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // Some file systems lack the flag; a hard link refuses an existing name just as well.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => link_then_unlink(from, to),
        Err(error) => Err(error.into()),
    }
}

fn link_then_unlink(from: &Path, to: &Path) -> io::Result<()> {
    if fs::symlink_metadata(from)?.is_dir() {
        if exists(to)? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        return fs::rename(from, to);
    }
    fs::hard_link(from, to)?;
    fs::remove_file(from)
}

/// Makes a rename, a creation or a removal in this directory survive a power cut.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    let path = if path == Path::new("") { Path::new(".") } else { path };
    File::open(path)?.sync_all()
}

/// Creates a directory and what is missing above it, durably.
pub(crate) fn create_directories(path: &Path) -> io::Result<()> {
    if path.is_dir() || path == Path::new("") {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_directories(parent)?;
    }
    match fs::create_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        Err(error) => return Err(error),
    }
    path.parent().map_or(Ok(()), sync_directory)
}

/// Creates a directory that only its owner may enter.
pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// The folder of ours in a directory, which need not exist yet. One that is a symbolic link, or
/// whose parts are, is refused: what we keep in it would be written somewhere else.
pub(crate) fn own_directory(root: &Path) -> Result<PathBuf> {
    let own = root.join(OWN_DIRECTORY);
    for path in [own.clone(), own.join(INCOMING), own.join(TRASH)] {
        let kind = match fs::symlink_metadata(&path) {
            Err(error) if is_absent(&error) => continue,
            other => other.at("read", &path)?.file_type(),
        };
        if !kind.is_dir() {
            let what = if kind.is_symlink() { "a symbolic link" } else { "not a directory" };
            return Err(SyncError::Refused(format!(
                "{} is {what}, and this program keeps its own files there; remove it and run again",
                shown(&path)
            )));
        }
    }
    Ok(own)
}

/// Creates our folder in a directory so that only its owner may enter, without following a link.
pub(crate) fn create_own_directory(root: &Path) -> Result<PathBuf> {
    let own = own_directory(root)?;
    match fs::create_dir(&own) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(error).at("create", &own);
        }
        _ => {}
    }
    let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY;
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(&own);
    let private = fs::Permissions::from_mode(0o700);
    opened.and_then(|own| own.set_permissions(private)).at("protect", &own)?;
    Ok(own)
}

/// Replaces a small file of ours: temporary file, fsync, rename, fsync of the directory.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(OsStr::new(".new"));
    let temporary = PathBuf::from(temporary);
    match fs::remove_file(&temporary) {
        Err(error) if !is_absent(&error) => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_directory(directory)
}

/// Gives a file the modification time and the executable bit that came with it.
pub(crate) fn apply_meta(file: &File, meta: &Meta) -> io::Result<()> {
    let mode = file.metadata()?.permissions().mode();
    let wanted = with_executable(mode, meta.executable);
    if wanted != mode {
        file.set_permissions(fs::Permissions::from_mode(wanted))?;
    }
    let Some(mtime) = meta.mtime_ns.and_then(system_time) else {
        return Ok(());
    };
    file.set_modified(mtime)
}

/// Gives a finished temporary file the mode of the file that it replaces, or that of a new file.
/// Whether it is executable stays as it is.
pub(crate) fn inherit_mode(temporary: &Path, replaced: Option<&Path>) -> io::Result<()> {
    let own = fs::symlink_metadata(temporary)?.permissions().mode();
    let replaced = match replaced.map(fs::symlink_metadata) {
        Some(Ok(metadata)) => metadata.is_file().then(|| metadata.permissions().mode() & 0o777),
        Some(Err(error)) if !is_absent(&error) => return Err(error),
        _ => None,
    };
    let mode = match replaced {
        Some(mode) => mode,
        None => mode_of_new_files(temporary.parent().unwrap_or(Path::new(".")))?,
    };
    let mode = with_executable(mode, own & 0o100 != 0);
    if mode == own & 0o777 {
        return Ok(());
    }
    fs::set_permissions(temporary, fs::Permissions::from_mode(mode))
}

/// Asks by making one: the mask can't be read without changing it for every thread.
fn mode_of_new_files(directory: &Path) -> io::Result<u32> {
    static MODE: OnceLock<u32> = OnceLock::new();
    if let Some(mode) = MODE.get() {
        return Ok(*mode);
    }
    let path = directory.join(temporary_name());
    let probe = OpenOptions::new().write(true).create_new(true).open(&path)?;
    let mode = probe.metadata().map(|metadata| metadata.permissions().mode() & 0o777);
    fs::remove_file(&path)?;
    mode.map(|mode| *MODE.get_or_init(|| mode))
}

/// Executable for whoever may read it, as `chmod +x` under the usual masks.
pub(crate) fn with_executable(mode: u32, executable: bool) -> u32 {
    match (executable, mode & 0o100 != 0) {
        (true, false) => mode | ((mode & 0o444) >> 2),
        (false, true) => mode & !0o111,
        _ => mode,
    }
}

fn system_time(nanoseconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
    if nanoseconds >= 0 {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    }
}

/// A name for temporary files that no other run uses.
pub(crate) fn temporary_name() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// The name's bytes as UTF-8, if they are.
pub(crate) fn utf8(name: &OsStr) -> Option<&str> {
    std::str::from_utf8(name.as_bytes()).ok()
}
