//! Accounts and spaces: everything that is not about one space's files.

use protocol::account::{
    ChangePasswordRequest, DeviceList, LoginRequest, LoginResponse, RedeemRequest, User,
};
use protocol::id::{DeviceId, SpaceId, UserId};
use protocol::space::{
    CreateSpaceRequest, MailMode, MailRequest, Member, MemberList, Role, ShareRequest, Space,
    SpaceList,
};
use reqwest::Method;

use super::Api;
use super::retry::Repeat;
use crate::error::{ApiError, Result, SyncError};

/// A space that was looked for.
#[derive(Clone, Debug)]
pub struct Found {
    pub space: Space,
    /// Others of the same name, as they can be told apart.
    pub others: Vec<String>,
}

impl Api {
    pub async fn redeem(&self, request: &RedeemRequest) -> Result<LoginResponse, ApiError> {
        // An invitation works once: a second try would be told that it is used up.
        let path = ["invitations", "redeem"];
        self.call(Method::POST, &path, request, Repeat::Unsent).await
    }

    pub async fn login(&self, request: &LoginRequest) -> Result<LoginResponse, ApiError> {
        // Each one that goes through leaves a device behind, and attempts are counted.
        self.call(Method::POST, &["login"], request, Repeat::Refused).await
    }

    /// Ends this token.
    pub async fn logout(&self) -> Result<(), ApiError> {
        self.call_without_answer(Method::POST, &["logout"], None, Repeat::Freely).await
    }

    pub async fn change_password(&self, request: &ChangePasswordRequest) -> Result<(), ApiError> {
        let body = serde_json::to_vec(request).ok();
        // The second one would be told that the old password is wrong.
        self.call_without_answer(Method::POST, &["password"], body, Repeat::Unsent).await
    }

    pub async fn me(&self) -> Result<User, ApiError> {
        self.get(&["me"], &()).await
    }

    pub async fn devices(&self) -> Result<DeviceList, ApiError> {
        self.get(&["devices"], &()).await
    }

    pub async fn revoke_device(&self, device: &DeviceId) -> Result<(), ApiError> {
        let path = ["devices", device.as_str()];
        self.call_without_answer(Method::DELETE, &path, None, Repeat::Freely).await
    }

    pub async fn spaces(&self) -> Result<SpaceList, ApiError> {
        self.get(&["spaces"], &()).await
    }

    /// Finds a space by id, by name, or by `OWNER/NAME`. Anybody may share a space that is called
    /// like one of the caller's, so a name alone means the caller's own where there is one.
    pub async fn find_space(&self, me: &UserId, name: &str) -> Result<Found> {
        let spaces = self.spaces().await?.spaces;
        if let Some(space) = spaces.iter().find(|space| space.id.as_str() == name) {
            return Ok(Found { space: space.clone(), others: Vec::new() });
        }
        let mut named: Vec<&Space> = spaces.iter().filter(|space| space.name == name).collect();
        if named.is_empty()
            && let Some((owner, name)) = name.split_once('/')
        {
            let owner = owner.to_lowercase();
            for space in spaces.iter().filter(|space| space.name == name) {
                if self.owner_of(space).await?.as_deref() == Some(&owner) {
                    named.push(space);
                }
            }
        }
        let mine = named.iter().position(|space| space.owner == *me);
        match (mine, named.len()) {
            (_, 0) => Err(SyncError::NotFound { what: "space", name: name.to_owned() }),
            (None, 1) => Ok(Found { space: named[0].clone(), others: Vec::new() }),
            (Some(mine), _) => {
                let space = named.remove(mine).clone();
                Ok(Found { space, others: self.full_names(&named).await? })
            }
            (None, _) => Err(SyncError::Refused(format!(
                "several spaces are called {name:?}; write one of them as {}",
                self.full_names(&named).await?.join(" or ")
            ))),
        }
    }

    /// The login of a space's owner; `None` if he is not a member any more.
    async fn owner_of(&self, space: &Space) -> Result<Option<String>, ApiError> {
        let members = self.members(&space.id).await?.members.into_iter();
        let owner = members.map(|member| member.user).find(|user| user.id == space.owner);
        Ok(owner.map(|owner| owner.login))
    }

    /// `OWNER/NAME`, or the id where that would not do.
    async fn full_names(&self, spaces: &[&Space]) -> Result<Vec<String>, ApiError> {
        let mut names = Vec::new();
        for space in spaces {
            let owner = self.owner_of(space).await?;
            let name = owner.map(|owner| format!("{owner}/{}", space.name));
            let name = name.filter(|name| !names.contains(name));
            names.push(name.unwrap_or_else(|| space.id.to_string()));
        }
        Ok(names)
    }

    pub async fn create_space(&self, request: &CreateSpaceRequest) -> Result<Space, ApiError> {
        // A second one would be told that the name is taken.
        self.call(Method::POST, &["spaces"], request, Repeat::Refused).await
    }

    pub async fn members(&self, space: &SpaceId) -> Result<MemberList, ApiError> {
        self.get(&["spaces", space.as_str(), "members"], &()).await
    }

    pub async fn share(
        &self,
        space: &SpaceId,
        login: &str,
        role: Role,
    ) -> Result<Member, ApiError> {
        let request = ShareRequest { login: login.to_owned(), role };
        let path = ["spaces", space.as_str(), "members"];
        self.call(Method::PUT, &path, &request, Repeat::Freely).await
    }

    pub async fn remove_member(&self, space: &SpaceId, user: &UserId) -> Result<(), ApiError> {
        let path = ["spaces", space.as_str(), "members", user.as_str()];
        self.call_without_answer(Method::DELETE, &path, None, Repeat::Freely).await
    }

    /// The caller's own choice about mail for this space.
    pub async fn set_mail(&self, space: &SpaceId, mode: MailMode) -> Result<(), ApiError> {
        let body = serde_json::to_vec(&MailRequest { mode }).ok();
        let path = ["spaces", space.as_str(), "mail"];
        self.call_without_answer(Method::PUT, &path, body, Repeat::Freely).await
    }
}
