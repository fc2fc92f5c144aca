//! Invitations: made by whoever may write the table, redeemed by whoever has the code.

use protocol::id::UserId;

use super::{Accounts, INVITATION_LIFETIME, Invitation, valid};
use crate::error::{Result, StoreError, unavailable};
use crate::row::Row;
use crate::row::account::{FirstUserRow, LoginRow};
use crate::row::token::{InvitationKind, InvitationRow};
use crate::secret::Secret;
use crate::table::{Expression, Write, pause};

const ATTEMPTS: u32 = 8;

impl Accounts {
    /// An invitation for the first user, while there is no account; it replaces an earlier one.
    ///
    /// Making it, redeeming it and making any account all touch one row under a condition, so
    /// that two "first" users can't come to be, however the calls interleave.
    pub async fn invite_first(&self) -> Result<Option<Invitation>> {
        for attempt in 0..ATTEMPTS {
            let before = self.table.get::<FirstUserRow>(&FirstUserRow::key_of()).await?;
            if before.as_ref().is_some_and(|row| row.done) {
                return Ok(None);
            }
            let (invitation, row) = self.made(InvitationKind::First);
            let first = FirstUserRow { invitation: Some(row.digest.clone()), done: false };
            let replaced = before.and_then(|row| row.invitation);
            let condition = match &replaced {
                None => Expression::absent(),
                Some(digest) => Expression::new("#invitation = :replaced AND #done = :no")
                    .text(":replaced", digest)
                    .flag(":no", false),
            };
            let mut writes = vec![Write::put_if(&first, condition), Write::put(&row)];
            writes.extend(replaced.map(|digest| Write::Delete {
                key: InvitationRow::key_of(&digest),
                condition: None,
            }));
            if self.table.transact(writes).await?.is_done() {
                return Ok(Some(invitation));
            }
            pause(attempt).await;
        }
        Err(unavailable("inviting the first user", &"others did the same"))
    }

    /// An invitation to make the account `login`.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] where the login has an account.
    pub async fn invite(&self, login: &str) -> Result<Invitation> {
        let login = valid::login(login)?;
        if self.user_of(&login).await?.is_some() {
            let message = format!("'{login}' has an account already");
            return Err(StoreError::AlreadyExists(message));
        }
        self.keep(InvitationKind::New { login }).await
    }

    /// An invitation to set a new password; redeeming it ends every token of the account, and
    /// unlocks one that was disabled before the invitation. It works until the account is disabled
    /// or gets another password.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the login has no account.
    pub async fn invite_reset(&self, login: &str) -> Result<Invitation> {
        let account = self.find_row(login).await?;
        let (user, token_epoch) = (account.user, account.token_epoch);
        self.keep(InvitationKind::Reset { user, token_epoch }).await
    }

    async fn keep(&self, kind: InvitationKind) -> Result<Invitation> {
        let (invitation, row) = self.made(kind);
        self.table.write(Write::put(&row)).await?;
        Ok(invitation)
    }

    fn made(&self, kind: InvitationKind) -> (Invitation, InvitationRow) {
        let code = Secret::random("syi_");
        let expires_at = self.clock.now() + INVITATION_LIFETIME;
        let row = InvitationRow { digest: Secret::digest(code.reveal()), kind, expires_at };
        let code = code.reveal().to_owned();
        (Invitation { code, expires_at }, row)
    }

    pub(super) async fn user_of(&self, login: &str) -> Result<Option<UserId>> {
        let row = self.table.get::<LoginRow>(&LoginRow::key_of(login)).await?;
        Ok(row.map(|row| row.user))
    }
}

/// Uses an invitation up, if it is still there.
pub(super) fn used(row: &InvitationRow, now: jiff::Timestamp) -> Write {
    Write::Delete {
        key: row.key(),
        condition: Some(
            Expression::new("attribute_exists(#pk) AND #expires_at > :now")
                .number(":now", now.as_second()),
        ),
    }
}

/// Notes that an account was made; for the first user's invitation only if it is the first.
pub(super) fn not_first_any_more(row: &InvitationRow) -> Write {
    let condition = (row.kind == InvitationKind::First).then(|| {
        Expression::new("#invitation = :digest AND #done = :no")
            .text(":digest", &row.digest)
            .flag(":no", false)
    });
    Write::Update {
        key: FirstUserRow::key_of(),
        update: Expression::new("SET #done = :yes REMOVE #invitation").flag(":yes", true),
        condition,
    }
}
