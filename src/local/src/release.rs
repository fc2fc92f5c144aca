//! Releases: programs named by their content.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::data::files::{Durability, make_private_dir, write_atomic};
use crate::data::{DataDir, require_room_for};
use crate::desired::{Desired, PinnedPrograms};
use crate::error::{LocalError, Result};
use crate::history;
use crate::rollout::InForce;
use crate::spec::Programs;

/// Looks at both programs and keeps a copy of the server.
///
/// # Errors
/// A program that is missing or can't be run; a copy that can't be written.
pub(crate) fn pin(data: &DataDir, programs: &Programs) -> Result<PinnedPrograms> {
    let syncctl_digest = digest(data, &programs.syncctl)?;
    let (syncd, syncd_digest) = pin_server(data, &programs.syncd)?;
    Ok(PinnedPrograms {
        syncctl: programs.syncctl.clone(),
        syncctl_digest,
        syncd,
        syncd_digest,
        syncd_source: programs.syncd.clone(),
    })
}

/// Keeps a copy of a server program; answers where it lies, and its SHA-256.
///
/// # Errors
/// A program that can't be read, a copy that can't be written.
pub(crate) fn pin_server(data: &DataDir, program: &Path) -> Result<(PathBuf, String)> {
    let remembered = digest(data, program)?;
    if let Some(copied) = keep(data, program, &remembered)? {
        return Ok((copied, remembered));
    }
    // It changed while it was read, or what was remembered of it is wrong: once more, from its bytes.
    let digest = hash(program)?;
    remember(data, program, &digest)?;
    match keep(data, program, &digest)? {
        Some(copied) => Ok((copied, digest)),
        None => Err(LocalError::ProgramMissing {
            path: program.to_owned(),
            reason: "it changed while it was read; try again".to_owned(),
        }),
    }
}

/// The copy of a release that was kept, unless it is no longer what it was.
///
/// # Errors
/// A copy that is missing or has another content.
pub(crate) fn kept(data: &DataDir, digest: &str) -> Result<PathBuf> {
    let copied = history::program(data, digest);
    let found = hash(&copied)?;
    if found == digest {
        return Ok(copied);
    }
    Err(LocalError::Damaged {
        path: copied,
        reason: format!(
            "it is no longer release {}, its content is {}; nothing was changed",
            history::short_digest(digest),
            history::short_digest(&found)
        ),
    })
}

/// A copy with just that content; `None` where the program has another.
fn keep(data: &DataDir, program: &Path, digest: &str) -> Result<Option<PathBuf>> {
    let copied = history::program(data, digest);
    if is_intact(data, &copied, digest) {
        return Ok(Some(copied));
    }
    require_room_for(data.root(), size(program))?;
    make_private_dir(copied.parent().unwrap_or(data.root()))?;
    copy(program, &copied)?;
    if hash(&copied)? == digest {
        return Ok(Some(copied));
    }
    let _ = fs::remove_file(&copied);
    Ok(None)
}

/// What serves already is read only when its file was touched; whatever is going to serve is read
/// for certain. After a power cut a copy may be there and empty.
fn is_intact(data: &DataDir, copied: &Path, digest: &str) -> bool {
    let serves = InForce::read(data).ok().flatten().is_some_and(|it| it.release.digest == digest);
    let found = if serves { self::digest(data, copied) } else { hash(copied) };
    found.is_ok_and(|found| found == digest)
}

/// Removes the copies that nobody would go back to: what stays is of the given wishes, of the roll
/// that runs, and the last few that have passed.
pub(crate) fn forget_others(data: &DataDir, kept: &[Option<&Desired>]) {
    // Better too many copies than one too few.
    let Ok(mut names) = history::worth_keeping(data) else { return };
    names.extend(kept.iter().flatten().map(|desired| desired.programs.syncd_digest.clone()));
    match InForce::read(data) {
        Ok(Some(in_force)) => {
            names.push(in_force.release.digest);
            names.extend(
                in_force.rollout.into_iter().flat_map(|one| [one.from.digest, one.to.digest]),
            );
        }
        Ok(None) => {}
        Err(_) => return,
    }
    let Ok(entries) = fs::read_dir(data.releases_dir()) else { return };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        let is_kept = names.iter().any(|name| entry.file_name() == **name);
        // What stays behind costs space and nothing else.
        if !is_kept && let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(%error, "an old release stays");
        }
    }
}

/// Refuses a program that is not there or not executable; changes nothing.
pub(crate) fn require(program: &Path) -> Result<()> {
    let missing = |reason: &str| LocalError::ProgramMissing {
        path: program.to_owned(),
        reason: reason.to_owned(),
    };
    if !program.is_absolute() {
        return Err(missing("its path is not absolute"));
    }
    let metadata = fs::metadata(program).map_err(|error| missing(&error.to_string()))?;
    if !metadata.is_file() {
        return Err(missing("it is not a file"));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(missing("it is not executable"));
    }
    Ok(())
}

/// In bytes; 0 for what is not there.
pub(crate) fn size(program: &Path) -> u64 {
    fs::metadata(program).map_or(0, |metadata| metadata.size())
}

/// What a release is named by: SHA-256 of a program's bytes, in lower-case hexadecimal.
///
/// # Errors
/// A program that can't be read.
pub fn content_digest(program: &Path) -> io::Result<String> {
    let mut file = File::open(program)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0_u8; 1 << 20];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex::encode(hash.finalize())),
            count => hash.update(&piece[..count]),
        }
    }
}

/// SHA-256 of a program, remembered for as long as the file stays untouched.
fn digest(data: &DataDir, program: &Path) -> Result<String> {
    if let Ok(text) = fs::read_to_string(remembered(data, program)?)
        && text.len() == 64
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    {
        return Ok(text);
    }
    let text = hash(program)?;
    remember(data, program, &text)?;
    Ok(text)
}

fn remember(data: &DataDir, program: &Path, digest: &str) -> Result<()> {
    forget_digests(data);
    write_atomic(&remembered(data, program)?, digest.as_bytes(), Durability::Memory)
}

/// Its name changes with everything that is done to the file, a change of its times included.
fn remembered(data: &DataDir, program: &Path) -> Result<PathBuf> {
    let metadata = fs::metadata(program).map_err(|error| LocalError::io("read", program, error))?;
    Ok(data.run_file("digests").join(format!(
        "{:x}-{:x}-{:x}-{:x}-{:x}-{:x}-{:x}",
        metadata.dev(),
        metadata.ino(),
        metadata.size(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec()
    )))
}

/// SHA-256 of a file's bytes, read now.
fn hash(program: &Path) -> Result<String> {
    content_digest(program).map_err(|error| LocalError::io("read", program, error))
}

/// Every build leaves one; a few are worth keeping.
fn forget_digests(data: &DataDir) {
    const MOST: usize = 16;
    let Ok(entries) = fs::read_dir(data.run_file("digests")) else { return };
    for entry in entries.flatten().skip(MOST) {
        let _ = fs::remove_file(entry.path());
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let temporary: PathBuf = to.with_extension(format!("{:x}", rand::random::<u32>()));
    let copied = (|| -> io::Result<()> {
        let mut source = File::open(from)?;
        let mut target =
            OpenOptions::new().write(true).create_new(true).mode(0o700).open(&temporary)?;
        io::copy(&mut source, &mut target)?;
        target.flush()?;
        target.sync_all()?;
        fs::rename(&temporary, to)
    })();
    if copied.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    copied.map_err(|error| LocalError::io("copy the server to", to, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_release_is_believed_for_its_content_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create(&folder.path().join("data")).unwrap();
        let program = folder.path().join("syncd");
        fs::write(&program, "the server").unwrap();
        let (copied, digest) = pin_server(&data, &program).unwrap();
        // Of the same length: only its content tells.
        fs::write(&copied, "THE SERVER").unwrap();
        let refused = kept(&data, &digest).unwrap_err();
        assert!(refused.to_string().contains("no longer release"), "{refused}");
        assert_eq!(pin_server(&data, &program).unwrap(), (copied.clone(), digest.clone()));
        assert_eq!(fs::read(&copied).unwrap(), b"the server");
        assert_eq!(kept(&data, &digest).unwrap(), copied);
    }

    #[test]
    fn what_is_remembered_wrongly_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create(&folder.path().join("data")).unwrap();
        let program = folder.path().join("syncd");
        fs::write(&program, "the server").unwrap();
        let right = hash(&program).unwrap();
        for wrong in ["f".repeat(64), "z".repeat(64), "../".repeat(21) + "x"] {
            fs::write(remembered(&data, &program).unwrap(), wrong).unwrap();
            assert_eq!(pin_server(&data, &program).unwrap().1, right);
        }
        assert_eq!(digest(&data, &program).unwrap(), right, "it is remembered rightly now");
    }
}
