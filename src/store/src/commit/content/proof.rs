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

/// Bytes that are held at the same time for one commit: what is read, with the gaps.
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
        for Window { files, reads } in windows(&small) {
            let reads: Vec<_> = reads.into_iter().map(|read| self.read_back(space, read)).collect();
            let read: Vec<(Stretch, Bytes)> =
                stream::iter(reads).buffer_unordered(PARALLEL).try_collect().await?;
            for file in files {
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

    fn length(&self) -> u64 {
        self.range.end - self.range.start
    }

    fn covers(&self, other: &Self) -> bool {
        (self.chunk, self.generation) == (other.chunk, other.generation)
            && self.range.start <= other.range.start
            && other.range.end <= self.range.end
    }
}

/// Files that are proven together, and the reads that cover them.
struct Window<'a, 'b> {
    files: &'a [&'b Claimed<'b>],
    reads: Vec<Stretch>,
}

/// Files in their order, halved until the reads of each part, gaps included, fit into [`WINDOW`].
/// One file always does: it has [`LARGEST_FILE`] bytes and fewer than [`MOST_EXTENTS`] gaps.
fn windows<'a, 'b>(files: &'a [&'b Claimed<'b>]) -> Vec<Window<'a, 'b>> {
    let wanted = files.iter().flat_map(|file| file.extents.iter());
    let reads = merge(wanted.map(Stretch::of).collect());
    if files.len() <= 1 || reads.iter().map(Stretch::length).sum::<u64>() <= WINDOW {
        return vec![Window { files, reads }];
    }
    let (left, right) = files.split_at(files.len() / 2);
    let mut parts = windows(left);
    parts.extend(windows(right));
    parts
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

    /// Files of `extents` bytes, an extent each, that lie `gap` bytes apart in one chunk.
    fn scattered(files: u64, extents: u64, gap: u64) -> Vec<(FileId, Content, Vec<StoredExtent>)> {
        let chunk = ContentHash::of(&[1]);
        let extent =
            |index| StoredExtent { chunk, generation: 1, offset: index * (gap + 1), length: 1 };
        let file = |file: u64| {
            let content = Content { hash: chunk, size: extents, extents: Vec::new() };
            let extents = (file * extents..(file + 1) * extents).map(extent).collect();
            (FileId::from_random(file.into()), content, extents)
        };
        (0..files).map(file).collect()
    }

    fn total(reads: &[Stretch]) -> u64 {
        reads.iter().map(Stretch::length).sum()
    }

    #[test]
    fn gaps_between_tiny_files_count_as_held_bytes() {
        let rows = scattered(47, MOST_EXTENTS as u64, LARGEST_GAP);
        let files: Vec<Claimed<'_>> = rows
            .iter()
            .map(|(file, content, extents)| Claimed { file, content, extents: extents.clone() })
            .collect();
        let files: Vec<&Claimed<'_>> = files.iter().collect();
        let all = files.iter().flat_map(|file| file.extents.iter().map(Stretch::of)).collect();
        assert!(total(&merge(all)) > 5 * WINDOW, "together they would be far too much");

        let windows = windows(&files);
        let proven = windows.iter().flat_map(|window| window.files.iter().map(|it| it.file));
        assert!(proven.eq(files.iter().map(|it| it.file)), "each file once, in order");
        for window in &windows {
            assert!(total(&window.reads) <= WINDOW);
            for extent in window.files.iter().flat_map(|file| &file.extents) {
                assert!(window.reads.iter().any(|read| read.covers(&Stretch::of(extent))));
            }
        }
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
