//! Redeeming an invitation: a new account or a new password, and a token, all or nothing.

use protocol::account::{LoginResponse, RedeemRequest};
use protocol::id::UserId;

use super::invite::{not_first_any_more, used};
use super::login::{Issued, TokenFor};
use super::{AccountState, Accounts, password, valid};
use crate::error::{Result, StoreError, invalid};
use crate::row::Row;
use crate::row::account::{AccountRow, LoginRow, state_text};
use crate::row::token::{InvitationKind, InvitationRow, InvitedRow};
use crate::secret::{Secret, random_bits};
use crate::table::{Expression, Write};

impl Accounts {
    /// Turns an invitation into a token. Works once: the invitation goes in the transaction that
    /// brings the account.
    ///
    /// # Errors
    /// [`StoreError::InvitationInvalid`] for codes unknown, used, expired or overtaken;
    /// [`StoreError::AlreadyExists`] where the chosen login is taken.
    pub async fn redeem(&self, request: RedeemRequest) -> Result<LoginResponse> {
        valid::password(&request.password)?;
        let device = valid::device_name(&request.device_name)?;
        let key = InvitationRow::key_of(&Secret::digest(&request.invitation));
        let invitation = self.table.get::<InvitationRow>(&key).await?;
        let invitation = invitation
            .filter(|row| row.expires_at > self.clock.now())
            .ok_or(StoreError::InvitationInvalid)?;
        let login = request.login.as_deref().map(valid::login).transpose()?;
        let hash = async || password::hash(&request.password).await;
        match &invitation.kind {
            InvitationKind::First => {
                let login = login.ok_or_else(|| invalid("choose a login: your e-mail address"))?;
                self.create(&invitation, login, hash().await?, device).await
            }
            InvitationKind::New { login: invited } => {
                require_same(login.as_deref(), invited)?;
                let hash = hash().await?;
                self.create(&invitation, invited.clone(), hash, device).await
            }
            InvitationKind::Reset { user, token_epoch } => {
                let account = self.table.get::<AccountRow>(&AccountRow::key_of(user)).await?;
                let account = account
                    .filter(|account| account.token_epoch == *token_epoch)
                    .ok_or(StoreError::InvitationInvalid)?;
                require_same(login.as_deref(), &account.login)?;
                self.reset(&invitation, account, hash().await?, device).await
            }
        }
    }

    async fn create(
        &self,
        invitation: &InvitationRow,
        login: String,
        password: Secret,
        device_name: String,
    ) -> Result<LoginResponse> {
        let account = AccountRow {
            user: UserId::from_random(random_bits()),
            login: login.clone(),
            state: AccountState::Active,
            created_at: self.clock.now(),
            password,
            token_epoch: 0,
            disabled_at: None,
        };
        let pending = InvitedRow::key_of(&login);
        let name = LoginRow { login, user: account.user.clone() };
        let issued = self.issue(TokenFor::account(&account, device_name));
        let mut writes = vec![
            used(invitation, self.clock.now()),
            not_first_any_more(invitation),
            Write::put_if(&name, Expression::absent()),
            Write::put_if(&account, Expression::absent()),
            Write::Delete { key: pending, condition: None },
        ];
        writes.extend(issued.writes());
        let outcome = self.table.transact(writes).await?;
        if outcome.is_done() {
            return Ok(issued.response);
        }
        if outcome.failed_at(2) && !outcome.failed_at(0) && !outcome.failed_at(1) {
            let message = format!("'{}' has an account already", account.login);
            return Err(StoreError::AlreadyExists(message));
        }
        Err(StoreError::InvitationInvalid)
    }

    async fn reset(
        &self,
        invitation: &InvitationRow,
        mut account: AccountRow,
        password: Secret,
        device_name: String,
    ) -> Result<LoginResponse> {
        let seen = account.token_epoch;
        account.token_epoch += 1;
        // The administrator who locked the account invited its owner back.
        account.state = AccountState::Active;
        let issued: Issued = self.issue(TokenFor::account(&account, device_name));
        let mut writes =
            vec![used(invitation, self.clock.now()), new_password(&account, &password, seen)];
        writes.extend(issued.writes());
        let written = self.table.transact(writes).await;
        self.remembered.forget_user(&account.user);
        if written?.is_done() {
            self.forgive(&account.login).await?;
            return Ok(issued.response);
        }
        Err(StoreError::InvitationInvalid)
    }
}

/// Sets the password, the state and the token epoch of `account`, if its epoch is still `seen`.
/// Locking changes the epoch, too, so an account that was locked since stays locked.
pub(super) fn new_password(account: &AccountRow, password: &Secret, seen: u64) -> Write {
    Write::Update {
        key: account.key(),
        update: Expression::new(
            "SET #password = :password, #state = :state, #token_epoch = :epoch REMOVE #disabled_at",
        )
        .text(":password", password.reveal())
        .text(":state", state_text(account.state))
        .number(":epoch", account.token_epoch),
        condition: Some(Expression::new("#token_epoch = :seen").number(":seen", seen)),
    }
}

fn require_same(asked: Option<&str>, invited: &str) -> Result<()> {
    match asked {
        Some(asked) if asked != invited => {
            Err(invalid(format!("this invitation is for '{invited}'")))
        }
        _ => Ok(()),
    }
}
