//! Invitations, devices, tokens and failed logins. Secrets appear as SHA-256 digests only.

use jiff::Timestamp;
use protocol::id::{DeviceId, UserId};

use super::account::AccountRow;
use super::{Fields, Key, Row, RowError};

/// What an invitation is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InvitationKind {
    /// The first account, under a login of the redeemer's choice.
    First,
    /// An account under this login.
    New { login: String },
    /// A new password for an account, as long as it has this token epoch: whatever changes the
    /// epoch ends the codes of before.
    Reset { user: UserId, token_epoch: u64 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvitationRow {
    pub(crate) digest: String,
    pub(crate) kind: InvitationKind,
    pub(crate) expires_at: Timestamp,
}

impl InvitationRow {
    pub(crate) fn key_of(digest: &str) -> Key {
        Key::new(format!("INV#{digest}"), "-")
    }
}

impl Row for InvitationRow {
    fn key(&self) -> Key {
        Self::key_of(&self.digest)
    }

    fn write(&self, fields: &mut Fields) {
        match &self.kind {
            InvitationKind::First => fields.set("kind", "first"),
            InvitationKind::New { login } => fields.set("kind", "new").set("login", login),
            InvitationKind::Reset { user, token_epoch } => fields
                .set("kind", "reset")
                .set("user", user)
                .set_number("token_epoch", *token_epoch),
        };
        fields.set_time("expires_at", self.expires_at);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        let kind = match fields.text("kind") {
            Some("first") => InvitationKind::First,
            Some("new") => InvitationKind::New { login: fields.get("login")? },
            Some("reset") => InvitationKind::Reset {
                user: fields.get("user")?,
                token_epoch: fields.number("token_epoch")?,
            },
            _ => return Err(fields.error("kind")),
        };
        Ok(Self {
            digest: fields.key_part("pk", "INV#")?,
            kind,
            expires_at: fields.time("expires_at")?,
        })
    }
}

/// The invitation that waits for one login: finds it, so that it can be listed and replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvitedRow {
    pub(crate) login: String,
    /// Of the invitation.
    pub(crate) digest: String,
    pub(crate) expires_at: Timestamp,
}

impl InvitedRow {
    pub(crate) const PARTITION: &str = "INVITATIONS";

    pub(crate) fn key_of(login: &str) -> Key {
        Key::new(Self::PARTITION, login)
    }
}

impl Row for InvitedRow {
    fn key(&self) -> Key {
        Self::key_of(&self.login)
    }

    fn write(&self, fields: &mut Fields) {
        fields.set("invitation", &self.digest).set_time("expires_at", self.expires_at);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        Ok(Self {
            login: fields.key_part("sk", "")?,
            digest: fields.get("invitation")?,
            expires_at: fields.time("expires_at")?,
        })
    }
}

/// One login of a user: for the list of devices, and to find the token that must go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceRow {
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) name: String,
    pub(crate) token_digest: String,
    pub(crate) token_epoch: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl DeviceRow {
    pub(crate) fn key_of(user: &UserId, device: &DeviceId) -> Key {
        Key::new(AccountRow::partition(user), format!("DEV#{device}"))
    }
}

impl Row for DeviceRow {
    fn key(&self) -> Key {
        Self::key_of(&self.user, &self.device)
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .set("name", &self.name)
            .set("token", &self.token_digest)
            .set_number("token_epoch", self.token_epoch)
            .set_time("created_at", self.created_at)
            .set_time("expires_at", self.expires_at);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        Ok(Self {
            user: fields.key_part("pk", "U#")?,
            device: fields.key_part("sk", "DEV#")?,
            name: fields.get("name")?,
            token_digest: fields.get("token")?,
            token_epoch: fields.number("token_epoch")?,
            created_at: fields.time("created_at")?,
            expires_at: fields.time("expires_at")?,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenRow {
    pub(crate) digest: String,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) token_epoch: u64,
    pub(crate) expires_at: Timestamp,
}

impl TokenRow {
    pub(crate) fn key_of(digest: &str) -> Key {
        Key::new(format!("T#{digest}"), "-")
    }
}

impl Row for TokenRow {
    fn key(&self) -> Key {
        Self::key_of(&self.digest)
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .set("user", &self.user)
            .set("device", &self.device)
            .set_number("token_epoch", self.token_epoch)
            .set_time("expires_at", self.expires_at);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        Ok(Self {
            digest: fields.key_part("pk", "T#")?,
            user: fields.get("user")?,
            device: fields.get("device")?,
            token_epoch: fields.number("token_epoch")?,
            expires_at: fields.time("expires_at")?,
        })
    }
}

/// Failed logins under one name, whether or not it has an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ThrottleRow {
    pub(crate) login: String,
    pub(crate) failures: u64,
    /// Attempts before this are refused unseen.
    pub(crate) blocked_until: Timestamp,
    /// The failures are forgotten then.
    pub(crate) expires_at: Timestamp,
}

impl ThrottleRow {
    pub(crate) fn key_of(login: &str) -> Key {
        Key::new(format!("THROTTLE#{login}"), "-")
    }
}

impl Row for ThrottleRow {
    fn key(&self) -> Key {
        Self::key_of(&self.login)
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .set_number("failures", self.failures)
            .set_time("blocked_until", self.blocked_until)
            .set_time("expires_at", self.expires_at);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        Ok(Self {
            login: fields.key_part("pk", "THROTTLE#")?,
            failures: fields.number("failures")?,
            blocked_until: fields.time("blocked_until")?,
            expires_at: fields.time("expires_at")?,
        })
    }
}

/// Failed attempts of one source in one window. Written by counting up, never as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceRow {
    pub(crate) source: String,
    /// Number of the window since 1970.
    pub(crate) window: i64,
    pub(crate) failures: u64,
    pub(crate) expires_at: Timestamp,
}

impl SourceRow {
    pub(crate) fn key_of(source: &str, window: i64) -> Key {
        Key::new(format!("SOURCE#{source}"), format!("W#{window}"))
    }
}

impl Row for SourceRow {
    fn key(&self) -> Key {
        Self::key_of(&self.source, self.window)
    }

    fn write(&self, fields: &mut Fields) {
        fields.set_number("failures", self.failures).set_time("expires_at", self.expires_at);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        Ok(Self {
            source: fields.key_part("pk", "SOURCE#")?,
            window: fields.key_part("sk", "W#")?,
            failures: fields.number("failures")?,
            expires_at: fields.time("expires_at")?,
        })
    }
}
