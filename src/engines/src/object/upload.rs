//! Multipart uploads: a folder of parts, each in the form of an object file.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Condition, Draft, Headers, Meta, ObjectStore, Opened, StoreError};
use crate::format;

/// What a multipart upload was opened with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UploadRecord {
    pub(crate) id: String,
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// Milliseconds since 1970.
    pub(crate) started: i64,
    pub(crate) headers: Headers,
    /// S3 name of the checksum the client announced.
    pub(crate) algorithm: Option<String>,
    pub(crate) composite: bool,
}

/// A part that was uploaded.
#[derive(Debug, Clone)]
pub(crate) struct PartRecord {
    pub(crate) number: i32,
    pub(crate) meta: Meta,
}

impl ObjectStore {
    pub(crate) fn start_upload(&self, record: &UploadRecord) -> Result<(), StoreError> {
        self.bucket(&record.bucket)?;
        let draft = self.draft_path();
        format::create_private_dir(&draft)?;
        let file = format::create_private_file(&draft.join("upload.json"))?;
        serde_json::to_writer(&file, record).map_err(io::Error::from)?;
        file.sync_all()?;
        format::sync_dir(&draft)?;
        fs::rename(&draft, self.uploads_dir().join(&record.id))?;
        Ok(format::sync_dir(&self.uploads_dir())?)
    }

    pub(crate) fn upload(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> Result<UploadRecord, StoreError> {
        let missing = || StoreError::NoSuchUpload(id.to_owned());
        let path = self.upload_dir(id)?.join("upload.json");
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(),
            _ => error.into(),
        })?;
        let record: UploadRecord = serde_json::from_slice(&bytes).map_err(io::Error::from)?;
        if record.bucket == bucket && record.key == key { Ok(record) } else { Err(missing()) }
    }

    /// Unfinished uploads of a bucket, by key and id.
    pub(crate) fn uploads(&self, bucket: &str) -> Result<Vec<UploadRecord>, StoreError> {
        let mut list = Vec::new();
        for entry in fs::read_dir(self.uploads_dir())? {
            let bytes = match fs::read(entry?.path().join("upload.json")) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            let record: UploadRecord = serde_json::from_slice(&bytes).map_err(io::Error::from)?;
            if record.bucket == bucket {
                list.push(record);
            }
        }
        list.sort_by(|a, b| (&a.key, a.started, &a.id).cmp(&(&b.key, b.started, &b.id)));
        Ok(list)
    }

    /// Keeps a part; a later one of the same number replaces it.
    pub(crate) fn publish_part(
        &self,
        mut draft: Draft,
        upload: &UploadRecord,
        number: i32,
        meta: &Meta,
    ) -> Result<(), StoreError> {
        draft.seal(meta)?;
        let dir = self.upload_dir(&upload.id)?;
        fs::rename(draft.path(), dir.join(part_name(number))).map_err(|error| {
            match error.kind() {
                io::ErrorKind::NotFound => StoreError::NoSuchUpload(upload.id.clone()),
                _ => error.into(),
            }
        })?;
        Ok(format::sync_dir(&dir)?)
    }

    pub(crate) fn parts(&self, upload: &UploadRecord) -> Result<Vec<PartRecord>, StoreError> {
        let mut parts = Vec::new();
        // Who else completes or aborts the upload takes the folder away.
        let gone = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NoSuchUpload(upload.id.clone()),
            _ => error.into(),
        };
        for entry in fs::read_dir(self.upload_dir(&upload.id)?).map_err(gone)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("part-"));
            if let Some(number) = number.and_then(|number| number.parse().ok()) {
                let meta = self.open_part(upload, number)?.meta;
                parts.push(PartRecord { number, meta });
            }
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    pub(crate) fn open_part(
        &self,
        upload: &UploadRecord,
        number: i32,
    ) -> Result<Opened, StoreError> {
        let path = self.upload_dir(&upload.id)?.join(part_name(number));
        Opened::open(&path, &upload.key).map_err(|error| match error {
            StoreError::NoSuchKey(_) => StoreError::NoSuchUpload(upload.id.clone()),
            other => other,
        })
    }

    /// Publishes the joined parts and forgets the upload.
    pub(crate) fn finish_upload(
        &self,
        upload: &UploadRecord,
        draft: Draft,
        meta: &Meta,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        self.publish(draft, &upload.bucket, meta, condition)?;
        match self.abort_upload(upload) {
            // Who completed it at the same time was faster at this.
            Err(StoreError::NoSuchUpload(_)) => Ok(()),
            other => other,
        }
    }

    pub(crate) fn abort_upload(&self, upload: &UploadRecord) -> Result<(), StoreError> {
        // Out of sight first: a crash in between leaves only a draft to sweep.
        let draft = self.draft_path();
        match fs::rename(self.upload_dir(&upload.id)?, &draft) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NoSuchUpload(upload.id.clone()));
            }
            Err(error) => return Err(error.into()),
        }
        format::sync_dir(&self.uploads_dir())?;
        Ok(fs::remove_dir_all(draft)?)
    }

    fn upload_dir(&self, id: &str) -> Result<PathBuf, StoreError> {
        // Ids come from requests and become a path: only the form we give out.
        if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(self.uploads_dir().join(id))
        } else {
            Err(StoreError::NoSuchUpload(id.to_owned()))
        }
    }
}

fn part_name(number: i32) -> String {
    format!("part-{number:05}")
}
