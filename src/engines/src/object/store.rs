use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use super::bucket::Bucket;
use super::key;
use crate::error::EngineError;
use crate::format::{self, Claim};
use crate::limits::Limits;
use crate::room::Room;

/// Layout of the folder this code reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// Objects are locked by a digest of their name; collisions only cost waiting.
const LOCKS: usize = 1024;

/// Buckets and unfinished uploads below one folder.
pub(crate) struct ObjectStore {
    root: PathBuf,
    buckets: RwLock<HashMap<String, Arc<Bucket>>>,
    locks: Vec<RwLock<()>>,
    next_draft: AtomicU64,
    full_until: Option<PathBuf>,
    pub(super) room: Room,
    _claim: Claim,
}

/// Why an operation on an object failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("bucket {0} does not exist")]
    NoSuchBucket(String),
    #[error("bucket {0} exists")]
    BucketExists(String),
    #[error("bucket {0} is not empty")]
    BucketNotEmpty(String),
    #[error("object {0} does not exist")]
    NoSuchKey(String),
    #[error("multipart upload {0} does not exist")]
    NoSuchUpload(String),
    #[error("the object does not meet the condition of the request")]
    PreconditionFailed,
    #[error("object file {} is damaged", .0.display())]
    Damaged(PathBuf),
    #[error("no space left for the object")]
    Full,
    #[error("object store: {0}")]
    Io(io::Error),
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}

impl ObjectStore {
    /// Opens the store in `root`, creating it when missing, and sweeps what a
    /// killed process left unfinished.
    pub(crate) fn open(root: &Path, limits: &Limits) -> Result<Self, EngineError> {
        let claim = format::claim(root, FORMAT)?;
        let store = Self {
            root: root.to_path_buf(),
            buckets: RwLock::default(),
            locks: (0..LOCKS).map(|_| RwLock::new(())).collect(),
            next_draft: AtomicU64::new(0),
            full_until: limits.full_until.clone(),
            room: Room::new(root, limits.content_reserve),
            _claim: claim,
        };
        store.prepare().map_err(EngineError::io("cannot prepare", root))?;
        Ok(store)
    }

    fn prepare(&self) -> io::Result<()> {
        let drafts = self.drafts_dir();
        if drafts.exists() {
            fs::remove_dir_all(&drafts)?;
        }
        for dir in [&drafts, &self.buckets_dir(), &self.uploads_dir()] {
            format::create_private_dir(dir)?;
        }
        format::sync_dir(&self.root)?;
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        for entry in fs::read_dir(self.buckets_dir())? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string() {
                buckets.insert(name, Arc::new(Bucket::open(entry.path())?));
            }
        }
        Ok(())
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<Arc<Bucket>, StoreError> {
        self.buckets
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
            .ok_or_else(|| StoreError::NoSuchBucket(name.to_owned()))
    }

    /// Names and creation times (milliseconds since 1970), by name.
    pub(crate) fn list_buckets(&self) -> Vec<(String, i64)> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<_> =
            buckets.iter().map(|(name, bucket)| (name.clone(), bucket.created())).collect();
        list.sort();
        list
    }

    pub(crate) fn create_bucket(&self, name: &str) -> Result<(), StoreError> {
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if buckets.contains_key(name) {
            return Err(StoreError::BucketExists(name.to_owned()));
        }
        let draft = self.draft_path();
        Bucket::create(&draft)?;
        let path = self.buckets_dir().join(name);
        fs::rename(&draft, &path)?;
        format::sync_dir(&self.buckets_dir())?;
        buckets.insert(name.to_owned(), Arc::new(Bucket::open(path)?));
        Ok(())
    }

    pub(crate) fn delete_bucket(&self, name: &str) -> Result<(), StoreError> {
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get(name) else {
            return Err(StoreError::NoSuchBucket(name.to_owned()));
        };
        let draft = self.draft_path();
        if !bucket.retire(&draft)? {
            return Err(StoreError::BucketNotEmpty(name.to_owned()));
        }
        format::sync_dir(&self.buckets_dir())?;
        buckets.remove(name);
        drop(buckets);
        Ok(fs::remove_dir_all(draft)?)
    }

    /// Holds off writers of a key while it is opened, so that no reader sees a
    /// name before the folder is synced.
    pub(crate) fn lock_shared(&self, bucket: &str, key: &str) -> RwLockReadGuard<'_, ()> {
        self.lock_of(bucket, key).read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lock_exclusive(&self, bucket: &str, key: &str) -> RwLockWriteGuard<'_, ()> {
        self.lock_of(bucket, key).write().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_of(&self, bucket: &str, key: &str) -> &RwLock<()> {
        let high = key::shard(key);
        let low = key::shard(&format!("{bucket}\0{key}"));
        &self.locks[(high << 2 | low & 3) % LOCKS]
    }

    /// Refuses new content where it would take what has to stay free, and while a drill says that
    /// the disk is full.
    pub(crate) fn require_room(&self) -> Result<(), StoreError> {
        if !self.room.is_left() {
            return Err(StoreError::Full);
        }
        let until = self.full_until.as_ref().and_then(|path| fs::read_to_string(path).ok());
        let until: Option<u64> = until.and_then(|text| text.trim().parse().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if until.is_some_and(|until| now < until) { Err(StoreError::Full) } else { Ok(()) }
    }

    /// A name no other draft of this process has; drafts of earlier processes
    /// were swept.
    pub(crate) fn draft_path(&self) -> PathBuf {
        let number = self.next_draft.fetch_add(1, Ordering::Relaxed);
        self.drafts_dir().join(format!("{number:016x}"))
    }

    pub(crate) fn uploads_dir(&self) -> PathBuf {
        self.root.join("uploads")
    }

    fn buckets_dir(&self) -> PathBuf {
        self.root.join("buckets")
    }

    fn drafts_dir(&self) -> PathBuf {
        self.root.join("drafts")
    }
}
