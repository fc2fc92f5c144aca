//! Accounts, login names, and the row that knows whether there ever was a first user.

use jiff::Timestamp;
use protocol::id::UserId;

use super::{Fields, Key, Row, RowError};
use crate::accounts::AccountState;
use crate::secret::Secret;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountRow {
    pub(crate) user: UserId,
    pub(crate) login: String,
    pub(crate) state: AccountState,
    pub(crate) created_at: Timestamp,
    /// PHC string, `$argon2id$…`.
    pub(crate) password: Secret,
    /// A token made under another number has ended.
    pub(crate) token_epoch: u64,
    /// Of a disabled account; absent where an earlier release has disabled it.
    pub(crate) disabled_at: Option<Timestamp>,
}

impl AccountRow {
    pub(crate) fn partition(user: &UserId) -> String {
        format!("U#{user}")
    }

    pub(crate) fn key_of(user: &UserId) -> Key {
        Key::new(Self::partition(user), "ACCOUNT")
    }
}

/// The stored word for an account's state.
pub(crate) const fn state_text(state: AccountState) -> &'static str {
    match state {
        AccountState::Active => "active",
        AccountState::Disabled => "disabled",
    }
}

impl Row for AccountRow {
    fn key(&self) -> Key {
        Self::key_of(&self.user)
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .set("login", &self.login)
            .set("state", state_text(self.state))
            .set_time("created_at", self.created_at)
            .set("password", self.password.reveal())
            .set_number("token_epoch", self.token_epoch);
        if let Some(at) = self.disabled_at {
            fields.set_time("disabled_at", at);
        }
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        let state = [AccountState::Active, AccountState::Disabled]
            .into_iter()
            .find(|state| fields.text("state") == Some(state_text(*state)));
        Ok(Self {
            user: fields.key_part("pk", "U#")?,
            login: fields.get("login")?,
            state: state.ok_or_else(|| fields.error("state"))?,
            created_at: fields.time("created_at")?,
            password: Secret::new(fields.get::<String>("password")?),
            token_epoch: fields.number("token_epoch")?,
            disabled_at: fields.maybe_time("disabled_at")?,
        })
    }
}

/// Makes a login name unique, finds its account, and is the list of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoginRow {
    pub(crate) login: String,
    pub(crate) user: UserId,
}

impl LoginRow {
    pub(crate) const PARTITION: &str = "ACCOUNTS";

    pub(crate) fn key_of(login: &str) -> Key {
        Key::new(Self::PARTITION, login)
    }
}

impl Row for LoginRow {
    fn key(&self) -> Key {
        Self::key_of(&self.login)
    }

    fn write(&self, fields: &mut Fields) {
        fields.set("user", &self.user);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        Ok(Self { login: fields.key_part("sk", "")?, user: fields.get("user")? })
    }
}

/// The one row that every new account touches, so that "no account exists" can be a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FirstUserRow {
    /// Digest of the invitation that is valid now.
    pub(crate) invitation: Option<String>,
    /// Whether some account was ever made.
    pub(crate) done: bool,
}

impl FirstUserRow {
    pub(crate) fn key_of() -> Key {
        Key::new("ACCOUNTS#FIRST", "-")
    }
}

impl Row for FirstUserRow {
    fn key(&self) -> Key {
        Self::key_of()
    }

    fn write(&self, fields: &mut Fields) {
        fields.set_some("invitation", self.invitation.as_ref()).set_flag("done", self.done);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        Ok(Self { invitation: fields.maybe("invitation")?, done: fields.flag("done")? })
    }
}
