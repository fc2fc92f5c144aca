//! Invitations: made by whoever may write the table, redeemed by whoever has the code.

use protocol::id::UserId;

use super::{Accounts, INVITATION_LIFETIME, Invitation, PendingInvitation, valid};
use crate::error::{Result, StoreError, unavailable};
use crate::row::Row;
use crate::row::account::{FirstUserRow, LoginRow};
use crate::row::token::{InvitationKind, InvitationRow, InvitedRow};
use crate::secret::Secret;
use crate::table::{Expression, Query, Write, pause};

const ATTEMPTS: u32 = 8;

/// What becomes of an invitation that waits already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Earlier {
    Keep,
    End,
}

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
    /// [`StoreError::AlreadyExists`] where the login has an account;
    /// [`StoreError::InvitationPending`] where it has an invitation that can still be redeemed.
    pub async fn invite(&self, login: &str) -> Result<Invitation> {
        self.invite_login(login, Earlier::Keep).await
    }

    /// [`Accounts::invite`], and ends the invitation that the login had.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] where the login has an account.
    pub async fn invite_again(&self, login: &str) -> Result<Invitation> {
        self.invite_login(login, Earlier::End).await
    }

    async fn invite_login(&self, login: &str, earlier: Earlier) -> Result<Invitation> {
        let login = valid::login(login)?;
        for attempt in 0..ATTEMPTS {
            let key = InvitedRow::key_of(&login);
            let (user, before) =
                tokio::try_join!(self.user_of(&login), self.table.get::<InvitedRow>(&key))?;
            if user.is_some() {
                let message = format!("'{login}' has an account already");
                return Err(StoreError::AlreadyExists(message));
            }
            if let Some(row) = &before
                && earlier == Earlier::Keep
                && row.expires_at > self.clock.now()
            {
                return Err(StoreError::InvitationPending { login, until: row.expires_at });
            }
            let (invitation, row) = self.made(InvitationKind::New { login: login.clone() });
            let pending = InvitedRow {
                login: login.clone(),
                digest: row.digest.clone(),
                expires_at: row.expires_at,
            };
            let condition = match &before {
                None => Expression::absent(),
                Some(row) => Expression::new("#invitation = :seen").text(":seen", &row.digest),
            };
            let mut writes = vec![Write::put_if(&pending, condition), Write::put(&row)];
            writes.extend(before.map(|row| Write::Delete {
                key: InvitationRow::key_of(&row.digest),
                condition: None,
            }));
            if self.table.transact(writes).await?.is_done() {
                return Ok(invitation);
            }
            pause(attempt).await;
        }
        Err(unavailable("inviting", &"others did the same"))
    }

    /// Invitations to new accounts that can still be redeemed, the first user's first, then by
    /// login.
    pub async fn pending(&self) -> Result<Vec<PendingInvitation>> {
        let now = self.clock.now();
        let mut pending = Vec::new();
        let first = self.table.get::<FirstUserRow>(&FirstUserRow::key_of()).await?;
        if let Some(digest) = first.and_then(|row| row.invitation) {
            let row = self.table.get::<InvitationRow>(&InvitationRow::key_of(&digest)).await?;
            pending.extend(row.map(|row| (None, row.expires_at)));
        }
        let rows = self.table.query(Query::new(InvitedRow::PARTITION)).await?;
        let rows = rows.rows::<InvitedRow>()?;
        pending.extend(rows.into_iter().map(|row| (Some(row.login), row.expires_at)));
        pending.retain(|(_, expires_at)| *expires_at > now);
        let pending = pending.into_iter();
        Ok(pending.map(|(login, expires_at)| PendingInvitation { login, expires_at }).collect())
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
