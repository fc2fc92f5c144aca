//! A member's own choice whether to get mail (FS-6).

use protocol::id::{SpaceId, UserId};
use protocol::space::{MailMode, MailRequest, Role};

use crate::error::{Result, StoreError, no_such_space, unavailable};
use crate::row::member::MemberRow;
use crate::table::pause;
use crate::{Identity, Store};

const ATTEMPTS: u32 = 8;

impl Store {
    /// Turns the caller's mail about this space on or off. Mail tells of what happens from now on.
    pub async fn set_mail(
        &self,
        identity: &Identity,
        space: &SpaceId,
        request: MailRequest,
    ) -> Result<()> {
        self.authorize(identity, space, Role::Viewer).await?;
        self.set_mail_mode(&identity.user, space, request.mode).await
    }

    /// The link of a mail: whoever has the secret may turn this member's mail off, nothing else.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a wrong secret as for a member who is gone.
    pub async fn unsubscribe(&self, space: &SpaceId, user: &UserId, secret: &str) -> Result<()> {
        let key = MemberRow::key_of(space, user);
        let row = self.inner.table.get::<MemberRow>(&key).await?;
        let row = row.filter(|row| row.unsubscribe.matches(secret));
        let Some(row) = row else {
            let message = "this link does not work any more";
            return Err(StoreError::NotFound(message.to_owned()));
        };
        self.set_mail_mode(&row.user, space, MailMode::Off).await
    }

    async fn set_mail_mode(&self, user: &UserId, space: &SpaceId, mode: MailMode) -> Result<()> {
        for attempt in 0..ATTEMPTS {
            let key = MemberRow::key_of(space, user);
            let before = self.inner.table.get::<MemberRow>(&key).await?;
            let before = before.ok_or_else(no_such_space)?;
            if before.mail == mode {
                return Ok(());
            }
            let after =
                MemberRow { mail: mode, mail_after: self.head(space).await?, ..before.clone() };
            let change = self.change_member(user, Some(&before), Some(&after));
            if change.await?.is_done() {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(unavailable("changing mail", &"the membership kept changing"))
    }
}
