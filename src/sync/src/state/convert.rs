//! Rows to values.

use std::str::FromStr;

use protocol::commit::Meta;
use protocol::file::NodeKind;
use protocol::hash::ContentHash;
use protocol::id::FileId;
use protocol::name::SpacePath;
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};

use super::Hashed;
use crate::fs::Stamp;
use crate::tree::{RemoteNode, SyncedEntry};

pub(super) fn is_directory(kind: NodeKind) -> bool {
    kind == NodeKind::Directory
}

fn kind(row: &Row<'_>, column: usize) -> Result<NodeKind> {
    let directory: bool = row.get(column)?;
    Ok(if directory { NodeKind::Directory } else { NodeKind::File })
}

pub(super) fn parsed<T>(row: &Row<'_>, column: usize) -> Result<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column)?;
    text.parse()
        .map_err(|error| Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// Leaves out a row with a text that is none of ours, such as a path that an earlier version stored
/// though it is too long. To forget it costs a comparison; to stop there would cost everything.
pub(super) fn readable<T>(row: Result<T>) -> Option<Result<T>> {
    match row {
        Err(Error::FromSqlConversionFailure(_, Type::Text, error)) => {
            tracing::warn!(%error, "a row of the local state can't be read and is left out");
            None
        }
        other => Some(other),
    }
}

fn hash(row: &Row<'_>, column: usize) -> Result<Option<ContentHash>> {
    let bytes: Option<[u8; 32]> = row.get(column)?;
    Ok(bytes.map(ContentHash::from_bytes))
}

fn number(row: &Row<'_>, column: usize) -> Result<u64> {
    Ok(row.get::<_, i64>(column)? as u64)
}

pub(super) fn remote_node(row: &Row<'_>) -> Result<(FileId, RemoteNode)> {
    let node = RemoteNode {
        parent: parsed(row, 1)?,
        name: parsed(row, 2)?,
        kind: kind(row, 3)?,
        rev: number(row, 4)?,
        content_rev: number(row, 5)?,
        hash: hash(row, 6)?,
        size: number(row, 7)?,
        meta: Meta { mtime_ns: row.get(8)?, executable: row.get(9)? },
    };
    Ok((parsed(row, 0)?, node))
}

pub(super) fn synced_entry(row: &Row<'_>) -> Result<(FileId, SyncedEntry)> {
    let entry = SyncedEntry {
        path: parsed(row, 1)?,
        kind: kind(row, 2)?,
        hash: hash(row, 3)?,
        executable: row.get(4)?,
        inode: (number(row, 5)?, number(row, 6)?),
    };
    Ok((parsed(row, 0)?, entry))
}

pub(super) fn hashed(row: &Row<'_>) -> Result<(SpacePath, Hashed)> {
    let found = Hashed {
        stamp: Stamp {
            size: number(row, 1)?,
            mtime_ns: row.get(2)?,
            ctime_ns: row.get(3)?,
            device: number(row, 4)?,
            inode: number(row, 5)?,
            executable: row.get(6)?,
        },
        hash: ContentHash::from_bytes(row.get(7)?),
        at_ns: row.get(8)?,
    };
    Ok((parsed(row, 0)?, found))
}
