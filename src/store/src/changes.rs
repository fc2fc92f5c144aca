//! The journal as clients read it.

use protocol::changes::{ChangesResponse, JournalEntry};
use protocol::id::{Epoch, SpaceId};
use protocol::space::Role;

use crate::error::{Result, StoreError};
use crate::row::journal::{Head, JournalRow};
use crate::row::padded;
use crate::table::{Order, Query};
use crate::{Identity, Store};

/// Journal rows of a page where the caller names no limit.
const DEFAULT_LIMIT: u32 = 500;
const MAX_LIMIT: u32 = 1_000;

impl Store {
    /// What happened after journal row `after`, without waiting.
    ///
    /// A page of a query is no snapshot: it may show row n+2 and not yet n+1. Only the contiguous
    /// prefix is given out (I11), the rest comes with a later call.
    ///
    /// # Errors
    /// [`StoreError::CursorReset`] where `epoch` is not the space's, or the cursor lies beyond the
    /// journal's end or below its floor.
    pub async fn changes(
        &self,
        identity: &Identity,
        space: &SpaceId,
        after: u64,
        epoch: Option<&Epoch>,
        limit: Option<u32>,
    ) -> Result<ChangesResponse> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        // The row of the cursor itself is read too: if it is gone, so is the past it stands for.
        let query = Query::new(JournalRow::partition(space))
            .from(padded(after.max(1)))
            .limit(limit as usize + usize::from(after > 0))
            .one_page();
        let (access, page) = tokio::try_join!(
            self.authorize(identity, space, Role::Viewer),
            self.inner.table.query(query)
        )?;
        if epoch.is_some_and(|epoch| *epoch != access.space.epoch) || after < access.space.floor {
            return Err(StoreError::CursorReset);
        }
        let rows = page.rows::<JournalRow>()?;
        let entries = rows.into_iter().map(|row| row.entry);
        let (entries, rest) = contiguous(after, entries.collect())?;
        Ok(ChangesResponse {
            epoch: access.space.epoch,
            cursor: entries.last().map_or(after, |entry| entry.seq),
            more: rest || page.more,
            entries,
        })
    }

    /// The newest journal row's number, 0 where there is none. One strong read, no check of
    /// membership: for watchers that check when they answer.
    ///
    /// Row n+1 is only ever written by somebody who read row n, so the newest has no gap below it.
    pub async fn head(&self, space: &SpaceId) -> Result<u64> {
        Ok(self.journal_head(space).await?.seq)
    }

    pub(crate) async fn journal_head(&self, space: &SpaceId) -> Result<Head> {
        let query = Query::new(JournalRow::partition(space))
            .order(Order::Descending)
            .limit(1)
            .one_page()
            .only(&Head::ATTRIBUTES);
        let page = self.inner.table.query(query).await?;
        Ok(page.items.first().map(Head::read).transpose()?.unwrap_or(Head::EMPTY))
    }
}

/// The entries after `after` up to the first gap, and whether entries stand behind a gap.
fn contiguous(after: u64, entries: Vec<JournalEntry>) -> Result<(Vec<JournalEntry>, bool)> {
    let mut entries = entries.into_iter().peekable();
    if after > 0 && entries.next_if(|entry| entry.seq == after).is_none() {
        return Err(StoreError::CursorReset);
    }
    let mut accepted = Vec::new();
    let mut next = after + 1;
    while let Some(entry) = entries.next_if(|entry| entry.seq == next) {
        accepted.push(entry);
        next += 1;
    }
    Ok((accepted, entries.peek().is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seq: u64) -> JournalEntry {
        JournalEntry {
            seq,
            commit: "c".parse().unwrap(),
            user: "u".parse().unwrap(),
            device: "d".parse().unwrap(),
            time: String::new(),
            changes: Vec::new(),
        }
    }

    fn seqs(after: u64, rows: &[u64]) -> Option<(Vec<u64>, bool)> {
        let rows = rows.iter().map(|seq| entry(*seq)).collect();
        let (accepted, rest) = contiguous(after, rows).ok()?;
        Some((accepted.iter().map(|entry| entry.seq).collect(), rest))
    }

    /// I10, I11: a half-visible transaction never makes a cursor jump over a commit.
    #[test]
    fn only_the_contiguous_prefix_is_given_out() {
        assert_eq!(seqs(0, &[]), Some((vec![], false)));
        assert_eq!(seqs(0, &[1, 2, 3]), Some((vec![1, 2, 3], false)));
        assert_eq!(seqs(0, &[1, 3, 4]), Some((vec![1], true)));
        assert_eq!(seqs(0, &[2]), Some((vec![], true)));
        assert_eq!(seqs(5, &[5, 6, 8]), Some((vec![6], true)));
        assert_eq!(seqs(5, &[5]), Some((vec![], false)));
    }

    #[test]
    fn a_cursor_without_its_row_is_reset() {
        assert_eq!(seqs(5, &[]), None);
        assert_eq!(seqs(5, &[6, 7]), None);
    }
}
