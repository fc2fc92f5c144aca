use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::UNIX_EPOCH;

use super::key::{self, SHARDS, file_name, shard, shard_name};
use super::{Opened, StoreError};
use crate::format;

/// One bucket: a folder with a fixed fan-out.
pub(crate) struct Bucket {
    dir: PathBuf,
    created: i64,
    /// Writers share it; retiring the bucket takes it alone.
    gone: RwLock<bool>,
    /// Every key, in order; read from the disk by the first listing.
    index: Mutex<Option<BTreeSet<String>>>,
}

impl Bucket {
    /// Lays out an empty bucket in a new folder.
    pub(crate) fn create(dir: &Path) -> io::Result<()> {
        format::create_private_dir(dir)?;
        format::create_private_file(&dir.join("created"))?.sync_all()?;
        for shard in 0..SHARDS {
            format::create_private_dir(&dir.join(shard_name(shard)))?;
        }
        format::sync_dir(dir)
    }

    pub(crate) fn open(dir: PathBuf) -> io::Result<Self> {
        let modified = fs::metadata(dir.join("created"))?.modified()?;
        let created = modified
            .duration_since(UNIX_EPOCH)
            .map_or(0, |age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        Ok(Self { dir, created, gone: RwLock::new(false), index: Mutex::new(None) })
    }

    /// Milliseconds since 1970.
    pub(crate) fn created(&self) -> i64 {
        self.created
    }

    pub(crate) fn dir_of(&self, key: &str) -> PathBuf {
        self.dir.join(shard_name(shard(key)))
    }

    pub(crate) fn path_of(&self, key: &str) -> PathBuf {
        self.dir_of(key).join(file_name(key))
    }

    /// Keeps the bucket from being retired while a name is given or removed.
    pub(crate) fn hold(&self) -> Result<RwLockReadGuard<'_, bool>, StoreError> {
        let guard = self.gone.read().unwrap_or_else(PoisonError::into_inner);
        if *guard {
            return Err(StoreError::NoSuchBucket(self.name()));
        }
        Ok(guard)
    }

    /// Moves the folder to `target` if the bucket is empty.
    pub(crate) fn retire(&self, target: &Path) -> Result<bool, StoreError> {
        let mut gone = self.gone.write().unwrap_or_else(PoisonError::into_inner);
        for shard in 0..SHARDS {
            if fs::read_dir(self.dir.join(shard_name(shard)))?.next().is_some() {
                return Ok(false);
            }
        }
        fs::rename(&self.dir, target)?;
        *gone = true;
        Ok(true)
    }

    pub(crate) fn note_added(&self, key: &str) {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = index.as_mut() {
            keys.insert(key.to_owned());
        }
    }

    pub(crate) fn note_removed(&self, key: &str) {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = index.as_mut() {
            keys.remove(key);
        }
    }

    /// Runs `read` over all keys in order.
    pub(crate) fn with_keys<T>(
        &self,
        read: impl FnOnce(&BTreeSet<String>) -> T,
    ) -> Result<T, StoreError> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if index.is_none() {
            *index = Some(self.scan()?);
        }
        Ok(read(index.get_or_insert_default()))
    }

    fn scan(&self) -> Result<BTreeSet<String>, StoreError> {
        let mut keys = BTreeSet::new();
        for shard in 0..SHARDS {
            for entry in fs::read_dir(self.dir.join(shard_name(shard)))? {
                let entry = entry?;
                match key::parse(&entry.file_name().to_string_lossy()) {
                    key::Name::Key(key) => drop(keys.insert(key)),
                    key::Name::Long => {
                        let opened = Opened::open(&entry.path(), "")?;
                        keys.insert(opened.meta.key);
                    }
                    key::Name::Unknown => {
                        tracing::warn!(path = %entry.path().display(), "not an object, left alone");
                    }
                }
            }
        }
        Ok(keys)
    }

    fn name(&self) -> String {
        self.dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}
