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

use crate::error::{Result, unavailable};

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

    /// One strong read of a key that needs no row.
    pub(crate) async fn ready(&self) -> Result<()> {
        let get = self.client.get_item().table_name(&*self.name);
        let key = crate::row::Key::new("READY", "-").into_item();
        get.set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map(drop)
            .map_err(|error| unavailable("DynamoDB GetItem", &error))
    }
}

/// Waits before the next attempt: exponential with full jitter, at most a second.
pub(crate) async fn pause(attempt: u32) {
    let most = 10_u64.saturating_mul(1 << attempt.min(7)).min(1_000);
    let wait = rand::rng().random_range(1..=most);
    tokio::time::sleep(Duration::from_millis(wait)).await;
}
