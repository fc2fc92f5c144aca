//! Files as they are now: listing, looking up, comparing (FS-7), versions, where bytes lie.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::commit::Meta;
use crate::hash::ContentHash;
use crate::id::{DeviceId, FileId, UserId};
use crate::name::{EntryName, SpacePath};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    File,
    Directory,
}

/// A file or directory at one revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    pub file: FileId,
    pub parent: FileId,
    pub name: EntryName,
    pub kind: NodeKind,
    /// The journal sequence number that last changed it.
    pub rev: u64,
    /// The revision that brought the current content; names the version. 0 for directories.
    #[serde(default)]
    pub content_rev: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<ContentHash>,
    #[serde(default)]
    pub size: u64,
    #[serde(default)]
    pub meta: Meta,
    /// A tombstone.
    #[serde(default)]
    pub deleted: bool,
}

/// `GET /v1/spaces/{space}/entries?path=…&after=…&limit=…`: a directory's entries in key order.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntriesQuery {
    /// A directory, `/` by default; of a file, the answer is the file alone.
    #[serde(default)]
    #[param(value_type = String)]
    pub path: SpacePath,
    /// From the previous page's `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// 1 to 1,000 (default 1,000).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `GET /v1/spaces/{space}/files/{file}/entries?after=…&limit=…`: the same by the directory's id.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// From the previous page's `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// 1 to 1,000 (default 1,000).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EntriesResponse {
    /// The node that was asked for; absent for the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Node>,
    pub entries: Vec<Node>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /v1/spaces/{space}/check`: is what I hold the newest? (FS-7)
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {
    /// At most 100.
    pub items: Vec<CheckItem>,
}

/// A local file: where it lies in the space and the digest of what the client holds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckItem {
    pub path: SpacePath,
    pub sha256: ContentHash,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckResponse {
    /// In the order of the request.
    pub items: Vec<CheckedItem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckedItem {
    pub state: CheckState,
    /// The file as the service has it; absent when there never was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Node>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// The same bytes.
    Current,
    /// The client holds an older version: fetch the newer one.
    Outdated,
    /// The service never had these bytes under this name.
    Different,
    /// No file of this name.
    Missing,
}

/// `GET /v1/spaces/{space}/files/{file}/versions`, newest first.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct VersionList {
    pub node: Node,
    pub versions: Vec<Version>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    pub rev: u64,
    pub hash: ContentHash,
    pub size: u64,
    pub user: UserId,
    pub device: DeviceId,
    /// RFC 3339, UTC.
    pub time: String,
}

/// `POST /v1/spaces/{space}/locate`: where the bytes of these versions lie, for reading them
/// straight from S3.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocateRequest {
    /// At most 100.
    pub items: Vec<LocateItem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocateItem {
    pub file: FileId,
    /// The version: a node's or a change's `content_rev`.
    pub rev: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LocateResponse {
    /// In the order of the request; `None` where no such version exists.
    pub items: Vec<Option<Location>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Location {
    pub hash: ContentHash,
    pub size: u64,
    pub extents: Vec<LocatedExtent>,
}

/// A run of bytes inside one S3 object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LocatedExtent {
    /// The object's key.
    pub key: String,
    pub offset: u64,
    pub length: u64,
}
