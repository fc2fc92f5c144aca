//! Logging in, and the token that comes of it.

use jiff::Timestamp;
use protocol::account::{ChangePasswordRequest, LoginRequest, LoginResponse, User};
use protocol::id::{DeviceId, UserId};

use super::redeem::new_password;
use super::{AccountState, Accounts, Identity, password, valid};
use crate::error::{Result, StoreError, unavailable};
use crate::row::Row;
use crate::row::account::{AccountRow, state_text};
use crate::row::token::{DeviceRow, TokenRow};
use crate::secret::{Secret, random_bits};
use crate::table::{Expression, Write};

impl Accounts {
    /// Login name and password for a token. Unknown names cost the same reads and hashing.
    pub async fn login(&self, request: LoginRequest) -> Result<LoginResponse> {
        let device = valid::device_name(&request.device_name)?;
        let login = valid::login(&request.login)?;
        self.count_attempt(&login).await?;
        let nobody = || UserId::from_random(random_bits());
        let user = self.user_of(&login).await?.unwrap_or_else(nobody);
        let account = self.table.get::<AccountRow>(&AccountRow::key_of(&user)).await?;
        let stored = account.as_ref().map(|account| &account.password);
        let fits = password::verify(&request.password, stored).await?;
        let account = account.filter(|account| fits && account.state == AccountState::Active);
        let account = account.ok_or(StoreError::BadCredentials)?;
        let issued = self.issue(TokenFor::account(&account, device));
        let mut writes = vec![Write::Check {
            key: account.key(),
            condition: Expression::new("#state = :active AND #token_epoch = :seen")
                .text(":active", state_text(AccountState::Active))
                .number(":seen", account.token_epoch),
        }];
        writes.extend(issued.writes());
        // Disabled, or another password, since the read above.
        if !self.table.transact(writes).await?.is_done() {
            return Err(StoreError::BadCredentials);
        }
        self.forgive(&login).await?;
        Ok(issued.response)
    }

    /// A new password; every other device's token ends in the same moment.
    pub async fn change_password(
        &self,
        identity: &Identity,
        request: ChangePasswordRequest,
    ) -> Result<()> {
        valid::password(&request.new)?;
        self.count_attempt(&identity.login).await?;
        let device_key = DeviceRow::key_of(&identity.user, &identity.device);
        let account_key = AccountRow::key_of(&identity.user);
        let (account, device) = tokio::try_join!(
            self.table.get::<AccountRow>(&account_key),
            self.table.get::<DeviceRow>(&device_key)
        )?;
        let account = account.filter(|account| account.state == AccountState::Active);
        let (Some(mut account), Some(device)) = (account, device) else {
            return Err(StoreError::BadCredentials);
        };
        if !password::verify(&request.current, Some(&account.password)).await? {
            return Err(StoreError::BadCredentials);
        }
        let hash = password::hash(&request.new).await?;
        let seen = account.token_epoch;
        account.token_epoch += 1;
        let keep = |key| Write::Update {
            key,
            update: Expression::new("SET #token_epoch = :epoch").number(":epoch", seen + 1),
            condition: Some(Expression::new("attribute_exists(#pk)")),
        };
        let writes = vec![
            new_password(&account, &hash, seen),
            keep(device_key),
            keep(TokenRow::key_of(&device.token_digest)),
        ];
        let written = self.table.transact(writes).await;
        self.remembered.forget_user(&identity.user);
        if !written?.is_done() {
            return Err(unavailable("changing the password", &"the account changed meanwhile"));
        }
        self.forgive(&identity.login).await
    }

    pub(super) fn issue(&self, whose: TokenFor) -> Issued {
        let now = self.clock.now();
        let token = Secret::random("syt_");
        let digest = Secret::digest(token.reveal());
        let expires_at: Timestamp = now + self.token_lifetime;
        let device = DeviceRow {
            user: whose.user.id.clone(),
            device: DeviceId::from_random(random_bits()),
            name: whose.device_name,
            token_digest: digest.clone(),
            token_epoch: whose.token_epoch,
            created_at: now,
            expires_at,
        };
        let row = TokenRow {
            digest,
            user: whose.user.id.clone(),
            device: device.device.clone(),
            token_epoch: whose.token_epoch,
            expires_at,
        };
        let response = LoginResponse {
            token: token.reveal().to_owned(),
            expires_at: expires_at.to_string(),
            user: whose.user,
            device: device.device.clone(),
        };
        Issued { response, device, token: row }
    }
}

/// For whom and what a token is made.
pub(super) struct TokenFor {
    user: User,
    token_epoch: u64,
    device_name: String,
}

impl TokenFor {
    pub(super) fn account(account: &AccountRow, device_name: String) -> Self {
        Self {
            user: User { id: account.user.clone(), login: account.login.clone() },
            token_epoch: account.token_epoch,
            device_name,
        }
    }
}

/// A token that counts once its rows are written.
pub(super) struct Issued {
    pub(super) response: LoginResponse,
    device: DeviceRow,
    token: TokenRow,
}

impl Issued {
    pub(super) fn writes(&self) -> [Write; 2] {
        [
            Write::put_if(&self.device, Expression::absent()),
            Write::put_if(&self.token, Expression::absent()),
        ]
    }
}
