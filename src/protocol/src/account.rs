//! Accounts, invitations and devices.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{DeviceId, UserId};

/// `POST /v1/invitations/redeem`: turn a single-use invitation into an account and a token.
///
/// The invitation decides the login name where it was made for one; a password-reset invitation
/// sets a new password and ends every other device's token.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeemRequest {
    pub invitation: String,
    /// Required where the invitation names nobody (the first user's).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    pub password: String,
    /// What the person calls this device, for the list of devices.
    pub device_name: String,
}

/// `POST /v1/login`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    pub login: String,
    pub password: String,
    pub device_name: String,
}

/// The answer to both: an opaque token for `Authorization: Bearer`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct LoginResponse {
    pub token: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
    pub user: User,
    pub device: DeviceId,
}

/// `GET /v1/me`, and a member's face in a space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    pub id: UserId,
    /// An e-mail address, lower case; also where digests go.
    pub login: String,
}

/// One row of `GET /v1/devices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    pub id: DeviceId,
    pub name: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    pub expires_at: String,
    /// Whether this is the device that asks.
    pub current: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeviceList {
    pub devices: Vec<Device>,
}

/// `POST /v1/password`: change one's own password; ends every other device's token.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    pub current: String,
    pub new: String,
}
