//! Accounts, invitations, logins and devices.
//!
//! Needs nothing but the table, so that `syncctl user` can do its work without bucket or roles.

mod device;
mod identity;
mod invite;
mod login;
mod password;
mod redeem;
mod remembered;
mod throttle;
mod valid;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use protocol::id::{DeviceId, UserId};

pub use remembered::TOKEN_MEMORY;
pub use throttle::{SOURCE_WINDOW, SourceFailures};

use crate::clock::Clock;
use crate::config::StoreConfig;
use crate::table::Table;

use remembered::Remembered;

/// Who is asking: the outcome of [`Accounts::authenticate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub user: UserId,
    pub login: String,
    pub device: DeviceId,
}

/// A single-use code that makes an account or sets a new password.
#[derive(Clone)]
pub struct Invitation {
    /// `syi_…`; shown once and stored nowhere.
    pub code: String,
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// An invitation that was made and not redeemed yet. The code itself is known to nobody here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingInvitation {
    /// `None`: for the first user, who chooses the login.
    pub login: Option<String>,
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: UserId,
    pub login: String,
    pub state: AccountState,
    pub created_at: Timestamp,
    /// `None` for an active account, and for one that an earlier release has disabled.
    pub disabled_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    Active,
    Disabled,
}

/// How long an invitation can be redeemed.
pub const INVITATION_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// The accounts of one service. Cheap to clone; clones share what they remember.
#[derive(Clone)]
pub struct Accounts {
    table: Table,
    clock: Arc<dyn Clock>,
    token_lifetime: Duration,
    remembered: Arc<Remembered>,
}

impl Accounts {
    pub fn new(
        dynamodb: aws_sdk_dynamodb::Client,
        table: impl AsRef<str>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::with_table(Table::new(dynamodb, table.as_ref()), clock)
    }

    pub(crate) fn with_table(table: Table, clock: Arc<dyn Clock>) -> Self {
        let token_lifetime = StoreConfig::TOKEN_LIFETIME;
        Self { table, clock, token_lifetime, remembered: Arc::default() }
    }

    pub(crate) fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }
}
