//! Versions: what the content of a file was at one revision, and where its bytes lie.

use jiff::Timestamp;
use protocol::hash::ContentHash;
use protocol::id::{DeviceId, FileId, SpaceId, UserId};

use super::node::NodeRow;
use super::{Fields, Key, Row, RowError, padded};
use crate::extents::{self, StoredExtent};

/// Where a version's extents are written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExtentSource {
    Inline(Vec<StoredExtent>),
    /// In an object of our own: its key and the SHA-256 of its bytes.
    Manifest {
        key: String,
        hash: ContentHash,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VersionRow {
    pub(crate) space: SpaceId,
    pub(crate) file: FileId,
    pub(crate) rev: u64,
    pub(crate) hash: ContentHash,
    pub(crate) size: u64,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) time: Timestamp,
    pub(crate) extents: ExtentSource,
}

impl VersionRow {
    pub(crate) fn key_of(space: &SpaceId, file: &FileId, rev: u64) -> Key {
        Key::new(NodeRow::partition(space, file), format!("V#{}", padded(rev)))
    }

    /// The attributes that tell everything but the place of the bytes.
    pub(crate) const SUMMARY: [&str; 7] = ["pk", "sk", "hash", "size", "user", "device", "time"];
}

impl Row for VersionRow {
    fn key(&self) -> Key {
        Self::key_of(&self.space, &self.file, self.rev)
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .set("hash", self.hash)
            .set_number("size", self.size)
            .set("user", &self.user)
            .set("device", &self.device)
            .set_time("time", self.time);
        match &self.extents {
            ExtentSource::Inline(list) => fields.set_bytes("extents", extents::encode(list)),
            ExtentSource::Manifest { key, hash } => {
                fields.set("manifest", key).set("manifest_hash", hash)
            }
        };
    }

    /// A row read as [`VersionRow::SUMMARY`] has no extents; it reads as an empty list.
    fn read(fields: &Fields) -> Result<Self, RowError> {
        let (space, file) = fields.key_pair("F#")?;
        let extents = match (fields.bytes("extents")?, fields.maybe("manifest")?) {
            (Some(bytes), _) => {
                let list = extents::decode(bytes).ok_or_else(|| fields.error("extents"))?;
                ExtentSource::Inline(list)
            }
            (None, Some(key)) => ExtentSource::Manifest { key, hash: fields.get("manifest_hash")? },
            (None, None) => ExtentSource::Inline(Vec::new()),
        };
        Ok(Self {
            space,
            file,
            rev: fields.key_part("sk", "V#")?,
            hash: fields.get("hash")?,
            size: fields.number("size")?,
            user: fields.get("user")?,
            device: fields.get("device")?,
            time: fields.time("time")?,
            extents,
        })
    }
}
