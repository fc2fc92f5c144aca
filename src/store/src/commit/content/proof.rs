//! Small files lie in ranges of a chunk that holds many of them, and S3's digest tells about the
//! chunk alone. So the ranges of a commit's small files are read back once and hashed, before
//! anybody can be shown a file whose bytes are not what it claims to be (I4).
//!
//! What is larger, or scattered over more extents, is proven by its reader: see [`crate::read`].

use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use protocol::commit::Content;
use protocol::hash::ContentHash;
use protocol::id::{FileId, SpaceId};
use protocol::upload::chunk_key;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::Store;
use crate::error::{Result, StoreError, invalid};
use crate::extents::StoredExtent;

/// Bytes of the largest file that is read back: what `sync-agent` packs.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Extents of such a file. Packed files have one.
const MOST_EXTENTS: usize = 16;

/// Bytes of files that are held at the same time for one commit.
const WINDOW: u64 = 8 * 1024 * 1024;

/// Bytes of one read, as long as it covers more than one extent.
const LARGEST_READ: u64 = 4 * 1024 * 1024;

/// Bytes nobody asked for that are read rather than asking twice.
const LARGEST_GAP: u64 = 64 * 1024;

/// Reads under way for one commit.
const PARALLEL: usize = 4;

/// Commits of this process that read back at the same time; with [`WINDOW`] it bounds memory.
const COMMITS: usize = 4;

/// The places for commits that read back.
pub(crate) struct ProofPlaces(Semaphore);

impl Default for ProofPlaces {
    fn default() -> Self {
        Self(Semaphore::new(COMMITS))
    }
}

/// A file of the commit and where its bytes lie.
pub(super) struct Claimed<'a> {
    pub(super) file: &'a FileId,
    pub(super) content: &'a Content,
    pub(super) extents: Vec<StoredExtent>,
}

impl Claimed<'_> {
    /// Whether only reading can tell, and reading is cheap. A file that is one whole chunk has
    /// been proven by S3 itself.
    fn is_to_be_read(&self, chunk_bytes: impl Fn(&ContentHash) -> u64) -> bool {
        let is_whole_chunk = match &self.extents[..] {
            [only] => only.offset == 0 && only.length == chunk_bytes(&only.chunk),
            _ => false,
        };
        (1..=LARGEST_FILE).contains(&self.content.size)
            && self.extents.len() <= MOST_EXTENTS
            && !is_whole_chunk
    }
}

impl Store {
    /// # Errors
    /// [`StoreError::InvalidRequest`] names the first file whose bytes have another digest.
    pub(super) async fn prove_small_files(
        &self,
        space: &SpaceId,
        files: &[Claimed<'_>],
        chunk_bytes: impl Fn(&ContentHash) -> u64,
    ) -> Result<()> {
        let small: Vec<&Claimed<'_>> =
            files.iter().filter(|file| file.is_to_be_read(&chunk_bytes)).collect();
        if small.is_empty() {
            return Ok(());
        }
        let place = self.inner.proof_places.0.acquire().await;
        let _place = place.map_err(|closed| StoreError::Internal(closed.to_string()))?;
        for window in windows(&small) {
            let wanted = window.iter().flat_map(|file| file.extents.iter());
            let reads = merge(wanted.map(Stretch::of).collect());
            let reads: Vec<_> = reads.into_iter().map(|read| self.read_back(space, read)).collect();
            let read: Vec<(Stretch, Bytes)> =
                stream::iter(reads).buffer_unordered(PARALLEL).try_collect().await?;
            for file in window {
                check(file, &read)?;
            }
        }
        Ok(())
    }

    async fn read_back(&self, space: &SpaceId, read: Stretch) -> Result<(Stretch, Bytes)> {
        let key = chunk_key(space, &read.chunk, read.generation);
        let bytes = self.object(&key, Some(read.range.clone())).await?;
        Ok((read, bytes))
    }
}

/// A range of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stretch {
    chunk: ContentHash,
    generation: u32,
    range: Range<u64>,
}

impl Stretch {
    fn of(extent: &StoredExtent) -> Self {
        let range = extent.offset..extent.offset + extent.length;
        Self { chunk: extent.chunk, generation: extent.generation, range }
    }

    fn covers(&self, other: &Self) -> bool {
        (self.chunk, self.generation) == (other.chunk, other.generation)
            && self.range.start <= other.range.start
            && other.range.end <= self.range.end
    }
}

/// Files in their order, as many at once as may be held.
fn windows<'a, 'b>(files: &'a [&'b Claimed<'b>]) -> Vec<&'a [&'b Claimed<'b>]> {
    let mut windows = Vec::new();
    let (mut start, mut held) = (0, 0);
    for (index, file) in files.iter().enumerate() {
        if held + file.content.size > WINDOW {
            windows.push(&files[start..index]);
            (start, held) = (index, 0);
        }
        held += file.content.size;
    }
    windows.push(&files[start..]);
    windows
}

/// Few reads that cover every stretch; each stretch lies within one of them.
fn merge(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_by_key(|it| (it.chunk, it.generation, it.range.start, it.range.end));
    let mut reads: Vec<Stretch> = Vec::new();
    for next in stretches {
        let joined = reads.last_mut().filter(|last| {
            let end = last.range.end.max(next.range.end);
            (last.chunk, last.generation) == (next.chunk, next.generation)
                && next.range.start <= last.range.end.saturating_add(LARGEST_GAP)
                && end - last.range.start <= LARGEST_READ
        });
        match joined {
            Some(last) => last.range.end = last.range.end.max(next.range.end),
            None => reads.push(next),
        }
    }
    reads
}

fn check(file: &Claimed<'_>, read: &[(Stretch, Bytes)]) -> Result<()> {
    let mut digest = Sha256::new();
    for extent in &file.extents {
        let wanted = Stretch::of(extent);
        let found = read.iter().find(|(read, _)| read.covers(&wanted));
        let part = found.and_then(|(read, bytes)| {
            let from = usize::try_from(wanted.range.start - read.range.start).ok()?;
            let to = usize::try_from(wanted.range.end - read.range.start).ok()?;
            bytes.get(from..to)
        });
        let part = part.ok_or_else(|| StoreError::Internal("a range was not read".to_owned()))?;
        digest.update(part);
    }
    let found = ContentHash::from_bytes(digest.finalize().into());
    if found == file.content.hash {
        return Ok(());
    }
    let (name, said) = (file.file, file.content.hash);
    Err(invalid(format!("the bytes of file {name} have the digest {found}, not {said}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stretch(chunk: u8, start: u64, length: u64) -> Stretch {
        let chunk = ContentHash::of(&[chunk]);
        Stretch { chunk, generation: 1, range: start..start + length }
    }

    #[test]
    fn neighbours_of_a_pack_become_one_read() {
        let files = (0..31).map(|n| stretch(1, n * 4_096, 4_096)).collect();
        assert_eq!(merge(files), [stretch(1, 0, 31 * 4_096)]);
    }

    proptest! {
        #[test]
        fn every_stretch_lies_in_one_bounded_read(
            parts in prop::collection::vec((0..3_u8, 0..(1_u64 << 26), 1..=LARGEST_FILE), 0..60)
        ) {
            let wanted: Vec<Stretch> = parts.iter().map(|(c, s, l)| stretch(*c, *s, *l)).collect();
            let reads = merge(wanted.clone());
            prop_assert!(reads.len() <= wanted.len());
            for read in &reads {
                prop_assert!(read.range.end - read.range.start <= LARGEST_READ);
            }
            for stretch in &wanted {
                prop_assert!(reads.iter().any(|read| read.covers(stretch)));
            }
        }
    }
}
