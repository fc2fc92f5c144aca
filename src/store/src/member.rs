//! Who may do what: the first step of every call about a space.

use protocol::id::SpaceId;
use protocol::space::Role;

use crate::error::{Result, StoreError, no_such_space};
use crate::row::member::MemberRow;
use crate::row::space::SpaceRow;
use crate::{Identity, Store};

/// The space and the caller's membership, read strongly just now.
pub(crate) struct Access {
    pub(crate) space: SpaceRow,
    pub(crate) member: MemberRow,
}

impl Access {
    /// A space that the caller is no member of does not exist for him.
    pub(crate) fn checked(
        space: Option<SpaceRow>,
        member: Option<MemberRow>,
        least: Role,
    ) -> Result<Self> {
        let (Some(space), Some(member)) = (space, member) else {
            return Err(no_such_space());
        };
        if member.role < least {
            return Err(refused(member.role, least));
        }
        Ok(Self { space, member })
    }
}

impl Store {
    /// Reads space and membership and requires at least the role `least`.
    pub(crate) async fn authorize(
        &self,
        identity: &Identity,
        space: &SpaceId,
        least: Role,
    ) -> Result<Access> {
        let space_key = SpaceRow::key_of(space);
        let member_key = MemberRow::key_of(space, &identity.user);
        let keys = [space_key.clone(), member_key.clone()];
        let mut rows = self.inner.table.batch_get(keys).await?;
        Access::checked(rows.take(&space_key)?, rows.take(&member_key)?, least)
    }
}

fn refused(role: Role, least: Role) -> StoreError {
    let word = crate::row::member::role_text;
    StoreError::Forbidden(format!(
        "you are {} of this space; this needs {}",
        word(role),
        word(least)
    ))
}
