//! Looks at objects in the bucket and writes down what was seen.

use std::collections::HashSet;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt, TryStreamExt, stream};
use protocol::hash::ContentHash;
use protocol::upload::chunk_key;

use super::PARALLEL;
use crate::Store;
use crate::error::{Result, StoreError, unavailable};
use crate::row::Row;
use crate::row::chunk::{ChunkLife, ChunkRow};
use crate::session::declare::{unchanged, wrong_size};
use crate::table::{Expression, MAX_ITEMS, Write};

/// What one look at an object told.
pub(super) enum Verdict {
    /// The right digest; its true size, and what the session had declared.
    Seen { row: ChunkRow, size: u64, declared: u64 },
    /// Nothing there (yet).
    Missing(ContentHash),
    /// Something else lies under this key, and it can't be overwritten: take the next one.
    Poisoned(ChunkRow),
}

impl Verdict {
    fn seen_hash(&self) -> Option<ContentHash> {
        match self {
            Self::Seen { row, .. } => Some(row.hash),
            Self::Missing(_) | Self::Poisoned(_) => None,
        }
    }
}

/// What speaks against a commit, gathered over all its chunks.
#[derive(Default)]
pub(super) struct Doubts {
    missing: Vec<ContentHash>,
    /// A chunk of another size than its session declared.
    lied: Option<ContentHash>,
    /// A generation moved between look and mark.
    moved: bool,
}

impl Doubts {
    /// Refuses the commit unless every chunk was seen and marked.
    pub(super) fn resolved(mut self) -> Result<()> {
        if !self.missing.is_empty() {
            self.missing.sort_unstable();
            return Err(StoreError::ContentMissing(self.missing));
        }
        if let Some(hash) = self.lied {
            return Err(wrong_size(&hash));
        }
        if self.moved {
            // The client's repetition looks again.
            return Err(unavailable("marking chunks", &"a chunk changed meanwhile"));
        }
        Ok(())
    }
}

impl Store {
    /// Which of these declared chunks lie in the bucket with the right digest and size; they are
    /// marked as seen. Doubt counts as "not there": uploading once more does no harm.
    pub(crate) async fn recognise(
        &self,
        candidates: &[(ChunkRow, u64)],
    ) -> Result<HashSet<ContentHash>> {
        let looks: Vec<_> = candidates.iter().map(|(row, size)| self.look(row, *size)).collect();
        let verdicts: Vec<Result<Verdict>> =
            stream::iter(looks).buffer_unordered(PARALLEL).collect().await;
        let seen: Vec<Verdict> = verdicts
            .into_iter()
            .flatten()
            .filter(|verdict| matches!(verdict, Verdict::Seen { size, declared, .. } if size == declared))
            .collect();
        let hashes = seen.iter().filter_map(Verdict::seen_hash).collect();
        let mut doubts = Doubts::default();
        self.settle(seen, &mut doubts).await?;
        Ok(if doubts.moved { HashSet::new() } else { hashes })
    }

    pub(super) async fn look(&self, row: &ChunkRow, declared: u64) -> Result<Verdict> {
        if row.life != ChunkLife::Declared {
            // Condemned or deleted: the pin is of a time before; declaring it again revives it.
            return Ok(Verdict::Missing(row.hash));
        }
        let head = self
            .inner
            .clients
            .s3
            .head_object()
            .bucket(&self.inner.config.bucket)
            .key(chunk_key(&row.space, &row.hash, row.generation))
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await;
        match head {
            Ok(object) if stored_digest(&object) == Some(row.hash) => Ok(Verdict::Seen {
                row: row.clone(),
                size: object.content_length.unwrap_or(0).unsigned_abs(),
                declared,
            }),
            Ok(_) => Ok(Verdict::Poisoned(row.clone())),
            Err(SdkError::ServiceError(error)) if error.err().is_not_found() => {
                Ok(Verdict::Missing(row.hash))
            }
            // Without the right to list, S3 answers 403 for what is absent: that is doubt, too.
            Err(error) => Err(unavailable("S3 HeadObject", &error)),
        }
    }

    /// Marks what was seen and heals what is poisoned; notes what speaks against the commit.
    pub(super) async fn settle(&self, verdicts: Vec<Verdict>, doubts: &mut Doubts) -> Result<()> {
        let mut writes = Vec::new();
        for verdict in verdicts {
            match verdict {
                Verdict::Seen { row, size, declared } => {
                    writes.push(mark_live(&row, size));
                    if size != declared {
                        doubts.lied = Some(row.hash);
                    }
                }
                Verdict::Missing(hash) => doubts.missing.push(hash),
                Verdict::Poisoned(row) => {
                    tracing::warn!(space = %row.space, chunk = %row.hash, generation = row.generation, "an object holds other bytes than its name says");
                    doubts.missing.push(row.hash);
                    self.inner.table.write(next_generation(&row)).await?;
                }
            }
        }
        let batches: Vec<Vec<Write>> = writes.chunks(MAX_ITEMS).map(<[Write]>::to_vec).collect();
        let marked: Vec<bool> = stream::iter(batches)
            .map(|batch| async {
                Ok::<_, StoreError>(self.inner.table.transact(batch).await?.is_done())
            })
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        doubts.moved |= marked.contains(&false);
        Ok(())
    }
}

/// S3's own digest of the whole object. Objects uploaded without one, or in parts, have none.
fn stored_digest(object: &HeadObjectOutput) -> Option<ContentHash> {
    let text = object.checksum_sha256.as_deref()?;
    let bytes = STANDARD.decode(text).ok()?;
    Some(ContentHash::from_bytes(bytes.try_into().ok()?))
}

/// True also for a chunk that another commit marked at the same time.
fn mark_live(row: &ChunkRow, size: u64) -> Write {
    Write::Update {
        key: row.key(),
        update: Expression::new("SET #life = :live, #size = :size")
            .text(":live", ChunkLife::Live.text())
            .number(":size", size),
        condition: Some(
            Expression::new("#generation = :generation AND #life IN (:live, :declared)")
                .number(":generation", row.generation)
                .text(":declared", ChunkLife::Declared.text()),
        ),
    }
}

fn next_generation(row: &ChunkRow) -> Write {
    let next = ChunkRow { generation: row.generation + 1, ..row.clone() };
    Write::put_if(&next, unchanged(row))
}
