//! Chunks (objects in the bucket) and the pins that keep them while an upload session is open.

use jiff::Timestamp;
use protocol::hash::ContentHash;
use protocol::id::{SessionId, SpaceId};

use super::{Fields, Key, Row, RowError};

/// Where a chunk stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkLife {
    /// Somebody said they would upload it; nothing is known about the object.
    Declared,
    /// The object was seen with the right SHA-256.
    Live,
    /// Unreferenced, to be deleted by a collector (a later part: nothing condemns yet) unless
    /// somebody pins it first.
    Condemned,
    /// The object of this generation is gone; the next upload takes the next generation.
    Deleted,
}

impl ChunkLife {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Live => "live",
            Self::Condemned => "condemned",
            Self::Deleted => "deleted",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Declared, Self::Live, Self::Condemned, Self::Deleted]
            .into_iter()
            .find(|life| life.text() == text)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkRow {
    pub(crate) space: SpaceId,
    pub(crate) hash: ContentHash,
    /// Part of the object's key. A new one heals a key that holds other bytes.
    pub(crate) generation: u32,
    pub(crate) life: ChunkLife,
    /// Bytes as S3 told them; absent until the object was seen.
    pub(crate) size: Option<u64>,
}

impl ChunkRow {
    pub(crate) fn partition(space: &SpaceId, hash: &ContentHash) -> String {
        format!("C#{space}#{hash}")
    }

    pub(crate) fn key_of(space: &SpaceId, hash: &ContentHash) -> Key {
        Key::new(Self::partition(space, hash), "-")
    }
}

impl Row for ChunkRow {
    fn key(&self) -> Key {
        Self::key_of(&self.space, &self.hash)
    }

    fn write(&self, fields: &mut Fields) {
        fields.set_number("generation", self.generation).set("life", self.life.text());
        if let Some(size) = self.size {
            fields.set_number("size", size);
        }
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        let (space, hash) = fields.key_pair("C#")?;
        let life = fields.text("life").and_then(ChunkLife::parse);
        Ok(Self {
            space,
            hash,
            generation: fields.number("generation")?,
            life: life.ok_or_else(|| fields.error("life"))?,
            size: fields.maybe_number("size")?,
        })
    }
}

/// Says that a session declared a chunk. While the session is open, a commit of it may name the
/// chunk, and a collector (a later part) must keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PinRow {
    pub(crate) space: SpaceId,
    pub(crate) hash: ContentHash,
    pub(crate) session: SessionId,
    /// Bytes, as the session declared them.
    pub(crate) size: u64,
    /// The table forgets it with its session.
    pub(crate) expires_at: Timestamp,
}

impl PinRow {
    pub(crate) fn key_of(space: &SpaceId, hash: &ContentHash, session: &SessionId) -> Key {
        Key::new(ChunkRow::partition(space, hash), format!("P#{session}"))
    }
}

impl Row for PinRow {
    fn key(&self) -> Key {
        Self::key_of(&self.space, &self.hash, &self.session)
    }

    fn write(&self, fields: &mut Fields) {
        fields.set_number("size", self.size).set_time("expires_at", self.expires_at);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        let (space, hash) = fields.key_pair("C#")?;
        Ok(Self {
            space,
            hash,
            session: fields.key_part("sk", "P#")?,
            size: fields.number("size")?,
            expires_at: fields.time("expires_at")?,
        })
    }
}
