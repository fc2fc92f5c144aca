//! Strong reads: single rows, many rows by key, ranges of a partition.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures::{StreamExt, TryStreamExt, stream};

use super::{Table, pause};
use crate::error::{Result, StoreError, unavailable};
use crate::row::{Fields, Item, Key, Row};

/// `BatchGetItem` takes this many keys.
const BATCH: usize = 100;

/// Batches under way at once for one caller.
const PARALLEL: usize = 8;

/// How often unprocessed keys are asked for again.
const ATTEMPTS: u32 = 10;

/// The rows found, by key.
#[derive(Debug, Default)]
pub(crate) struct Rows(HashMap<Key, Item>);

impl Rows {
    /// Takes a row out; `None` where there is none.
    pub(crate) fn take<R: Row>(&mut self, key: &Key) -> Result<Option<R>> {
        let item = self.0.remove(key);
        Ok(item.map(R::from_item).transpose()?)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

/// A range of one partition, always read strongly.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    partition: String,
    prefix: Option<String>,
    after: Option<String>,
    from: Option<String>,
    order: Order,
    limit: Option<usize>,
    one_page: bool,
    only: Vec<&'static str>,
}

impl Query {
    pub(crate) fn new(partition: impl Into<String>) -> Self {
        Self {
            partition: partition.into(),
            prefix: None,
            after: None,
            from: None,
            order: Order::Ascending,
            limit: None,
            one_page: false,
            only: Vec::new(),
        }
    }

    /// Sort keys that begin so. Excludes `after` and `from`.
    pub(crate) fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = Some(prefix.to_owned());
        self
    }

    /// Sort keys greater than this.
    pub(crate) fn after(mut self, key: Option<String>) -> Self {
        self.after = key;
        self
    }

    /// This sort key and greater ones.
    pub(crate) fn from(mut self, key: String) -> Self {
        self.from = Some(key);
        self
    }

    pub(crate) fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    pub(crate) fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// At most what DynamoDB gives at once, which is a megabyte.
    pub(crate) fn one_page(mut self) -> Self {
        self.one_page = true;
        self
    }

    /// Only these attributes.
    pub(crate) fn only(mut self, attributes: &[&'static str]) -> Self {
        self.only = attributes.to_vec();
        self
    }
}

/// Rows of a range, and whether more follow.
pub(crate) struct Page {
    pub(crate) items: Vec<Fields>,
    pub(crate) more: bool,
}

impl Page {
    pub(crate) fn rows<R: Row>(&self) -> Result<Vec<R>> {
        let rows = self.items.iter().map(R::read);
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Table {
    pub(crate) async fn get<R: Row>(&self, key: &Key) -> Result<Option<R>> {
        let get = self.client.get_item().table_name(&*self.name);
        let output = get
            .set_key(Some(key.clone().into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("DynamoDB GetItem", &error))?;
        Ok(output.item.map(R::from_item).transpose()?)
    }

    /// Any number of rows by key, each key once.
    pub(crate) async fn batch_get(&self, keys: impl IntoIterator<Item = Key>) -> Result<Rows> {
        let mut keys: Vec<Key> = keys.into_iter().collect();
        keys.sort_unstable();
        keys.dedup();
        let batches = keys.chunks(BATCH).map(<[Key]>::to_vec).collect::<Vec<_>>();
        let found: Vec<Vec<Item>> = stream::iter(batches)
            .map(|batch| self.get_batch(batch))
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        let found = found.into_iter().flatten().filter_map(with_key);
        Ok(Rows(found.collect()))
    }

    async fn get_batch(&self, keys: Vec<Key>) -> Result<Vec<Item>> {
        let mut wanted: Vec<Item> = keys.into_iter().map(Key::into_item).collect();
        let mut found = Vec::new();
        for attempt in 0..ATTEMPTS {
            let request = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(true)
                .build()
                .map_err(|error| StoreError::Internal(error.to_string()))?;
            let output = self
                .client
                .batch_get_item()
                .request_items(&*self.name, request)
                .send()
                .await
                .map_err(|error| unavailable("DynamoDB BatchGetItem", &error))?;
            found.extend(output.responses.into_iter().flatten().flat_map(|(_, items)| items));
            let rest = output.unprocessed_keys.into_iter().flatten();
            wanted = rest.flat_map(|(_, request)| request.keys).collect();
            if wanted.is_empty() {
                return Ok(found);
            }
            pause(attempt).await;
        }
        Err(unavailable("DynamoDB BatchGetItem", &"keys left unprocessed"))
    }

    /// A range, read on until its limit or its end.
    pub(crate) async fn query(&self, query: Query) -> Result<Page> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let left = query.limit.map(|limit| limit - items.len());
            let (page, next) = self.query_page(&query, left, start).await?;
            items.extend(page.into_iter().map(Fields::from));
            let full = query.limit.is_some_and(|limit| items.len() >= limit);
            if next.is_none() || full || query.one_page {
                let more = next.is_some();
                return Ok(Page { items, more });
            }
            start = next;
        }
    }

    async fn query_page(
        &self,
        query: &Query,
        limit: Option<usize>,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>)> {
        let mut condition = "#pk = :pk".to_owned();
        let mut names = HashMap::from([("#pk".to_owned(), "pk".to_owned())]);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut values = HashMap::from([(":pk".to_owned(), text(&query.partition))]);
        let bound = [
            (&query.prefix, " AND begins_with(#sk, :sk)"),
            (&query.after, " AND #sk > :sk"),
            (&query.from, " AND #sk >= :sk"),
        ];
        if let Some((Some(value), part)) = bound.into_iter().find(|(value, _)| value.is_some()) {
            condition.push_str(part);
            names.insert("#sk".to_owned(), "sk".to_owned());
            values.insert(":sk".to_owned(), text(value));
        }
        let only: Vec<String> = query.only.iter().map(|name| format!("#{name}")).collect();
        for name in &query.only {
            names.insert(format!("#{name}"), (*name).to_owned());
        }
        let output = self
            .client
            .query()
            .table_name(&*self.name)
            .consistent_read(true)
            .key_condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .set_projection_expression((!only.is_empty()).then(|| only.join(", ")))
            .scan_index_forward(query.order == Order::Ascending)
            .set_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable("DynamoDB Query", &error))?;
        let next = output.last_evaluated_key.filter(|key| !key.is_empty());
        Ok((output.items.unwrap_or_default(), next))
    }
}

fn with_key(item: Item) -> Option<(Key, Item)> {
    let part = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let key = Key::new(part("pk")?, part("sk")?);
    Some((key, item))
}
