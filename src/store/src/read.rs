//! Content for those who can't fetch it from S3 themselves (FS-7): an ordered stream of bytes.

mod damaged;
mod pieces;

use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use protocol::file::Node;
use protocol::hash::ContentHash;
use protocol::id::{FileId, SpaceId, UserId};
use protocol::space::Role;
use sha2::{Digest, Sha256};

use crate::error::{Result, StoreError};
use crate::extents::{self, StoredExtent};
use crate::files::{is_live_file, no_such_file};
use crate::row::account::AccountRow;
use crate::row::version::{ExtentSource, VersionRow};
use crate::{Identity, Store};

pub(crate) use damaged::Damaged;
use damaged::Version;
use pieces::{MAX_PIECE, Piece};

/// Pieces fetched ahead of the one that is being sent. With pieces of at most 4 MiB a stream
/// holds 12 MiB.
const READ_AHEAD: usize = 2;

/// One version of a file, found and permitted, nothing read yet.
pub struct OpenFile {
    store: Store,
    version: VersionRow,
    /// The node as it is now; its content may be newer than this version.
    pub node: Node,
}

impl OpenFile {
    pub fn rev(&self) -> u64 {
        self.version.rev
    }

    pub fn hash(&self) -> ContentHash {
        self.version.hash
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.version.size
    }

    /// Starts reading: everything, or a range of it cut at the end.
    ///
    /// # Errors
    /// [`StoreError::RangeNotSatisfiable`] where the range is empty or begins behind the end;
    /// [`StoreError::ContentDamaged`] where an earlier reader found it so.
    pub async fn stream(self, range: Option<Range<u64>>) -> Result<ContentStream> {
        let (hash, size) = (self.hash(), self.size());
        let range = match range {
            None => 0..size,
            Some(range) if range.start < range.end.min(size) => range.start..range.end.min(size),
            Some(_) => return Err(StoreError::RangeNotSatisfiable { size }),
        };
        let VersionRow { space, file, rev, user, .. } = self.version.clone();
        let version = Version { space, file, rev };
        if self.store.inner.damaged.contains(&version) {
            return Err(self.store.blame(damaged(version), &user).await);
        }
        let extents = self.store.extents(&self.version).await?;
        let pieces = pieces::cut(&extents, &range);
        let expected = (range == (0..size)).then_some(Expected { version, hash });
        let store = self.store.clone();
        let body = self.store.body(self.version.space, pieces, expected);
        let body = body.or_else(move |error| {
            let (store, user) = (store.clone(), user.clone());
            async move {
                let error = error.downcast::<StoreError>()?;
                Err(std::io::Error::other(store.blame(error, &user).await))
            }
        });
        // What fits into one read is not begun before it is known to be right.
        let body = if size <= MAX_PIECE { held_back(body).boxed() } else { body.boxed() };
        Ok(ContentStream { hash, size, range, body })
    }
}

/// The bytes of a version in order. Ends with an error, and before the last byte, if what was
/// read is not what was committed: an [`StoreError::ContentDamaged`] inside, as the first item
/// where the version has at most 4 MiB.
pub struct ContentStream {
    /// Of the whole version.
    pub hash: ContentHash,
    /// Of the whole version, in bytes.
    pub size: u64,
    /// The bytes that this stream brings.
    pub range: Range<u64>,
    body: Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>,
}

impl Stream for ContentStream {
    type Item = std::io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.body.as_mut().poll_next(context)
    }
}

impl Store {
    /// Finds a version: the current one, or the one that revision `rev` brought.
    ///
    /// Versions of deleted files can be opened by their revision only.
    pub async fn open_file(
        &self,
        identity: &Identity,
        space: &SpaceId,
        file: &FileId,
        rev: Option<u64>,
    ) -> Result<OpenFile> {
        self.authorize(identity, space, Role::Viewer).await?;
        let node = self.nodes(space, [file.clone()]).await?.remove(file);
        let node = node.ok_or_else(|| no_such_file(file))?;
        let rev = match rev {
            Some(rev) => rev,
            None if is_live_file(&node) => node.content_rev,
            None => return Err(no_such_file(file)),
        };
        let key = VersionRow::key_of(space, file, rev);
        let version = self.inner.table.get::<VersionRow>(&key).await?;
        let version = version
            .ok_or_else(|| StoreError::NotFound(format!("file {file} has no version {rev}")))?;
        Ok(OpenFile { store: self.clone(), version, node })
    }

    /// [`Store::open_file`] and [`OpenFile::stream`] in one.
    pub async fn read(
        &self,
        identity: &Identity,
        space: &SpaceId,
        file: &FileId,
        rev: Option<u64>,
        range: Option<Range<u64>>,
    ) -> Result<ContentStream> {
        let file = self.open_file(identity, space, file, rev).await?;
        file.stream(range).await
    }

    /// A version's extents, from its row or from its manifest.
    pub(crate) async fn extents(&self, version: &VersionRow) -> Result<Vec<StoredExtent>> {
        match &version.extents {
            ExtentSource::Inline(list) => Ok(list.clone()),
            ExtentSource::Manifest { key, hash } => {
                let bytes = self.object(key, None).await?;
                let list = (ContentHash::of(&bytes) == *hash).then(|| extents::decode(&bytes));
                list.flatten().ok_or_else(|| {
                    tracing::error!(%key, "a manifest is damaged");
                    StoreError::Internal("a stored manifest is damaged".to_owned())
                })
            }
        }
    }

    /// Names who uploaded what is damaged: no reader and no store can mend it, but they can. Where
    /// the account can't be read, the damage is told without a name.
    async fn blame(&self, error: StoreError, user: &UserId) -> StoreError {
        let StoreError::ContentDamaged { file, rev, .. } = error else { return error };
        let account = self.inner.table.get::<AccountRow>(&AccountRow::key_of(user)).await;
        let by = account.ok().flatten().map(|account| account.login);
        StoreError::ContentDamaged { file, rev, by }
    }

    fn body(
        &self,
        space: SpaceId,
        pieces: Vec<Piece>,
        expected: Option<Expected>,
    ) -> impl Stream<Item = std::io::Result<Bytes>> + Send + use<> {
        let (store, checking) = (self.clone(), self.clone());
        let last = pieces.len().saturating_sub(1);
        let mut hasher = expected.map(|expected| (Sha256::new(), expected));
        stream::iter(pieces)
            .map(move |piece| {
                let (store, key) = (store.clone(), piece.key(&space));
                async move { store.object(&key, Some(piece.range())).await }
            })
            .buffered(READ_AHEAD)
            .enumerate()
            .map(move |(index, bytes)| {
                let bytes = bytes.map_err(std::io::Error::other)?;
                if let Some((hasher, expected)) = &mut hasher {
                    hasher.update(&bytes);
                    // Before the last piece goes out: with all bytes of the announced length a
                    // client would take the answer for complete.
                    let hash = expected.hash.as_bytes();
                    if index == last && hasher.clone().finalize().as_slice() != hash {
                        let version = expected.version.clone();
                        tracing::error!(?version, "content read back has another digest");
                        checking.inner.damaged.remember(version.clone());
                        return Err(std::io::Error::other(damaged(version)));
                    }
                }
                Ok(bytes)
            })
    }
}

/// What reading a whole version must bring.
struct Expected {
    version: Version,
    hash: ContentHash,
}

fn damaged(version: Version) -> StoreError {
    StoreError::ContentDamaged { file: version.file, rev: version.rev, by: None }
}

/// The same pieces, given out only once all of them are there.
fn held_back(
    body: impl Stream<Item = std::io::Result<Bytes>> + Send,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
    let all = async {
        let pieces: Vec<Bytes> = body.try_collect().await?;
        Ok::<_, std::io::Error>(stream::iter(pieces.into_iter().map(Ok)))
    };
    stream::once(all).try_flatten()
}
