//! Commits: the only way to change a space. A commit is one row of the space's journal, or nothing.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::file::Node;
use crate::hash::ContentHash;
use crate::id::{CommitId, FileId, SessionId};
use crate::name::EntryName;

/// The store writes a commit as one DynamoDB transaction, which holds at most 100 items. A new
/// file costs three of them, an edit two; [`Op::cost`] tells.
pub const MAX_COMMIT_COST: usize = 94;

/// Extents of one file. 100,000 chunks of 4 MiB are 400 GiB.
pub const MAX_EXTENTS: usize = 100_000;

/// `POST /v1/spaces/{space}/commits`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitRequest {
    /// Repeating a commit id returns the first outcome, for 30 days.
    pub commit: CommitId,
    /// The session that declared the chunks; not needed where no operation carries content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// In order. One operation per file; total cost at most [`MAX_COMMIT_COST`].
    pub ops: Vec<Op>,
}

/// One change. File ids of new files and directories are chosen by the client, so that a commit
/// can create a directory and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    /// A new directory.
    Mkdir {
        file: FileId,
        parent: FileId,
        name: EntryName,
        #[serde(default)]
        meta: Meta,
    },
    /// A new file.
    Create {
        file: FileId,
        parent: FileId,
        name: EntryName,
        content: Content,
        #[serde(default)]
        meta: Meta,
    },
    /// New content for a file whose revision is `base`.
    Edit {
        file: FileId,
        base: u64,
        content: Content,
        #[serde(default)]
        meta: Meta,
    },
    /// Another name or another directory, nothing uploaded.
    Move { file: FileId, base: u64, parent: FileId, name: EntryName },
    /// Only modification time or mode.
    Meta { file: FileId, base: u64, meta: Meta },
    /// A tombstone. A directory must be empty after the whole commit.
    Delete { file: FileId, base: u64 },
}

impl Op {
    pub fn file(&self) -> &FileId {
        match self {
            Self::Mkdir { file, .. }
            | Self::Create { file, .. }
            | Self::Edit { file, .. }
            | Self::Move { file, .. }
            | Self::Meta { file, .. }
            | Self::Delete { file, .. } => file,
        }
    }

    pub fn content(&self) -> Option<&Content> {
        match self {
            Self::Create { content, .. } | Self::Edit { content, .. } => Some(content),
            _ => None,
        }
    }

    /// Transaction items this operation needs: node, name claims, version.
    pub const fn cost(&self) -> usize {
        match self {
            Self::Create { .. } | Self::Move { .. } => 3,
            Self::Mkdir { .. } | Self::Edit { .. } | Self::Delete { .. } => 2,
            Self::Meta { .. } => 1,
        }
    }
}

/// A file's bytes: their digest, and where they lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Of the whole file.
    pub hash: ContentHash,
    /// Bytes; the sum of the extents' lengths.
    pub size: u64,
    /// In order; empty for an empty file.
    pub extents: Vec<Extent>,
}

/// A run of bytes inside one chunk. A large file's extents are whole chunks; small files share one
/// (a pack).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    pub chunk: ContentHash,
    /// Bytes from the chunk's start.
    pub offset: u64,
    /// Bytes, at least 1.
    pub length: u64,
}

/// What is kept of the file system's own metadata. It never decides anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// Modification time, nanoseconds since 1970 UTC, as the client found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtime_ns: Option<i64>,
    /// Whether the owner may execute it.
    #[serde(default)]
    pub executable: bool,
}

/// The answer: every file touched now has this revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommitResponse {
    /// The journal row, and the new revision of every file in the commit.
    pub seq: u64,
}

/// Why one operation did not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpConflict {
    /// Index into the request's `ops`.
    pub index: usize,
    pub reason: ConflictReason,
    /// The node that stands in the way, as it is now: the file itself, or the holder of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Node>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConflictReason {
    /// The file has another revision than `base`.
    StaleBase,
    /// A sibling holds this name, or one that differs only in case or Unicode form.
    NameTaken,
    /// The parent directory is gone or is a file.
    ParentMissing,
    /// The file does not exist or is deleted.
    FileMissing,
    /// A file with this id exists already.
    FileExists,
    /// The directory still has entries.
    NotEmpty,
    /// A directory can't move into itself.
    Cycle,
    /// The operation does not fit the kind of node (content for a directory).
    WrongKind,
}
