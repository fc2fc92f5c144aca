use std::fs;
use std::io;

use super::{Draft, Meta, ObjectStore, Opened, StoreError};
use crate::format;

/// What must hold of the present object for a write or a delete to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    None,
    /// `If-None-Match: *`
    Absent,
    /// `If-Match`, without quotes.
    Etag(String),
    /// `If-Match: *`
    Present,
    /// `If-None-Match` with an ETag, without quotes; not on AWS, but harmless.
    OtherEtag(String),
}

impl ObjectStore {
    /// Gives a draft its name. When this returns, the object survives a power
    /// cut; until then no reader sees it. Blocking.
    pub(crate) fn publish(
        &self,
        mut draft: Draft,
        bucket: &str,
        meta: &Meta,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        draft.seal(meta)?;
        let place = self.bucket(bucket)?;
        let _held = place.hold()?;
        let path = place.path_of(&meta.key);
        let dir = place.dir_of(&meta.key);
        let _guard = self.lock_exclusive(bucket, &meta.key);
        if *condition == Condition::Absent {
            fs::hard_link(draft.path(), &path).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => StoreError::PreconditionFailed,
                _ => error.into(),
            })?;
        } else {
            check(condition, Opened::open(&path, &meta.key))?;
            fs::rename(draft.path(), &path)?;
        }
        format::sync_dir(&dir)?;
        place.note_added(&meta.key);
        Ok(())
    }

    /// Removes an object; one that is not there is only an error to a
    /// condition. Blocking.
    pub(crate) fn delete(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        let place = self.bucket(bucket)?;
        let _held = place.hold()?;
        let path = place.path_of(key);
        let _guard = self.lock_exclusive(bucket, key);
        if *condition != Condition::None {
            check(condition, Opened::open(&path, key))?;
        }
        match fs::remove_file(&path) {
            Ok(()) => format::sync_dir(&place.dir_of(key))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        place.note_removed(key);
        Ok(())
    }

    /// Whether a name is taken, without opening the object. Blocking.
    pub(crate) fn exists(&self, bucket: &str, key: &str) -> Result<bool, StoreError> {
        let path = self.bucket(bucket)?.path_of(key);
        let _guard = self.lock_shared(bucket, key);
        Ok(path.try_exists()?)
    }
}

fn check(condition: &Condition, present: Result<Opened, StoreError>) -> Result<(), StoreError> {
    match condition {
        Condition::None => Ok(()),
        Condition::Absent => match present {
            Err(StoreError::NoSuchKey(_)) => Ok(()),
            Ok(_) => Err(StoreError::PreconditionFailed),
            Err(error) => Err(error),
        },
        Condition::Present => present.map(drop),
        Condition::OtherEtag(etag) => match present {
            Err(StoreError::NoSuchKey(_)) => Ok(()),
            Ok(opened) if opened.meta.etag != *etag => Ok(()),
            Ok(_) => Err(StoreError::PreconditionFailed),
            Err(error) => Err(error),
        },
        Condition::Etag(etag) => {
            if present?.meta.etag == *etag {
                Ok(())
            } else {
                Err(StoreError::PreconditionFailed)
            }
        }
    }
}
