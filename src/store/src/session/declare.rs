//! Declaring chunks: what to write for each, and writing it in as few transactions as possible.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use protocol::hash::ContentHash;
use protocol::upload::{
    ChunkClaim, ChunkState, DeclareRequest, DeclaredChunk, MAX_CHUNK_BYTES, MAX_CHUNKS_PER_REQUEST,
    chunk_key,
};

use super::still_open;
use crate::Store;
use crate::error::{Result, StoreError, invalid, unavailable};
use crate::row::chunk::{ChunkLife, ChunkRow, PinRow};
use crate::row::session::SessionRow;
use crate::row::{Key, Row};
use crate::table::{Expression, MAX_ITEMS, Write, pause};

/// Chunks of one transaction: row and pin each, and one check of the session.
const BATCH: usize = (MAX_ITEMS - 1) / 2;

/// Transactions under way at once for one request.
const PARALLEL: usize = 8;

/// How often a batch is decided anew because a chunk changed meanwhile.
const ATTEMPTS: u32 = 10;

/// Each chunk once, in the order of its first mention.
pub(super) fn distinct(request: &DeclareRequest) -> Result<Vec<ChunkClaim>> {
    if request.chunks.len() > MAX_CHUNKS_PER_REQUEST {
        let message = format!("one request declares at most {MAX_CHUNKS_PER_REQUEST} chunks");
        return Err(StoreError::TooLarge(message));
    }
    let mut sizes: HashMap<ContentHash, u64> = HashMap::new();
    let mut claims = Vec::new();
    for claim in &request.chunks {
        if claim.size == 0 {
            return Err(invalid("an empty chunk can't be declared"));
        }
        if claim.size > MAX_CHUNK_BYTES {
            let message = format!("a chunk is at most {MAX_CHUNK_BYTES} bytes long");
            return Err(StoreError::TooLarge(message));
        }
        match sizes.insert(claim.hash, claim.size) {
            None => claims.push(*claim),
            Some(size) if size == claim.size => {}
            Some(_) => return Err(wrong_size(&claim.hash)),
        }
    }
    Ok(claims)
}

pub(crate) fn wrong_size(hash: &ContentHash) -> StoreError {
    invalid(format!("chunk {hash} was declared with a size it can't have"))
}

impl Store {
    /// Pins the chunks for the session and tells where each stands.
    pub(super) async fn declare_claims(
        &self,
        session: &SessionRow,
        claims: &[ChunkClaim],
    ) -> Result<Vec<DeclaredChunk>> {
        // Futures first, then the stream: a closure inside it would keep the whole from being `Send`.
        let batches: Vec<_> =
            claims.chunks(BATCH).map(|batch| self.declare_batch(session, batch)).collect();
        let declared: Vec<Vec<Declared>> =
            stream::iter(batches).buffered(PARALLEL).try_collect().await?;
        let declared: Vec<Declared> = declared.into_iter().flatten().collect();
        let arrived = self.arrived_earlier(&declared).await?;
        Ok(declared.into_iter().map(|it| it.answer(&arrived)).collect())
    }

    /// Which of the chunks that somebody declared before have been uploaded meanwhile: an interrupted
    /// upload goes on where it stopped. Looked at only now, with the pins written.
    async fn arrived_earlier(&self, declared: &[Declared]) -> Result<HashSet<ContentHash>> {
        let candidates: Vec<(ChunkRow, u64)> = declared
            .iter()
            .filter(|it| it.known_before && it.row.life == ChunkLife::Declared)
            .map(|it| (it.row.clone(), it.size))
            .collect();
        self.recognise(&candidates).await
    }

    async fn declare_batch(
        &self,
        session: &SessionRow,
        claims: &[ChunkClaim],
    ) -> Result<Vec<Declared>> {
        let key_of = |claim: &ChunkClaim| ChunkRow::key_of(&session.space, &claim.hash);
        for attempt in 0..ATTEMPTS {
            let keys: Vec<Key> = claims.iter().map(key_of).collect();
            let mut rows = self.inner.table.batch_get(keys.iter().cloned()).await?;
            let mut writes = vec![still_open(&session.session)];
            let mut declared = Vec::with_capacity(claims.len());
            for (claim, key) in claims.iter().zip(&keys) {
                let found = rows.take(key)?;
                let known_before = found.is_some();
                let (row, write) = decide(session, claim, found)?;
                writes.push(write);
                writes.push(Write::put(&pin(session, claim)));
                declared.push(Declared { row, size: claim.size, known_before });
            }
            let outcome = self.inner.table.transact(writes).await?;
            if outcome.is_done() {
                return Ok(declared);
            }
            if outcome.failed_at(0) {
                return Err(StoreError::SessionClosed);
            }
            pause(attempt).await;
        }
        Err(unavailable("declaring chunks", &"rows kept changing"))
    }
}

/// The chunk as it will be, and the write that makes it so only if nobody changed it meanwhile.
fn decide(
    session: &SessionRow,
    claim: &ChunkClaim,
    row: Option<ChunkRow>,
) -> Result<(ChunkRow, Write)> {
    let Some(row) = row else {
        let row = ChunkRow {
            space: session.space.clone(),
            hash: claim.hash,
            generation: 1,
            life: ChunkLife::Declared,
            size: None,
        };
        let write = Write::put_if(&row, Expression::absent());
        return Ok((row, write));
    };
    let seen = row.life != ChunkLife::Declared;
    if seen && row.size.is_some_and(|size| size != claim.size) {
        return Err(wrong_size(&claim.hash));
    }
    let unchanged = unchanged(&row);
    Ok(match row.life {
        ChunkLife::Live | ChunkLife::Declared => {
            let check = Write::Check { key: row.key(), condition: unchanged };
            (row, check)
        }
        // Back to life before a collector comes to delete it; one of the two conditions loses.
        ChunkLife::Condemned => {
            let row = ChunkRow { life: ChunkLife::Live, ..row };
            let write = Write::put_if(&row, unchanged);
            (row, write)
        }
        // Deleting the old object may still be under way, so the new one takes another key.
        ChunkLife::Deleted => {
            let row = ChunkRow {
                generation: row.generation + 1,
                life: ChunkLife::Declared,
                size: None,
                ..row
            };
            let write = Write::put_if(&row, unchanged);
            (row, write)
        }
    })
}

/// The condition that a chunk row is still as it was read.
pub(crate) fn unchanged(row: &ChunkRow) -> Expression {
    Expression::new("#generation = :seen_generation AND #life = :seen_life")
        .number(":seen_generation", row.generation)
        .text(":seen_life", row.life.text())
}

fn pin(session: &SessionRow, claim: &ChunkClaim) -> PinRow {
    PinRow {
        space: session.space.clone(),
        hash: claim.hash,
        session: session.session.clone(),
        size: claim.size,
        expires_at: session.expires_at(),
    }
}

/// A chunk as it stands after the declaration.
struct Declared {
    row: ChunkRow,
    /// Bytes, as claimed.
    size: u64,
    /// Whether there was a row already.
    known_before: bool,
}

impl Declared {
    fn answer(self, arrived: &HashSet<ContentHash>) -> DeclaredChunk {
        let Self { row, .. } = self;
        let there = row.life == ChunkLife::Live || arrived.contains(&row.hash);
        DeclaredChunk {
            hash: row.hash,
            state: if there { ChunkState::Have } else { ChunkState::Need },
            key: chunk_key(&row.space, &row.hash, row.generation),
        }
    }
}
