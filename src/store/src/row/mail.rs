//! The outbox: changes that wait to be gathered, and messages that wait to be sent.

use jiff::Timestamp;
use protocol::id::{SpaceId, UserId};

use super::{Fields, Key, Row, RowError, padded};

/// The changes of a space that no message covers yet: journal rows `from` to `to`.
///
/// All spaces share one partition, which bounds commits to spaces with subscribers to about 500 a
/// second for the whole service; a shard number in the key would lift that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingRow {
    pub(crate) space: SpaceId,
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// When the first of them was committed.
    pub(crate) since: Timestamp,
    /// Set by whoever composes, and kept when he dies: the range may not move, or a message that
    /// was sent already would be made again under another name.
    pub(crate) composing: Option<Composing>,
}

/// A composition under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Composing {
    /// The last journal row of this digest.
    pub(crate) through: u64,
    /// Members up to this one have their message.
    pub(crate) done: Option<UserId>,
    pub(crate) lease: String,
    pub(crate) until: Timestamp,
}

impl PendingRow {
    pub(crate) const PARTITION: &str = "MAIL#PENDING";

    pub(crate) fn key_of(space: &SpaceId) -> Key {
        Key::new(Self::PARTITION, space.as_str())
    }
}

impl Row for PendingRow {
    fn key(&self) -> Key {
        Self::key_of(&self.space)
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .set_number("first_seq", self.from)
            .set_number("last_seq", self.to)
            .set_time("since", self.since);
        if let Some(composing) = &self.composing {
            fields
                .set_number("through", composing.through)
                .set_some("done", composing.done.as_ref())
                .set("lease", &composing.lease)
                .set_time("lease_until", composing.until);
        }
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        let composing = match fields.maybe_number("through")? {
            None => None,
            Some(through) => Some(Composing {
                through,
                done: fields.maybe("done")?,
                lease: fields.get("lease")?,
                until: fields.time("lease_until")?,
            }),
        };
        Ok(Self {
            space: fields.key_part("sk", "")?,
            from: fields.number("first_seq")?,
            to: fields.number("last_seq")?,
            since: fields.time("since")?,
            composing,
        })
    }
}

/// One message to one member about journal rows `from` to `to`. The key is the dedupe key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageRow {
    pub(crate) space: SpaceId,
    pub(crate) user: UserId,
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// Deliveries that failed.
    pub(crate) failures: u32,
    /// Nobody takes it before this: a lease, or a pause after a failure.
    pub(crate) not_before: Timestamp,
    /// Who took it last; only he may say what became of it.
    pub(crate) lease: Option<String>,
}

impl MessageRow {
    pub(crate) const PARTITION: &str = "MAIL#MSG";
    pub(crate) const DEAD: &str = "MAIL#DEAD";

    pub(crate) fn sort_key(&self) -> String {
        let (from, to) = (padded(self.from), padded(self.to));
        format!("{}#{from}-{to}#{}", self.space, self.user)
    }
}

impl Row for MessageRow {
    fn key(&self) -> Key {
        Key::new(Self::PARTITION, self.sort_key())
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .set_number("failures", self.failures)
            .set_time("not_before", self.not_before)
            .set_some("lease", self.lease.as_ref());
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        let key: String = fields.key_part("sk", "")?;
        let mut parts = key.split('#');
        let parsed = (|| {
            let space = parts.next()?.parse().ok()?;
            let (from, to) = parts.next()?.split_once('-')?;
            let user = parts.next()?.parse().ok()?;
            Some((space, from.parse().ok()?, to.parse().ok()?, user))
        })();
        let (space, from, to, user) = parsed.ok_or_else(|| fields.error("sk"))?;
        Ok(Self {
            space,
            user,
            from,
            to,
            failures: fields.number("failures")?,
            not_before: fields.time("not_before")?,
            lease: fields.maybe("lease")?,
        })
    }
}
