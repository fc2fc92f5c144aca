//! Spaces (shared folders) and their members.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::User;
use crate::id::{Epoch, SpaceId, UserId};

/// What a member may do. Ordered: each role may do all that the lesser ones may.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and writes.
    Editor,
    /// Also shares the space and removes members.
    Owner,
}

/// Whether a member gets mail about others' changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailMode {
    #[default]
    Off,
    /// One message for all changes of an interval.
    Digest,
}

/// `POST /v1/spaces`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSpaceRequest {
    /// 1 to 64 characters, unique among the spaces that the owner created.
    pub name: String,
}

/// A space as one member sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Space {
    pub id: SpaceId,
    pub name: String,
    pub role: Role,
    pub mail: MailMode,
    pub owner: UserId,
    pub epoch: Epoch,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SpaceList {
    pub spaces: Vec<Space>,
}

/// `PUT /v1/spaces/{space}/members`: give somebody who has an account a role, or change it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareRequest {
    pub login: String,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    pub user: User,
    pub role: Role,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MemberList {
    pub members: Vec<Member>,
}

/// `PUT /v1/spaces/{space}/mail`: the caller's own choice.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailRequest {
    pub mode: MailMode,
}
