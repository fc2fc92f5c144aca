//! From noted changes to one message row per subscriber.

use std::time::Duration;

use jiff::Timestamp;
use protocol::id::UserId;
use protocol::space::MailMode;

use super::Outbox;
use crate::error::Result;
use crate::row::Row;
use crate::row::mail::{Composing, MessageRow, PendingRow};
use crate::secret::Secret;
use crate::table::{Expression, Query, Write};

/// Messages of one transaction.
const BATCH: usize = 90;

impl Outbox {
    pub(super) async fn compose_due(
        &self,
        now: Timestamp,
        interval: Duration,
        lease: Duration,
    ) -> Result<()> {
        let query = Query::new(PendingRow::PARTITION);
        let rows = self.store.inner.table.query(query).await?.rows::<PendingRow>()?;
        for row in rows {
            let due = match &row.composing {
                None => row.since + interval <= now,
                Some(composing) => composing.until <= now,
            };
            if due && let Some(composing) = self.claim(&row, now, lease).await? {
                self.compose(row, composing, now).await?;
            }
        }
        Ok(())
    }

    /// Fixes the range and takes the lease; `None` where somebody else did.
    async fn claim(
        &self,
        row: &PendingRow,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Composing>> {
        let composing = Composing {
            through: row.composing.as_ref().map_or(row.to, |old| old.through),
            done: row.composing.as_ref().and_then(|old| old.done.clone()),
            lease: Secret::random("").reveal().to_owned(),
            until: now + lease,
        };
        let update = "SET #through = :through, #lease = :lease, #lease_until = :until";
        let update = Expression::new(update)
            .number(":through", composing.through)
            .text(":lease", &composing.lease)
            .number(":until", composing.until.as_second());
        let condition = match &row.composing {
            None => Expression::new("#first_seq = :first AND attribute_not_exists(#lease)"),
            Some(old) => {
                Expression::new("#first_seq = :first AND #lease = :old").text(":old", &old.lease)
            }
        };
        let update = Write::Update {
            key: row.key(),
            update,
            condition: Some(condition.number(":first", row.from)),
        };
        let taken = self.store.inner.table.write(update).await?;
        Ok(taken.then_some(composing))
    }

    /// Each transaction also moves the note on, so a composer who dies is continued exactly where
    /// he stopped: no subscriber is left out and none gets two.
    async fn compose(&self, row: PendingRow, composing: Composing, now: Timestamp) -> Result<()> {
        let members = self.store.member_rows(&row.space).await?;
        let mut users: Vec<UserId> = members
            .into_iter()
            .filter(|member| member.mail == MailMode::Digest)
            .map(|member| member.user)
            .filter(|user| composing.done.as_ref().is_none_or(|done| user > done))
            .collect();
        users.sort();
        let message = |user: &UserId| {
            Write::put(&MessageRow {
                space: row.space.clone(),
                user: user.clone(),
                from: row.from,
                to: composing.through,
                failures: 0,
                not_before: now,
                lease: None,
            })
        };
        let mut rest = users.as_slice();
        while rest.len() > BATCH {
            let (batch, tail) = rest.split_at(BATCH);
            let mut writes: Vec<Write> = batch.iter().map(message).collect();
            writes.extend(batch.last().map(|user| progress(&row, &composing, user)));
            if !self.store.inner.table.transact(writes).await?.is_done() {
                return Ok(());
            }
            rest = tail;
        }
        for finish in [finished(&row, &composing), next_range(&row, &composing, now)] {
            let mut writes: Vec<Write> = rest.iter().map(message).collect();
            writes.push(finish);
            if self.store.inner.table.transact(writes).await?.is_done() {
                return Ok(());
            }
        }
        // The lease ran out and somebody else composes.
        Ok(())
    }
}

fn progress(row: &PendingRow, composing: &Composing, user: &UserId) -> Write {
    Write::Update {
        key: row.key(),
        update: Expression::new("SET #done = :done").text(":done", user),
        condition: Some(mine(composing, "")),
    }
}

/// Nothing happened since: the note goes.
fn finished(row: &PendingRow, composing: &Composing) -> Write {
    let condition = mine(composing, " AND #last_seq = :through");
    Write::Delete {
        key: row.key(),
        condition: Some(condition.number(":through", composing.through)),
    }
}

/// More was committed since: it begins the next interval.
fn next_range(row: &PendingRow, composing: &Composing, now: Timestamp) -> Write {
    let update = "SET #first_seq = :next, #since = :now \
                  REMOVE #through, #done, #lease, #lease_until";
    Write::Update {
        key: row.key(),
        update: Expression::new(update)
            .number(":next", composing.through + 1)
            .number(":now", now.as_second()),
        condition: Some(mine(composing, "")),
    }
}

fn mine(composing: &Composing, more: &str) -> Expression {
    Expression::new(format!("#lease = :mine{more}")).text(":mine", &composing.lease)
}
