//! Is the content there, as declared? Asked before a commit, once, whatever the tree looks like.

mod manifest;
mod proof;
mod verify;

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};
use protocol::commit::{self, CommitRequest, Op};
use protocol::hash::ContentHash;
use protocol::id::{FileId, SpaceId};

use super::attempt::Base;
use crate::Store;
use crate::error::{Result, StoreError, invalid};
use crate::extents::StoredExtent;
use crate::row::chunk::{ChunkLife, ChunkRow, PinRow};
use crate::row::version::ExtentSource;

use proof::Claimed;
pub(crate) use proof::ProofPlaces;
use verify::Doubts;

/// Objects looked at at the same time.
const PARALLEL: usize = 32;

/// Objects after which what was seen is written down: a commit that is repeated because its time
/// was up goes on from there.
const GROUP: usize = 1_000;

/// Where the bytes of a commit's files lie, proven.
#[derive(Debug, Default)]
pub(super) struct Content {
    sources: HashMap<FileId, ExtentSource>,
}

impl Content {
    pub(super) fn source(&self, file: &FileId) -> ExtentSource {
        let source = self.sources.get(file).cloned();
        source.unwrap_or_else(|| ExtentSource::Inline(Vec::new()))
    }
}

/// A chunk that a commit names: its row, and the size that the session declared.
struct Named {
    row: ChunkRow,
    size: u64,
}

impl Store {
    /// Requires every chunk to be declared by the session and to lie in the bucket with the
    /// digest that its name says, and marks it so; small files must have the digest they claim.
    /// The session's pins keep the chunks there.
    pub(super) async fn verify_content(
        &self,
        space: &SpaceId,
        base: &Base,
        request: &CommitRequest,
    ) -> Result<Content> {
        let contents = contents(&request.ops);
        let mut chunks: Vec<ContentHash> = contents
            .iter()
            .flat_map(|(_, content)| content.extents.iter().map(|extent| extent.chunk))
            .collect();
        chunks.sort_unstable();
        chunks.dedup();
        if chunks.is_empty() {
            return Ok(Content::default());
        }
        let Some(session) = &base.session else {
            return Err(StoreError::UndeclaredContent(chunks));
        };
        let named = self.named(space, &session.session, &chunks).await?;
        for (_, content) in &contents {
            check_extents(content, &named)?;
        }
        let unseen = named.values().filter(|named| named.row.life != ChunkLife::Live);
        let unseen: Vec<&Named> = unseen.collect();
        let mut doubts = Doubts::default();
        for group in unseen.chunks(GROUP) {
            let looks: Vec<_> = group.iter().map(|n| self.look(&n.row, n.size)).collect();
            let verdicts = stream::iter(looks).buffer_unordered(PARALLEL).try_collect().await?;
            self.settle(verdicts, &mut doubts).await?;
        }
        doubts.resolved()?;
        let generation = |chunk: &ContentHash| named.get(chunk).map_or(1, |n| n.row.generation);
        let files = contents.into_iter().map(|(file, content)| {
            let extents = content.extents.iter().map(|extent| StoredExtent {
                chunk: extent.chunk,
                generation: generation(&extent.chunk),
                offset: extent.offset,
                length: extent.length,
            });
            Claimed { file, content, extents: extents.collect() }
        });
        let files: Vec<Claimed<'_>> = files.collect();
        let chunk_bytes = |chunk: &ContentHash| named.get(chunk).map_or(0, |named| named.size);
        self.prove_small_files(space, &files, chunk_bytes).await?;
        let stored = files.into_iter().map(|file| (file.file.clone(), file.extents));
        let sources = self.place(space, stored.collect()).await?;
        Ok(Content { sources })
    }

    /// Chunk rows and this session's pins. A chunk without its pin was never declared: whoever
    /// only knows a digest must not get at the content behind it.
    async fn named(
        &self,
        space: &SpaceId,
        session: &protocol::id::SessionId,
        chunks: &[ContentHash],
    ) -> Result<HashMap<ContentHash, Named>> {
        let pin_key = |chunk: &ContentHash| PinRow::key_of(space, chunk, session);
        let chunk_key = |chunk: &ContentHash| ChunkRow::key_of(space, chunk);
        let keys = chunks.iter().flat_map(|chunk| [pin_key(chunk), chunk_key(chunk)]);
        let mut rows = self.inner.table.batch_get(keys).await?;
        let mut named = HashMap::new();
        let mut undeclared = Vec::new();
        for chunk in chunks {
            let pin = rows.take::<PinRow>(&pin_key(chunk))?;
            let row = rows.take::<ChunkRow>(&chunk_key(chunk))?;
            match (pin, row) {
                (Some(PinRow { size, .. }), Some(row)) => {
                    named.insert(*chunk, Named { row, size });
                }
                _ => undeclared.push(*chunk),
            }
        }
        if undeclared.is_empty() {
            return Ok(named);
        }
        Err(StoreError::UndeclaredContent(undeclared))
    }
}

fn contents(ops: &[Op]) -> Vec<(&FileId, &commit::Content)> {
    ops.iter().filter_map(|op| Some((op.file(), op.content()?))).collect()
}

fn check_extents(content: &commit::Content, named: &HashMap<ContentHash, Named>) -> Result<()> {
    for extent in &content.extents {
        let size = named.get(&extent.chunk).map_or(0, |named| named.size);
        let end = extent.offset.checked_add(extent.length);
        if end.is_none_or(|end| end > size) {
            let message =
                format!("an extent reaches beyond chunk {} of {size} bytes", extent.chunk);
            return Err(invalid(message));
        }
        let whole = extent.offset == 0 && extent.length == size;
        if whole && content.extents.len() == 1 && content.hash != extent.chunk {
            return Err(invalid(format!(
                "a file that is exactly chunk {} must have its digest",
                extent.chunk
            )));
        }
    }
    Ok(())
}
