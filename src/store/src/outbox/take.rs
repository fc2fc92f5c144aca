//! Messages under a lease: taken, sent, failed, given up.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::{Digest, MAX_FAILURES, Outbox};
use crate::error::Result;
use crate::row::mail::MessageRow;
use crate::row::{Fields, Key, Row};
use crate::secret::Secret;
use crate::table::{Expression, Query, Write};

/// Messages taken at once: as many as can be sent well before the lease runs out.
const BATCH: usize = 20;

const PARALLEL: usize = 8;

/// The first pause after a failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// How long messages given up stay to be looked at.
const DEAD_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

impl Outbox {
    /// Goes on while what it took has nothing to say: an empty answer means that nothing is due.
    pub(super) async fn take(&self, now: Timestamp, lease: Duration) -> Result<Vec<Digest>> {
        loop {
            let rows = self.take_some(now, lease).await?;
            if rows.is_empty() {
                return Ok(Vec::new());
            }
            let (digests, empty) = self.digests(rows).await?;
            // Nothing to tell, or nobody to tell it to any more.
            let drops = empty.iter().map(|row| self.finish(row));
            stream::iter(drops.collect::<Vec<_>>())
                .buffer_unordered(PARALLEL)
                .try_collect::<Vec<_>>()
                .await?;
            if !digests.is_empty() {
                return Ok(digests);
            }
        }
    }

    async fn take_some(&self, now: Timestamp, lease: Duration) -> Result<Vec<MessageRow>> {
        let query = Query::new(MessageRow::PARTITION).one_page();
        let mut rows = self.store.inner.table.query(query).await?.rows::<MessageRow>()?;
        rows.retain(|row| row.not_before <= now);
        rows.truncate(BATCH);
        let claims = rows.into_iter().map(|row| self.lease(row, now + lease));
        let taken: Vec<Option<MessageRow>> =
            stream::iter(claims.collect::<Vec<_>>()).buffered(PARALLEL).try_collect().await?;
        Ok(taken.into_iter().flatten().collect())
    }

    async fn lease(&self, row: MessageRow, until: Timestamp) -> Result<Option<MessageRow>> {
        let condition = match &row.lease {
            None => Expression::new("attribute_exists(#pk) AND attribute_not_exists(#lease)"),
            Some(lease) => Expression::new("#lease = :seen").text(":seen", lease),
        };
        let taken = MessageRow {
            not_before: until,
            lease: Some(Secret::random("").reveal().to_owned()),
            ..row
        };
        let put = Write::put_if(&taken, condition);
        Ok(self.store.inner.table.write(put).await?.then_some(taken))
    }

    /// The mail service took the message.
    pub async fn sent(&self, digest: &Digest) -> Result<()> {
        self.finish(&digest.row).await
    }

    /// It did not: try again later, at growing intervals, and give up after [`MAX_FAILURES`].
    pub async fn failed(&self, digest: &Digest, reason: &str) -> Result<()> {
        let failures = digest.row.failures + 1;
        if failures >= MAX_FAILURES {
            return self.give_up(digest, reason).await;
        }
        let pause = FIRST_PAUSE * 2_u32.pow(failures - 1);
        let later =
            MessageRow { failures, not_before: self.store.now() + pause, ..digest.row.clone() };
        let put = Write::put_if(&later, mine(&digest.row));
        self.store.inner.table.write(put).await.map(drop)
    }

    /// It never will (a rejected address, say): keep the row to be looked at, and stop.
    pub async fn give_up(&self, digest: &Digest, reason: &str) -> Result<()> {
        let row = &digest.row;
        tracing::warn!(message = digest.message_id(), reason, "a message is given up");
        let mut dead = Fields::default();
        dead.set("reason", reason)
            .set_number("failures", row.failures + 1)
            .set_time("expires_at", self.store.now() + DEAD_FOR);
        let mut item = dead.into_item();
        item.extend(Key::new(MessageRow::DEAD, row.sort_key()).into_item());
        let keep = Write::Put { item, condition: None };
        let writes = vec![gone(row), keep];
        self.store.inner.table.transact(writes).await.map(drop)
    }

    async fn finish(&self, row: &MessageRow) -> Result<()> {
        // Where the lease ran out meanwhile, the message is somebody else's to finish.
        self.store.inner.table.write(gone(row)).await.map(drop)
    }
}

fn gone(row: &MessageRow) -> Write {
    Write::Delete { key: row.key(), condition: Some(mine(row)) }
}

fn mine(row: &MessageRow) -> Expression {
    let lease = row.lease.as_deref().unwrap_or_default();
    Expression::new("#lease = :mine").text(":mine", lease)
}
