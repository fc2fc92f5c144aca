//! Who is a member: sharing, changing a role, removing.
//!
//! The number of owners is kept on the space's row, so that "never without an owner" is a
//! condition of the same transaction that takes one away.

use protocol::account::User;
use protocol::id::{SpaceId, UserId};
use protocol::space::{MailMode, Member, MemberList, Role, ShareRequest};

use super::way_back;
use crate::error::{Result, StoreError, invalid, unavailable};
use crate::row::Row;
use crate::row::member::{MemberRow, mail_text, role_text};
use crate::row::space::SpaceRow;
use crate::secret::Secret;
use crate::table::{Expression, Outcome, Query, Write, pause};
use crate::{Identity, Store};

/// How often a change is decided anew because somebody else changed the same membership.
const ATTEMPTS: u32 = 8;

impl Store {
    /// Everybody in the space, by login.
    pub async fn members(&self, identity: &Identity, space: &SpaceId) -> Result<MemberList> {
        let (_, rows) = tokio::try_join!(
            self.authorize(identity, space, Role::Viewer),
            self.member_rows(space)
        )?;
        let mut members: Vec<Member> = rows.into_iter().map(face).collect();
        members.sort_by(|a, b| a.user.login.cmp(&b.user.login));
        Ok(MemberList { members })
    }

    pub(crate) async fn member_rows(&self, space: &SpaceId) -> Result<Vec<MemberRow>> {
        let query = Query::new(MemberRow::partition(space)).prefix("U#");
        self.inner.table.query(query).await?.rows()
    }

    /// Gives somebody who has an account a role, or changes it. Owners only.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the login has no account, [`StoreError::Forbidden`] where
    /// the space would lose its last owner.
    pub async fn share(
        &self,
        identity: &Identity,
        space: &SpaceId,
        request: ShareRequest,
    ) -> Result<Member> {
        self.authorize(identity, space, Role::Owner).await?;
        let account = self.inner.accounts.find(&request.login).await?;
        for attempt in 0..ATTEMPTS {
            self.authorize(identity, space, Role::Owner).await?;
            let key = MemberRow::key_of(space, &account.id);
            let before = self.inner.table.get::<MemberRow>(&key).await?;
            let after = MemberRow {
                role: request.role,
                ..before.clone().unwrap_or_else(|| MemberRow {
                    space: space.clone(),
                    user: account.id.clone(),
                    login: account.login.clone(),
                    role: request.role,
                    mail: MailMode::Off,
                    mail_after: 0,
                    unsubscribe: Secret::random(""),
                    since: self.now(),
                })
            };
            if before.as_ref() == Some(&after) {
                return Ok(face(after));
            }
            let outcome = self.change_member(&identity.user, before.as_ref(), Some(&after)).await?;
            if outcome.is_done() {
                return Ok(face(after));
            }
            refuse_last_owner(&outcome, before.as_ref())?;
            pause(attempt).await;
        }
        Err(unavailable("sharing", &"the membership kept changing"))
    }

    /// Takes a membership away, at once for everything but S3 credentials already issued, which
    /// live for an hour at most. Owners remove anybody, everybody may leave.
    pub async fn remove_member(
        &self,
        identity: &Identity,
        space: &SpaceId,
        user: &UserId,
    ) -> Result<()> {
        let least = if *user == identity.user { Role::Viewer } else { Role::Owner };
        for attempt in 0..ATTEMPTS {
            self.authorize(identity, space, least).await?;
            let key = MemberRow::key_of(space, user);
            let before = self.inner.table.get::<MemberRow>(&key).await?;
            let before = before.ok_or_else(|| StoreError::NotFound("no such member".to_owned()))?;
            let outcome = self.change_member(&identity.user, Some(&before), None).await?;
            if outcome.is_done() {
                return Ok(());
            }
            refuse_last_owner(&outcome, Some(&before))?;
            pause(attempt).await;
        }
        Err(unavailable("removing a member", &"the membership kept changing"))
    }

    /// Replaces a membership if it is still `before` and the caller may still do so.
    pub(super) async fn change_member(
        &self,
        actor: &UserId,
        before: Option<&MemberRow>,
        after: Option<&MemberRow>,
    ) -> Result<Outcome> {
        let Some(row) = after.or(before) else {
            return Err(invalid("nothing to change"));
        };
        let mut writes = vec![counters(&row.space, before, after)];
        writes.extend(replacement(before, after));
        if row.user != *actor {
            writes.push(Write::Check {
                key: MemberRow::key_of(&row.space, actor),
                condition: Expression::new("#role = :is_owner")
                    .text(":is_owner", role_text(Role::Owner)),
            });
        }
        self.inner.table.transact(writes).await
    }
}

fn face(row: MemberRow) -> Member {
    Member { user: User { id: row.user, login: row.login }, role: row.role }
}

/// Owners and subscribers of the space after the change; refuses to count down to no owner.
fn counters(space: &SpaceId, before: Option<&MemberRow>, after: Option<&MemberRow>) -> Write {
    let count =
        |row: Option<&MemberRow>, test: fn(&MemberRow) -> bool| i128::from(row.is_some_and(test));
    let change = |test| count(after, test) - count(before, test);
    let owners = change(|row| row.role == Role::Owner);
    let subscribers = change(|row| row.mail != MailMode::Off);
    let update = Expression::new("ADD #owners :owners, #subscribers :subscribers")
        .number(":owners", owners)
        .number(":subscribers", subscribers);
    let condition = if owners < 0 {
        Expression::new("#owners > :one").number(":one", 1)
    } else {
        Expression::new("attribute_exists(#pk)")
    };
    Write::Update { key: SpaceRow::key_of(space), update, condition: Some(condition) }
}

fn replacement(before: Option<&MemberRow>, after: Option<&MemberRow>) -> Vec<Write> {
    let still = |row: &MemberRow| {
        Expression::new("#role = :seen_role AND #mail = :seen_mail")
            .text(":seen_role", role_text(row.role))
            .text(":seen_mail", mail_text(row.mail))
    };
    match (before, after) {
        (None, None) => Vec::new(),
        (None, Some(after)) => {
            vec![Write::put_if(after, Expression::absent()), Write::put(&way_back(after))]
        }
        (Some(before), Some(after)) => vec![Write::put_if(after, still(before))],
        (Some(before), None) => vec![
            Write::Delete { key: before.key(), condition: Some(still(before)) },
            Write::Delete { key: way_back(before).key(), condition: None },
        ],
    }
}

/// The first item of the transaction is the counter.
fn refuse_last_owner(outcome: &Outcome, before: Option<&MemberRow>) -> Result<()> {
    let was_owner = before.is_some_and(|row| row.role == Role::Owner);
    if was_owner && outcome.failed_at(0) {
        let message = "a space needs an owner; make somebody else owner first";
        return Err(StoreError::Forbidden(message.to_owned()));
    }
    Ok(())
}
