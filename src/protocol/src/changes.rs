//! The journal as clients read it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::commit::Meta;
use crate::file::NodeKind;
use crate::hash::ContentHash;
use crate::id::{CommitId, DeviceId, Epoch, FileId, UserId};
use crate::name::EntryName;

/// `GET /v1/spaces/{space}/changes?after=…&epoch=…&limit=…&wait=…`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// The last sequence number that the client has; 0 for everything.
    #[serde(default)]
    pub after: u64,
    /// The epoch the cursor belongs to; absent on the first call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// Journal rows per page, 1 to 1,000 (default 500).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Seconds to wait for a change when there is none, 0 to 60 (default 0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangesResponse {
    pub epoch: Epoch,
    /// Dense: the first entry is `after + 1`, and none is missing between.
    pub entries: Vec<JournalEntry>,
    /// The cursor for the next call.
    pub cursor: u64,
    /// Whether more rows wait right now.
    pub more: bool,
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalEntry {
    pub seq: u64,
    pub commit: CommitId,
    pub user: UserId,
    pub device: DeviceId,
    /// The server's clock, RFC 3339, UTC. For people; nothing is decided by it.
    pub time: String,
    pub changes: Vec<Change>,
}

/// What happened to one node: its state afterwards. Its revision is the entry's `seq`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    pub file: FileId,
    pub action: Action,
    pub kind: NodeKind,
    pub parent: FileId,
    pub name: EntryName,
    /// The revision that brought the content; 0 for directories.
    #[serde(default)]
    pub content_rev: u64,
    /// Of files; absent for directories. A tombstone keeps the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<ContentHash>,
    #[serde(default)]
    pub size: u64,
    #[serde(default)]
    pub meta: Meta,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Create,
    Edit,
    Move,
    Meta,
    /// The tombstone: the only thing that deletes.
    Delete,
}
