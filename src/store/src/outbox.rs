//! Mail about changes (FS-6): what is to be told to whom, and that it is told.
//!
//! A commit to a space with subscribers notes its journal row in the same transaction. When the
//! interval is over, somebody composes: one message row per subscriber, together with moving the
//! note on. Message rows are then taken under a lease, sent, and deleted. Whatever dies in
//! between, the lease runs out and somebody else goes on. A message is sent twice only where its
//! sender died, or did not hear the mail service's answer, after that took it and before the row was deleted.

mod compose;
mod digest;
mod take;

use std::time::Duration;

use jiff::Timestamp;
use protocol::account::User;
use protocol::changes::Action;
use protocol::file::NodeKind;
use protocol::id::SpaceId;
use protocol::name::SpacePath;

use crate::Store;
use crate::error::Result;
use crate::row::mail::MessageRow;
use crate::secret::Secret;

/// Changes that a digest names for each person; it counts the rest.
pub const MAX_LINES: usize = 50;

/// Deliveries after which a message is given up.
pub const MAX_FAILURES: u32 = 8;

/// One message: everything others did in a space, for one member.
#[derive(Clone, Debug)]
pub struct Digest {
    pub to: User,
    pub space: SpaceId,
    pub space_name: String,
    /// The journal rows it tells of.
    pub first_seq: u64,
    pub last_seq: u64,
    /// Who did something, in the order of their first change.
    pub people: Vec<PersonChanges>,
    /// For the unsubscribe link; good for nothing else.
    pub unsubscribe: Secret,
    row: MessageRow,
}

impl Digest {
    /// The same for every delivery of the same message: for a `Message-ID`.
    pub fn message_id(&self) -> String {
        format!("{}.{}-{}.{}", self.space, self.first_seq, self.last_seq, self.to.id)
    }

    /// Changes in all, those not listed included.
    pub fn count(&self) -> usize {
        let counts = self.people.iter();
        counts.map(|person| person.changes.len() + person.more).sum()
    }
}

/// What one person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonChanges {
    /// `None` where the person is no member any more.
    pub login: Option<String>,
    /// At most [`MAX_LINES`].
    pub changes: Vec<ChangeLine>,
    /// How many more there are.
    pub more: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeLine {
    pub action: Action,
    pub kind: NodeKind,
    /// As it is now, for whoever looks after reading the mail.
    pub path: SpacePath,
}

/// The outbox of one service; any number of processes may work on it.
#[derive(Clone)]
pub struct Outbox {
    store: Store,
}

impl Outbox {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Composes what has been gathering for `interval`, and takes some messages to be sent, each
    /// for the time of `lease`. Tell the outcome by [`Outbox::sent`] or [`Outbox::failed`].
    pub async fn take_due(
        &self,
        now: Timestamp,
        interval: Duration,
        lease: Duration,
    ) -> Result<Vec<Digest>> {
        self.compose_due(now, interval, lease).await?;
        self.take(now, lease).await
    }
}
