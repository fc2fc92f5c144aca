//! The space itself, and the names of the spaces a user created.

use jiff::Timestamp;
use protocol::id::{Epoch, SpaceId, UserId};

use super::{Fields, Key, Row, RowError};

/// The newest format of a space's rows that this release reads and writes.
pub(crate) const FORMAT: u64 = 1;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpaceRow {
    pub(crate) space: SpaceId,
    pub(crate) name: String,
    /// Who created it.
    pub(crate) owner: UserId,
    pub(crate) epoch: Epoch,
    pub(crate) created_at: Timestamp,
    /// Journal rows up to this one may be gone.
    pub(crate) floor: u64,
    /// Members with the role owner; never falls to 0.
    pub(crate) owners: u64,
    /// Members who want mail; while 0, commits write no outbox row.
    pub(crate) subscribers: u64,
}

impl SpaceRow {
    pub(crate) fn key_of(space: &SpaceId) -> Key {
        Key::new(format!("N#{space}"), "META")
    }
}

impl Row for SpaceRow {
    fn key(&self) -> Key {
        Self::key_of(&self.space)
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .set_number("format", FORMAT)
            .set("name", &self.name)
            .set("owner", &self.owner)
            .set("epoch", &self.epoch)
            .set_time("created_at", self.created_at)
            .set_number("floor", self.floor)
            .set_number("owners", self.owners)
            .set_number("subscribers", self.subscribers);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        fields.check_format(FORMAT)?;
        Ok(Self {
            space: fields.key_part("pk", "N#")?,
            name: fields.get("name")?,
            owner: fields.get("owner")?,
            epoch: fields.get("epoch")?,
            created_at: fields.time("created_at")?,
            floor: fields.number("floor")?,
            owners: fields.number("owners")?,
            subscribers: fields.number("subscribers")?,
        })
    }
}

/// Keeps the names of one creator's spaces unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpaceNameRow {
    pub(crate) owner: UserId,
    pub(crate) name_key: String,
    pub(crate) space: SpaceId,
}

impl Row for SpaceNameRow {
    fn key(&self) -> Key {
        Key::new(format!("U#{}", self.owner), format!("NAME#{}", self.name_key))
    }

    fn write(&self, fields: &mut Fields) {
        fields.set("space", &self.space);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        Ok(Self {
            owner: fields.key_part("pk", "U#")?,
            name_key: fields.key_part("sk", "NAME#")?,
            space: fields.get("space")?,
        })
    }
}
