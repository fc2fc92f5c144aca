//! Large files: many ranged requests at once, written and hashed in order, resumed where they stopped.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use futures::stream::{StreamExt, iter};
use protocol::file::Location;
use protocol::hash::ContentHash;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::{Downloader, PARALLEL, PIECE_BYTES, Want, damaged};
use crate::error::{IoContext, Result};
use crate::fs::{Stamp, apply_meta, rename_new, stamp, temporary_name};
use crate::report::Event;

/// A partial file: its bytes are a prefix of the content, and the digest is of those bytes.
struct Partial {
    file: File,
    path: PathBuf,
    digest: Sha256,
    length: u64,
}

/// A request for part of one object.
struct Piece {
    key: String,
    offset: u64,
    length: u64,
}

pub(super) async fn fetch(
    downloader: &Downloader,
    want: Want,
    location: Location,
) -> Result<PathBuf> {
    let path = downloader.staging.join(super::parts::name(&want.file, want.content_rev));
    let mut attempt = 0;
    loop {
        attempt += 1;
        let resumed = path.clone();
        let most = want.size;
        let partial = tokio::task::spawn_blocking(move || open(resumed, most)).await??;
        let fresh = partial.length == 0;
        let partial = receive(downloader, &location, partial).await?;
        let want_here = want.clone();
        let finished = tokio::task::spawn_blocking(move || finish(partial, &want_here)).await??;
        match finished {
            Some(path) => return Ok(path),
            // A power cut may have left a beginning of the right length and the wrong bytes.
            None if !fresh && attempt == 1 => {}
            None => return Err(damaged(&want)),
        }
    }
}

async fn receive(
    downloader: &Downloader,
    location: &Location,
    mut partial: Partial,
) -> Result<Partial> {
    downloader.reporter.event(Event::Downloaded { bytes: partial.length });
    let gets = pieces_after(location, partial.length).into_iter().map(|piece| {
        let gate = &downloader.gate;
        async move { gate.get(&piece.key, piece.offset, piece.length).await }
    });
    let mut gets = iter(gets.collect::<Vec<_>>()).buffered(PARALLEL);
    while let Some(bytes) = gets.next().await {
        let bytes = bytes?;
        let length = bytes.len() as u64;
        let append = move || -> Result<Partial> {
            partial.digest.update(&bytes);
            partial.file.write_all(&bytes).at("write", &partial.path)?;
            partial.length += length;
            Ok(partial)
        };
        partial = tokio::task::spawn_blocking(append).await??;
        downloader.reporter.event(Event::Downloaded { bytes: length });
    }
    Ok(partial)
}

/// Where another process holds the beginning, a file of our own starts from nothing.
fn open_alone(path: PathBuf) -> Result<(File, PathBuf)> {
    loop {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .at("create", &path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return open_alone(path.with_file_name(temporary_name())),
            Err(error) => return Err(io::Error::from(error)).at("lock", &path),
        }
        // Whoever had it before us may have finished it, which renames it.
        let ours = Stamp::of(&file.metadata().at("read", &path)?);
        if stamp(&path).at("read", &path)?.is_some_and(|found| found.inode == ours.inode) {
            return Ok((file, path));
        }
    }
}

fn open(path: PathBuf, most: u64) -> Result<Partial> {
    let (mut file, path) = open_alone(path)?;
    let mut digest = Sha256::new();
    let mut length = 0;
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        let count = file.read(&mut buffer).at("read", &path)?;
        if count == 0 || length + count as u64 > most {
            break;
        }
        digest.update(&buffer[..count]);
        length += count as u64;
    }
    file.set_len(length).at("shorten", &path)?;
    file.seek(SeekFrom::Start(length)).at("read", &path)?;
    Ok(Partial { file, path, digest, length })
}

/// `None`, and the file gone, if the bytes are not the promised ones.
fn finish(partial: Partial, want: &Want) -> Result<Option<PathBuf>> {
    let hash = ContentHash::from_bytes(partial.digest.finalize().into());
    if hash != want.hash {
        std::fs::remove_file(&partial.path).at("remove", &partial.path)?;
        return Ok(None);
    }
    apply_meta(&partial.file, &want.meta).at("set the times of", &partial.path)?;
    partial.file.sync_all().at("flush", &partial.path)?;
    // Under a name of its own while the lock is held: nobody else goes on with it.
    let path = partial.path.with_file_name(temporary_name());
    rename_new(&partial.path, &path).at("rename", &partial.path)?;
    Ok(Some(path))
}

fn pieces_after(location: &Location, have: u64) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut position = 0;
    for extent in &location.extents {
        let skip = have.saturating_sub(position).min(extent.length);
        let mut done = skip;
        while done < extent.length {
            let length = (extent.length - done).min(PIECE_BYTES);
            pieces.push(Piece { key: extent.key.clone(), offset: extent.offset + done, length });
            done += length;
        }
        position += extent.length;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_never_write_to_one_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.1.part");
        std::fs::write(&path, "begin").unwrap();
        let first = open(path.clone(), 100).unwrap();
        let second = open(path.clone(), 100).unwrap();
        assert_eq!((first.length, second.length), (5, 0));
        assert!(second.path != path && first.path == path);
        drop(first);
        assert_eq!(open(path, 100).unwrap().length, 5, "a later run goes on where it stopped");
    }
}
