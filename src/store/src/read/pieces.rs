//! Cuts a range of a file into ranged reads of objects, and does one such read.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use protocol::hash::ContentHash;
use protocol::id::SpaceId;
use protocol::upload::chunk_key;

use crate::Store;
use crate::error::{Result, StoreError, unavailable};
use crate::extents::StoredExtent;

/// Bytes that one read brings at most. Small enough to be kept in memory and read again.
pub(super) const MAX_PIECE: u64 = 4 * 1024 * 1024;

/// Reads of one piece before the stream is given up.
const ATTEMPTS: u32 = 4;

/// A range of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    chunk: ContentHash,
    generation: u32,
    start: u64,
    end: u64,
}

impl Piece {
    pub(super) fn key(&self, space: &SpaceId) -> String {
        chunk_key(space, &self.chunk, self.generation)
    }

    pub(super) fn range(&self) -> Range<u64> {
        self.start..self.end
    }
}

/// The reads that bring `range` of the file, in order; neighbours in one object become one read.
pub(super) fn cut(extents: &[StoredExtent], range: &Range<u64>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut position = 0_u64;
    for extent in extents {
        let (first, end) = (position, position + extent.length);
        position = end;
        let (from, to) = (first.max(range.start), end.min(range.end));
        if from >= to {
            continue;
        }
        let mut start = extent.offset + (from - first);
        let stop = extent.offset + (to - first);
        while start < stop {
            let joined = pieces.last_mut().filter(|last| {
                (last.chunk, last.generation, last.end) == (extent.chunk, extent.generation, start)
                    && last.end - last.start < MAX_PIECE
            });
            let room = joined.as_ref().map_or(0, |last| last.end - last.start);
            let next = stop.min(start + MAX_PIECE - room);
            match joined {
                Some(last) => last.end = next,
                None => pieces.push(Piece {
                    chunk: extent.chunk,
                    generation: extent.generation,
                    start,
                    end: next,
                }),
            }
            start = next;
        }
    }
    pieces
}

impl Store {
    /// An object or a range of it, complete or not at all.
    pub(crate) async fn object(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.object_once(key, range.clone()).await {
                Err(StoreError::Unavailable(_)) if attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
                }
                result => return result,
            }
        }
    }

    async fn object_once(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes> {
        let header = range.as_ref().map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        let s3 = &self.inner.clients.s3;
        let get = s3.get_object().bucket(&self.inner.config.bucket).key(key);
        let output = get.set_range(header).send().await;
        let output = output.map_err(|error| unavailable("S3 GetObject", &error))?;
        let bytes = output.body.collect().await;
        let bytes = bytes.map_err(|error| unavailable("S3 GetObject", &error))?;
        let bytes = bytes.into_bytes();
        let expected = range.map(|range| range.end - range.start);
        if expected.is_some_and(|expected| expected != bytes.len() as u64) {
            return Err(unavailable("S3 GetObject", &"another length than asked for"));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file over pretend objects whose byte at `i` of object `c` is `(c, i)`.
    fn bytes(list: &[StoredExtent]) -> Vec<(ContentHash, u64)> {
        let run = |extent: &StoredExtent| {
            let chunk = extent.chunk;
            (extent.offset..extent.offset + extent.length).map(move |at| (chunk, at))
        };
        list.iter().flat_map(run).collect()
    }

    proptest! {
        #[test]
        fn pieces_bring_exactly_the_range(
            parts in prop::collection::vec((0..3_u8, 0..50_u64, 1..40_u64), 0..12),
            start in 0..300_usize,
            length in 0..300_usize,
        ) {
            let list: Vec<StoredExtent> = parts
                .into_iter()
                .map(|(chunk, offset, length)| StoredExtent {
                    chunk: ContentHash::of(&[chunk]), generation: 1, offset, length,
                })
                .collect();
            let all = bytes(&list);
            let start = start.min(all.len());
            let end = (start + length).min(all.len());
            let pieces = cut(&list, &(start as u64..end as u64));
            let read: Vec<_> = pieces
                .iter()
                .flat_map(|piece| piece.range().map(|at| (piece.chunk, at)))
                .collect();
            prop_assert_eq!(&read[..], &all[start..end]);
        }
    }

    #[test]
    fn long_extents_are_cut_and_neighbours_joined() {
        let extent = |offset, length| StoredExtent {
            chunk: ContentHash::of(b"x"),
            generation: 1,
            offset,
            length,
        };
        let pieces = cut(&[extent(0, 9 << 20)], &(0..9 << 20));
        let lengths: Vec<u64> = pieces.iter().map(|p| p.end - p.start).collect();
        assert_eq!(lengths, [4 << 20, 4 << 20, 1 << 20]);
        assert_eq!(cut(&[extent(0, 10), extent(10, 5)], &(0..15)).len(), 1);
    }
}
