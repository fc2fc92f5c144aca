//! Cutting files into chunks: large ones by content, small ones packed together.
//!
//! Pure as far as bytes go: everything comes from a `Read`, everything leaves as [`Block`]s. Where
//! the cuts fall depends on the content alone, so an edit in the middle of a large file changes the
//! chunks around it and no others.

use std::collections::HashMap;
use std::io::{self, Read};

use bytes::Bytes;
use fastcdc::v2020::StreamCDC;
use protocol::hash::ContentHash;
use sha2::{Digest, Sha256};

/// Files below this are packed.
pub const SMALL_FILE_BYTES: u64 = 1024 * 1024;
/// A pack is closed once it holds this much.
pub const PACK_BYTES: usize = 8 * 1024 * 1024;
/// Smallest, mean and largest chunk of a large file.
pub const MIN_CHUNK_BYTES: usize = 1024 * 1024;
pub const MEAN_CHUNK_BYTES: usize = 4 * 1024 * 1024;
pub const MAX_CHUNK_BYTES: usize = 16 * 1024 * 1024;

/// What a large file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    pub hash: ContentHash,
    pub size: u64,
}

/// Reads to the end and gives each chunk to `emit`, in order.
pub fn cut_large<R: Read, E: From<io::Error>>(
    source: R,
    mut emit: impl FnMut(Bytes) -> Result<(), E>,
) -> Result<Cut, E> {
    let mut reader = HashingReader { source, digest: Sha256::new(), size: 0 };
    let chunks = StreamCDC::new(&mut reader, MIN_CHUNK_BYTES, MEAN_CHUNK_BYTES, MAX_CHUNK_BYTES);
    for chunk in chunks {
        emit(chunk.map_err(io::Error::from)?.data.into())?;
    }
    Ok(Cut { hash: ContentHash::from_bytes(reader.digest.finalize().into()), size: reader.size })
}

/// The digest of everything a reader gives, in constant memory.
pub fn hash_reader(mut source: impl Read) -> io::Result<Cut> {
    let mut buffer = vec![0; 256 * 1024];
    let mut digest = Sha256::new();
    let mut size = 0;
    loop {
        let count = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        digest.update(&buffer[..count]);
        size += count as u64;
    }
    Ok(Cut { hash: ContentHash::from_bytes(digest.finalize().into()), size })
}

struct HashingReader<R> {
    source: R,
    digest: Sha256,
    size: u64,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.digest.update(&buffer[..count]);
        self.size += count as u64;
        Ok(count)
    }
}

/// Where a small file lies: which pack of this packer, and the bytes in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    pub pack: u64,
    pub offset: u64,
    pub length: u64,
}

/// Lays small files one after another and remembers what it has, so that equal files share bytes.
#[derive(Default)]
pub struct Packer {
    number: u64,
    bytes: Vec<u8>,
    placed: HashMap<ContentHash, Placement>,
}

impl Packer {
    /// Places a file's bytes; a file seen before in this run goes where the first one went.
    ///
    /// Empty files need no place and must not come here.
    pub fn add(&mut self, hash: ContentHash, content: &[u8]) -> Placement {
        let next = Placement {
            pack: self.number,
            offset: self.bytes.len() as u64,
            length: content.len() as u64,
        };
        let placement = *self.placed.entry(hash).or_insert(next);
        if placement == next {
            self.bytes.extend_from_slice(content);
        }
        placement
    }

    pub fn is_full(&self) -> bool {
        self.bytes.len() >= PACK_BYTES
    }

    /// The bytes of the pack under way, which ends here; `None` if it is empty.
    pub fn finish(&mut self) -> Option<(u64, Bytes)> {
        if self.bytes.is_empty() {
            return None;
        }
        let number = self.number;
        self.number += 1;
        Some((number, std::mem::take(&mut self.bytes).into()))
    }
}
