//! The number every data folder carries, and the lock on it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::error::EngineError;

const NAME: &str = "format";
const UNFINISHED: &str = "format.new";

/// Proof that this process owns a data folder; the lock ends with it.
#[derive(Debug)]
pub(crate) struct Claim {
    _file: File,
}

/// Takes `dir` for this process: creates it when missing, refuses what another
/// program or a newer release wrote, and locks it against a second process.
pub(crate) fn claim(dir: &Path, known: u32) -> Result<Claim, EngineError> {
    create_private_dir(dir).map_err(EngineError::io("cannot create", dir))?;
    let path = dir.join(NAME);
    if !path.exists() {
        refuse_foreign(dir)?;
        write_number(dir, known).map_err(EngineError::io("cannot write", &path))?;
    }
    check(dir, known)?;
    let file = File::open(&path).map_err(EngineError::io("cannot open", &path))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Claim { _file: file }),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(EngineError::InUse { path: dir.to_path_buf() }),
        Err(error) => Err(EngineError::io("cannot lock", &path)(error.into())),
    }
}

/// Refuses what a newer release wrote into `dir`; a folder that is not there yet is fine.
pub(crate) fn check(dir: &Path, known: u32) -> Result<(), EngineError> {
    let path = dir.join(NAME);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(EngineError::io("cannot read", &path)(error)),
    };
    match text.trim().parse() {
        Ok(found) if found > known => Err(EngineError::NewerFormat { path, found, known }),
        Ok(_) => Ok(()),
        Err(_) => Err(EngineError::Unreadable { path }),
    }
}

/// Creates a folder only its owner may enter; parents too.
pub(crate) fn create_private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Opens a new file only its owner may read.
pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Makes names created or removed in `dir` survive a power cut.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn refuse_foreign(dir: &Path) -> Result<(), EngineError> {
    for entry in fs::read_dir(dir).map_err(EngineError::io("cannot list", dir))? {
        let entry = entry.map_err(EngineError::io("cannot list", dir))?;
        if entry.file_name() != UNFINISHED {
            return Err(EngineError::Foreign { path: dir.to_path_buf() });
        }
    }
    Ok(())
}

fn write_number(dir: &Path, number: u32) -> io::Result<()> {
    let unfinished = dir.join(UNFINISHED);
    let _ = fs::remove_file(&unfinished);
    let mut file = create_private_file(&unfinished)?;
    writeln!(file, "{number}")?;
    file.sync_all()?;
    fs::rename(&unfinished, dir.join(NAME))?;
    sync_dir(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_folder_gets_the_number_and_is_locked() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("objects");
        let claim_one = claim(&data, 1).unwrap();
        assert!(matches!(claim(&data, 1), Err(EngineError::InUse { .. })));
        drop(claim_one);
        claim(&data, 1).unwrap();
    }

    #[test]
    fn a_newer_format_is_refused_and_untouched() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(NAME), "7\n").unwrap();
        let error = claim(dir.path(), 1).unwrap_err();
        assert!(matches!(error, EngineError::NewerFormat { found: 7, known: 1, .. }));
        assert_eq!(fs::read_to_string(dir.path().join(NAME)).unwrap(), "7\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.tex"), "x").unwrap();
        assert!(matches!(claim(dir.path(), 1), Err(EngineError::Foreign { .. })));
    }
}
