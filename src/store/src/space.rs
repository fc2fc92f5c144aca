//! Spaces and their members.

mod mail;
mod share;

use protocol::id::{Epoch, SpaceId};
use protocol::name::EntryName;
use protocol::space::{CreateSpaceRequest, MailMode, Role, Space, SpaceList};

use crate::error::{Result, StoreError, invalid};
use crate::member::Access;
use crate::row::Key;
use crate::row::member::{MemberRow, UserSpaceRow};
use crate::row::space::{SpaceNameRow, SpaceRow};
use crate::secret::{Secret, random_bits};
use crate::table::{Expression, Query, Write};
use crate::{Identity, Store};

const MAX_NAME_CHARACTERS: usize = 64;

impl Store {
    /// A new, empty space whose owner is the caller.
    pub async fn create_space(
        &self,
        identity: &Identity,
        request: CreateSpaceRequest,
    ) -> Result<Space> {
        let name_key = name_key(&request.name)?;
        let now = self.now();
        let space = SpaceRow {
            space: SpaceId::from_random(random_bits()),
            name: request.name,
            owner: identity.user.clone(),
            epoch: Epoch::from_random(random_bits()),
            created_at: now,
            floor: 0,
            owners: 1,
            subscribers: 0,
        };
        let name =
            SpaceNameRow { owner: identity.user.clone(), name_key, space: space.space.clone() };
        let member = MemberRow {
            space: space.space.clone(),
            user: identity.user.clone(),
            login: identity.login.clone(),
            role: Role::Owner,
            mail: MailMode::Off,
            mail_after: 0,
            unsubscribe: Secret::random(""),
            since: now,
        };
        let writes = vec![
            Write::put_if(&name, Expression::absent()),
            Write::put_if(&space, Expression::absent()),
            Write::put(&member),
            Write::put(&way_back(&member)),
        ];
        if self.inner.table.transact(writes).await?.is_done() {
            return Ok(face(Access { space, member }));
        }
        let message = format!("you already created a space named '{}'", space.name);
        Err(StoreError::AlreadyExists(message))
    }

    /// The spaces that the caller is a member of, by name.
    pub async fn spaces(&self, identity: &Identity) -> Result<SpaceList> {
        let query = Query::new(format!("U#{}", identity.user)).prefix("S#");
        let mine = self.inner.table.query(query).await?.rows::<UserSpaceRow>()?;
        let keys = |space: &SpaceId| -> [Key; 2] {
            let member = MemberRow::key_of(space, &identity.user);
            [SpaceRow::key_of(space), member]
        };
        let all = mine.iter().flat_map(|row| keys(&row.space));
        let mut rows = self.inner.table.batch_get(all).await?;
        let mut spaces = Vec::new();
        for row in &mine {
            let [space, member] = keys(&row.space);
            // A membership that ended between the two reads is simply gone.
            if let (Some(space), Some(member)) = (rows.take(&space)?, rows.take(&member)?) {
                spaces.push(face(Access { space, member }));
            }
        }
        spaces.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(SpaceList { spaces })
    }

    /// One space as the caller sees it.
    pub async fn space(&self, identity: &Identity, space: &SpaceId) -> Result<Space> {
        let access = self.authorize(identity, space, Role::Viewer).await?;
        Ok(face(access))
    }
}

fn face(access: Access) -> Space {
    let Access { space, member } = access;
    Space {
        id: space.space,
        name: space.name,
        role: member.role,
        mail: member.mail,
        owner: space.owner,
        epoch: space.epoch,
    }
}

fn way_back(member: &MemberRow) -> UserSpaceRow {
    UserSpaceRow { user: member.user.clone(), space: member.space.clone() }
}

/// Names are written before a `:` on command lines, and compared as file names are.
fn name_key(name: &str) -> Result<String> {
    let fits = (1..=MAX_NAME_CHARACTERS).contains(&name.chars().count())
        && name.trim() == name
        && !name.chars().any(|c| c.is_control() || matches!(c, ':' | '/'));
    let key = name.parse::<EntryName>().ok().filter(|_| fits);
    key.map(|name| name.key()).ok_or_else(|| {
        invalid(format!(
            "a space's name is 1 to {MAX_NAME_CHARACTERS} characters without ':', '/', control \
             characters or spaces at its ends"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_spaces() {
        for good in ["a", "Team Photos", "été", &"ü".repeat(64)] {
            assert!(name_key(good).is_ok(), "{good}");
        }
        for bad in ["", " a", "a ", "a:b", "a/b", ".", "a\nb", &"x".repeat(65)] {
            assert!(name_key(bad).is_err(), "{bad:?}");
        }
        assert_eq!(name_key("TEAM").unwrap(), name_key("team").unwrap());
    }
}
