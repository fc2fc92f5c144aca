use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::watch;

use super::operation::Operation;
use crate::error::EngineError;
use crate::format::{self, Claim};
use crate::room::Room;

/// Layout of the folder this code reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// Reads that may run at once, beside one writer.
const READERS: usize = 3;

/// How often expired rows are removed. Readers judge expiry themselves.
const SWEEP: Duration = Duration::from_secs(300);

/// The metadata database: one connection that writes, some that read beside
/// it. Every write waits for its `fsync`; a read need not wait for another's.
#[derive(Clone)]
pub(crate) struct Metadata {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    writer: Database,
    readers: RwLock<Vec<Database>>,
    next_reader: AtomicUsize,
    room: Room,
    _claim: Claim,
}

impl Metadata {
    /// Opens the database in `dir`, creating it when missing.
    pub(crate) fn open(dir: &Path, reserve: u64) -> Result<Self, EngineError> {
        let claim = format::claim(dir, FORMAT)?;
        let path = dir.join("metadata.sqlite");
        if !path.exists() {
            // SQLite gives its side files the mode of this one.
            format::create_private_file(&path)
                .and_then(|file| file.sync_all())
                .and_then(|()| format::sync_dir(dir))
                .map_err(EngineError::io("cannot create", &path))?;
        }
        let broken = |error: DynoxideError| EngineError::Database {
            path: path.clone(),
            message: error.to_string(),
        };
        // SQLite's default of `synchronous=FULL` stays: in WAL mode every
        // commit is synced before it returns.
        let writer = open(&path).map_err(broken)?;
        let readers = open_readers(&path).map_err(broken)?;
        Ok(Self {
            inner: Arc::new(Inner {
                writer,
                readers: RwLock::new(readers),
                next_reader: AtomicUsize::new(0),
                room: Room::new(dir, reserve),
                path,
                _claim: claim,
            }),
        })
    }

    /// Creates the one table of the product, with its expiry attribute.
    pub(crate) fn ensure_table(&self, table: &str) -> Result<(), EngineError> {
        self.try_ensure_table(table).map_err(|error| EngineError::Database {
            path: self.inner.path.clone(),
            message: error.to_string(),
        })
    }

    fn try_ensure_table(&self, table: &str) -> Result<(), DynoxideError> {
        let create = json!({
            "TableName": table,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        });
        match self.run(Operation::CreateTable, create.to_string().as_bytes()) {
            Ok(_) | Err(DynoxideError::ResourceInUseException(_)) => {}
            Err(error) => return Err(error),
        }
        // Also after a crash between the two steps.
        let describe = json!({"TableName": table}).to_string();
        let known = self.run(Operation::DescribeTimeToLive, describe.as_bytes())?;
        if known.contains("expires_at") {
            return Ok(());
        }
        let expiry = json!({
            "TableName": table,
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": true},
        });
        self.run(Operation::UpdateTimeToLive, expiry.to_string().as_bytes()).map(drop)
    }

    /// Whether the disk takes what this operation may write.
    pub(super) fn has_room_for(&self, operation: Operation) -> bool {
        !operation.may_grow() || self.inner.room.is_left()
    }

    /// Runs one operation on its JSON request; blocking.
    pub(super) fn run(&self, operation: Operation, body: &[u8]) -> Result<String, DynoxideError> {
        if operation.reads_only() {
            return run_on(&self.reader(), operation, body);
        }
        let result = run_on(&self.inner.writer, operation, body);
        if operation.changes_tables() {
            // Connections remember tables; the others must not remember old ones.
            let fresh = open_readers(&self.inner.path)?;
            let mut readers = self.inner.readers.write().unwrap_or_else(PoisonError::into_inner);
            *readers = fresh;
        }
        result
    }

    /// Removes expired rows now and then until `stop` turns true.
    pub(crate) async fn sweep_until(self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(SWEEP) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let writer = self.inner.writer.clone();
            match tokio::task::spawn_blocking(move || writer.sweep_ttl()).await {
                Ok(Ok(0)) => {}
                Ok(Ok(rows)) => tracing::info!(rows, "expired metadata removed"),
                Ok(Err(error)) => tracing::warn!(%error, "expired metadata not removed"),
                Err(error) => tracing::warn!(%error, "expired metadata not removed"),
            }
        }
    }

    fn reader(&self) -> Database {
        let readers = self.inner.readers.read().unwrap_or_else(PoisonError::into_inner);
        let turn = self.inner.next_reader.fetch_add(1, Ordering::Relaxed);
        readers[turn % readers.len()].clone()
    }
}

fn open(path: &Path) -> Result<Database, DynoxideError> {
    let text = path.to_str().ok_or_else(|| {
        DynoxideError::InternalServerError(format!("{} is not UTF-8", path.display()))
    })?;
    Database::new(text)
}

fn open_readers(path: &Path) -> Result<Vec<Database>, DynoxideError> {
    (0..READERS).map(|_| open(path)).collect()
}

fn run_on(db: &Database, operation: Operation, body: &[u8]) -> Result<String, DynoxideError> {
    match operation {
        Operation::BatchGetItem => call(body, |request| db.batch_get_item(request)),
        Operation::BatchWriteItem => call(body, |request| db.batch_write_item(request)),
        Operation::CreateTable => call(body, |request| db.create_table(request)),
        Operation::DeleteItem => call(body, |request| db.delete_item(request)),
        Operation::DeleteTable => call(body, |request| db.delete_table(request)),
        Operation::DescribeTable => call(body, |request| db.describe_table(request)),
        Operation::DescribeTimeToLive => call(body, |request| db.describe_time_to_live(request)),
        Operation::GetItem => call(body, |request| db.get_item(request)),
        Operation::ListTables => call(body, |request| db.list_tables(request)),
        Operation::PutItem => call(body, |request| db.put_item(request)),
        Operation::Query => call(body, |request| db.query(request)),
        Operation::Scan => call(body, |request| db.scan(request)),
        Operation::TransactGetItems => call(body, |request| db.transact_get_items(request)),
        Operation::TransactWriteItems => call(body, |request| db.transact_write_items(request)),
        Operation::UpdateItem => call(body, |request| db.update_item(request)),
        Operation::UpdateTimeToLive => call(body, |request| db.update_time_to_live(request)),
    }
}

fn call<Request: DeserializeOwned, Answer: Serialize>(
    body: &[u8],
    run: impl FnOnce(Request) -> Result<Answer, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    let answer = run(request).map_err(bare)?;
    serde_json::to_string(&answer)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// The library's types mark in their message which error a value deserves.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let message = error.to_string();
    let place = message.rfind(" at line ").unwrap_or(message.len());
    let message = &message[..place];
    let marked = |marks: [&str; 2]| {
        marks.into_iter().find_map(|mark| message.strip_prefix(mark)).map(ToOwned::to_owned)
    };
    if let Some(text) = marked(["SERIALIZATION:", "SERIALIZATION_AS_READ:"]) {
        return DynoxideError::SerializationException(text);
    }
    if let Some(text) = marked(["VALIDATION:", "VALIDATION_REQUEST:"]) {
        return DynoxideError::ValidationException(text);
    }
    if message.contains("missing field") || message.contains("AttributeValue") {
        return DynoxideError::ValidationException(message.to_owned());
    }
    DynoxideError::SerializationException(message.to_owned())
}

/// A tag the library uses between its layers must not reach a client.
fn bare(error: DynoxideError) -> DynoxideError {
    match error {
        DynoxideError::EnvelopedValidation(text) => DynoxideError::ValidationException(text),
        other => other,
    }
}
