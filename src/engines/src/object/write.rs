use std::fs::{self, File};
use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::digest::Digests;
use super::meta::{Checksums, Meta};
use super::{ObjectStore, StoreError};
use crate::format;
use crate::room::Room;

/// An object being received: a temporary file and its running digests.
///
/// Dropped without being published, it leaves nothing behind.
pub(crate) struct Draft {
    path: PathBuf,
    file: File,
    size: u64,
    digests: Option<Digests>,
    room: Room,
}

/// What was received.
pub(crate) struct Received {
    pub(crate) size: u64,
    pub(crate) checksums: Checksums,
    pub(crate) md5: Option<[u8; 16]>,
}

impl ObjectStore {
    pub(crate) fn draft(&self, digests: Digests) -> Result<Draft, StoreError> {
        self.require_room()?;
        let path = self.draft_path();
        let file = format::create_private_file(&path)?;
        Ok(Draft { path, file, size: 0, digests: Some(digests), room: self.room.clone() })
    }
}

impl Draft {
    /// Appends `pieces`; blocking.
    ///
    /// # Errors
    /// [`StoreError::Full`] as soon as it would take what has to stay free.
    pub(crate) fn write(&mut self, pieces: &[Bytes]) -> Result<(), StoreError> {
        if !self.room.is_left() {
            return Err(StoreError::Full);
        }
        for piece in pieces {
            self.size += piece.len() as u64;
            if let Some(digests) = &mut self.digests {
                digests.update(piece);
            }
        }
        let mut slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut rest = slices.as_mut_slice();
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            let written = self.file.write_vectored(rest)?;
            if written == 0 {
                return Err(io::Error::from(io::ErrorKind::WriteZero).into());
            }
            IoSlice::advance_slices(&mut rest, written);
        }
        Ok(())
    }

    /// Ends the content and tells what came.
    pub(crate) fn received(&mut self) -> Received {
        let (checksums, md5) = self.digests.take().map(Digests::finish).unwrap_or_default();
        Received { size: self.size, checksums, md5 }
    }

    /// Writes the metadata behind the content and syncs the file; blocking.
    pub(crate) fn seal(&mut self, meta: &Meta) -> Result<(), StoreError> {
        self.file.write_all(&meta.encode())?;
        Ok(self.file.sync_data()?)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already when `rename` gave it its name.
        let _ = fs::remove_file(&self.path);
    }
}
