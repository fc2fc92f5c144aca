//! From a token to a person; and the administrator's view of accounts.

use protocol::id::UserId;

use super::{Account, AccountState, Accounts, Identity, valid};
use crate::error::{Result, StoreError};
use crate::row::account::{AccountRow, LoginRow, state_text};
use crate::row::token::TokenRow;
use crate::secret::Secret;
use crate::table::{Expression, Query, Write};

impl Accounts {
    /// Who sends this token. Two strong reads, whose outcome is remembered for
    /// [`super::TOKEN_MEMORY`]: disabling an account or changing its password through another
    /// process counts here after that time at the latest, through this one at once.
    pub async fn authenticate(&self, token: &str) -> Result<Identity> {
        let refused = || {
            let message = "the token is unknown, expired or revoked; log in again";
            StoreError::Unauthenticated(message.to_owned())
        };
        if !token.starts_with("syt_") || token.len() != 4 + 64 {
            return Err(refused());
        }
        let (digest, now) = (Secret::digest(token), self.clock.now());
        if let Some(identity) = self.remembered.find(&digest, now) {
            return Ok(identity);
        }
        let asked = self.remembered.asking(now);
        let token = self.table.get::<TokenRow>(&TokenRow::key_of(&digest)).await?;
        let token = token.filter(|token| token.expires_at > now);
        let token = token.ok_or_else(refused)?;
        let key = AccountRow::key_of(&token.user);
        let account = self.table.get::<AccountRow>(&key).await?;
        let account = account.filter(|account| {
            account.state == AccountState::Active && account.token_epoch == token.token_epoch
        });
        let account = account.ok_or_else(refused)?;
        let identity = Identity { user: token.user, login: account.login, device: token.device };
        self.remembered.keep(digest, identity.clone(), token.expires_at, asked);
        Ok(identity)
    }

    /// Every account, by login.
    pub async fn list(&self) -> Result<Vec<Account>> {
        let query = Query::new(LoginRow::PARTITION);
        let logins = self.table.query(query).await?.rows::<LoginRow>()?;
        let keys = logins.iter().map(|row| AccountRow::key_of(&row.user));
        let mut rows = self.table.batch_get(keys).await?;
        let mut accounts = Vec::new();
        for login in logins {
            let row = rows.take::<AccountRow>(&AccountRow::key_of(&login.user))?;
            accounts.extend(row.map(face));
        }
        Ok(accounts)
    }

    /// The account of a login.
    pub(crate) async fn find(&self, login: &str) -> Result<Account> {
        self.find_row(login).await.map(face)
    }

    pub(super) async fn find_row(&self, login: &str) -> Result<AccountRow> {
        let login = valid::login(login)?;
        let unknown = || StoreError::NotFound(format!("nobody has the login '{login}'"));
        let user = self.user_of(&login).await?.ok_or_else(unknown)?;
        let row = self.table.get::<AccountRow>(&AccountRow::key_of(&user)).await?;
        row.ok_or_else(unknown)
    }

    /// Ends every token of the account and lets nobody log in; tells whose it is. Other processes
    /// believe a token for [`super::TOKEN_MEMORY`] more; credentials for S3 that were handed out
    /// live on until they expire, unless whoever issued them takes them back.
    pub async fn disable(&self, login: &str) -> Result<UserId> {
        self.set_state(login, AccountState::Disabled).await
    }

    /// Lets the account log in again. Tokens of before stay dead.
    pub async fn enable(&self, login: &str) -> Result<UserId> {
        self.set_state(login, AccountState::Active).await
    }

    async fn set_state(&self, login: &str, state: AccountState) -> Result<UserId> {
        let account = self.find(login).await?;
        if account.state == state {
            return Ok(account.id);
        }
        let change = match state {
            AccountState::Disabled => {
                Expression::new("SET #state = :state, #disabled_at = :now ADD #token_epoch :ended")
                    .number(":now", self.clock.now().as_second())
            }
            AccountState::Active => {
                Expression::new("SET #state = :state REMOVE #disabled_at ADD #token_epoch :ended")
            }
        };
        let update = Write::Update {
            key: AccountRow::key_of(&account.id),
            update: change
                .text(":state", state_text(state))
                // Unlocking leaves a reset's code good that was issued while the account was locked.
                .number(":ended", u64::from(state == AccountState::Disabled)),
            condition: Some(Expression::new("attribute_exists(#pk)")),
        };
        let written = self.table.write(update).await;
        // Also where the reply was lost.
        self.remembered.forget_user(&account.id);
        written.map(|_| account.id)
    }
}

fn face(row: AccountRow) -> Account {
    let disabled_at = row.disabled_at.filter(|_| row.state == AccountState::Disabled);
    let AccountRow { user: id, login, state, created_at, .. } = row;
    Account { id, login, state, created_at, disabled_at }
}
