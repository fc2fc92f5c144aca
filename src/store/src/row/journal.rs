//! The journal, and the commit ids that make a repeated commit harmless.

use jiff::Timestamp;
use protocol::changes::{Change, JournalEntry};
use protocol::hash::ContentHash;
use protocol::id::{CommitId, SpaceId};

use super::{Fields, Key, Row, RowError, padded};

/// One commit: `pk` `J#space`, `sk` the sequence number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JournalRow {
    pub(crate) space: SpaceId,
    pub(crate) entry: JournalEntry,
    /// No path of the space is longer after this commit; bytes. Rows of earlier releases have none.
    pub(crate) longest_path: Option<u64>,
}

impl JournalRow {
    pub(crate) fn partition(space: &SpaceId) -> String {
        format!("J#{space}")
    }
}

/// The end of a journal: what the next commit builds upon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// 0 where there is no commit yet.
    pub(crate) seq: u64,
    /// See [`JournalRow::longest_path`]; `None` where it isn't known.
    pub(crate) longest_path: Option<u64>,
}

impl Head {
    pub(crate) const ATTRIBUTES: [&str; 2] = ["sk", "longest_path"];

    /// A space without a commit has no paths.
    pub(crate) const EMPTY: Self = Self { seq: 0, longest_path: Some(0) };

    pub(crate) fn read(fields: &Fields) -> Result<Self, RowError> {
        Ok(Self { seq: seq_of(fields)?, longest_path: fields.maybe_number("longest_path")? })
    }
}

/// The sequence number of a journal item, without reading the rest of it.
pub(crate) fn seq_of(fields: &Fields) -> Result<u64, RowError> {
    fields.key_part("sk", "")
}

impl Row for JournalRow {
    fn key(&self) -> Key {
        Key::new(Self::partition(&self.space), padded(self.entry.seq))
    }

    fn write(&self, fields: &mut Fields) {
        let entry = &self.entry;
        fields
            .set("commit", &entry.commit)
            .set("user", &entry.user)
            .set("device", &entry.device)
            .set("time", &entry.time)
            .set("changes", serde_json::json!(entry.changes));
        if let Some(bytes) = self.longest_path {
            fields.set_number("longest_path", bytes);
        }
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        let changes: Option<Vec<Change>> =
            fields.text("changes").and_then(|text| serde_json::from_str(text).ok());
        Ok(Self {
            space: fields.key_part("pk", "J#")?,
            entry: JournalEntry {
                seq: seq_of(fields)?,
                commit: fields.get("commit")?,
                user: fields.get("user")?,
                device: fields.get("device")?,
                time: fields.get("time")?,
                changes: changes.ok_or_else(|| fields.error("changes"))?,
            },
            longest_path: fields.maybe_number("longest_path")?,
        })
    }
}

/// What became of a commit id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitIdRow {
    pub(crate) space: SpaceId,
    pub(crate) commit: CommitId,
    pub(crate) seq: u64,
    /// Of actor and operations: the same id with others is refused.
    pub(crate) payload: ContentHash,
    pub(crate) expires_at: Timestamp,
}

impl CommitIdRow {
    pub(crate) fn key_of(space: &SpaceId, commit: &CommitId) -> Key {
        Key::new(format!("I#{space}"), commit.as_str())
    }
}

impl Row for CommitIdRow {
    fn key(&self) -> Key {
        Self::key_of(&self.space, &self.commit)
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .set_number("seq", self.seq)
            .set("payload", self.payload)
            .set_time("expires_at", self.expires_at);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        Ok(Self {
            space: fields.key_part("pk", "I#")?,
            commit: fields.key_part("sk", "")?,
            seq: fields.number("seq")?,
            payload: fields.get("payload")?,
            expires_at: fields.time("expires_at")?,
        })
    }
}
