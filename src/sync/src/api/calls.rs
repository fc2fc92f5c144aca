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

    /// Finds a space by name or, where the name is ambiguous, by id.
    pub async fn find_space(&self, name: &str) -> Result<Space> {
        let spaces = self.spaces().await?.spaces;
        if let Some(space) = spaces.iter().find(|space| space.id.as_str() == name) {
            return Ok(space.clone());
        }
        let mut named = spaces.iter().filter(|space| space.name == name);
        match (named.next(), named.next()) {
            (Some(space), None) => Ok(space.clone()),
            (Some(_), Some(_)) => Err(SyncError::Refused(format!(
                "several spaces are called {name:?}; use the id from `space list`"
            ))),
            (None, _) => Err(SyncError::NotFound { what: "space", name: name.to_owned() }),
        }
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
