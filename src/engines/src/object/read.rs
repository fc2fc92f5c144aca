use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _, stream};

use super::meta::{FOOTER, Meta};
use super::{ObjectStore, StoreError};

/// What one read at the end of a file fetches: the trailer, and all of a small
/// object.
const TAIL: u64 = 64 * 1024;

/// One piece of a body, in bytes.
const PIECE: u64 = 1024 * 1024;

/// An object held open: its bytes and metadata stay this version's whatever
/// happens to the name.
pub(crate) struct Opened {
    pub(crate) meta: Meta,
    file: Arc<File>,
    /// The content, if the first read fetched it all.
    content: Option<Bytes>,
}

impl ObjectStore {
    pub(crate) fn get(&self, bucket: &str, key: &str) -> Result<Opened, StoreError> {
        let path = self.bucket(bucket)?.path_of(key);
        let _guard = self.lock_shared(bucket, key);
        Opened::open(&path, key)
    }
}

impl Opened {
    /// Opens the object file at `path`; `key` names it in the error.
    pub(crate) fn open(path: &Path, key: &str) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NoSuchKey(key.to_owned()),
            _ => error.into(),
        })?;
        let damaged = || StoreError::Damaged(path.to_path_buf());
        let length = file.metadata()?.len();
        let start = length.saturating_sub(TAIL);
        let tail = read_exactly(&file, start..length)?;
        let json_end = tail.len().checked_sub(FOOTER).ok_or_else(damaged)?;
        let json_length = Meta::json_length(&tail[json_end..]).ok_or_else(damaged)?;
        let trailer = (json_length + FOOTER) as u64;
        let content_length = length.checked_sub(trailer).ok_or_else(damaged)?;
        // User metadata is small by protocol, but nothing here depends on it.
        let meta = match json_end.checked_sub(json_length) {
            Some(json_start) => Meta::decode(&tail[json_start..json_end], &tail[json_end..]),
            None => {
                let json = read_exactly(&file, content_length..length - FOOTER as u64)?;
                Meta::decode(&json, &tail[json_end..])
            }
        }
        .ok_or_else(damaged)?;
        if meta.size != content_length {
            return Err(damaged());
        }
        let content =
            (start == 0 && json_end >= json_length).then(|| tail.slice(..json_end - json_length));
        Ok(Self { meta, file: Arc::new(file), content })
    }

    /// The bytes of `range`, which must lie inside the content.
    pub(crate) fn stream(
        self,
        range: Range<u64>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
        let whole = self.content.as_ref().and_then(|content| {
            let start = usize::try_from(range.start).ok()?;
            let end = usize::try_from(range.end).ok()?;
            content.get(start..end).map(|_| content.slice(start..end))
        });
        if let Some(bytes) = whole {
            return stream::iter((!bytes.is_empty()).then_some(Ok(bytes))).left_stream();
        }
        let pieces = (range.end - range.start).div_ceil(PIECE);
        let file = self.file;
        // One piece is read ahead while the one before is sent.
        stream::iter(0..pieces)
            .map(move |number| {
                let start = range.start + number * PIECE;
                let end = range.end.min(start + PIECE);
                let file = Arc::clone(&file);
                tokio::task::spawn_blocking(move || read_exactly(&file, start..end))
            })
            .buffered(2)
            .map(|piece| piece.map_err(io::Error::other)?)
            .right_stream()
    }

    /// Reads a piece of the content; blocking.
    pub(crate) fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        read_exactly(&self.file, range)
    }
}

fn read_exactly(file: &File, range: Range<u64>) -> io::Result<Bytes> {
    let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    let mut buffer = BytesMut::zeroed(length);
    file.read_exact_at(&mut buffer, range.start)?;
    Ok(buffer.freeze())
}
