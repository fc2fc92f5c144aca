//! The one place that speaks DynamoDB: strong reads, and writes that can be repeated.
//!
//! Every conditional write goes through `TransactWriteItems`, even a single one: its request token
//! makes the SDK's own retries harmless. A plain conditional put that succeeded but whose reply
//! was lost would be told "condition failed" by its own retry.

mod read;
mod transact;
mod write;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use rand::Rng;

use crate::error::Result;
use crate::row::format::FormatRow;

pub(crate) use read::{Order, Query};
pub(crate) use transact::{MAX_ITEMS, Outcome};
pub(crate) use write::{Expression, Write};

#[derive(Clone)]
pub(crate) struct Table {
    client: Client,
    name: Arc<str>,
}

impl Table {
    pub(crate) fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.into() }
    }

    /// One strong read: whether the table answers, and is of a format that this release knows.
    pub(crate) async fn ready(&self) -> Result<()> {
        self.get::<FormatRow>(&FormatRow::key_of()).await.map(drop)
    }

    /// Like [`Table::ready`], and writes the format down where nobody has yet.
    pub(crate) async fn claim_format(&self) -> Result<()> {
        if self.get::<FormatRow>(&FormatRow::key_of()).await?.is_some() {
            return Ok(());
        }
        if self.write(Write::put_if(&FormatRow, Expression::absent())).await? {
            return Ok(());
        }
        self.ready().await
    }
}

/// Waits before the next attempt: exponential with full jitter, at most a second.
pub(crate) async fn pause(attempt: u32) {
    let most = 10_u64.saturating_mul(1 << attempt.min(7)).min(1_000);
    let wait = rand::rng().random_range(1..=most);
    tokio::time::sleep(Duration::from_millis(wait)).await;
}
