//! Looking without touching: `ls`.

use std::sync::Arc;

use protocol::file::Node;
use protocol::id::SpaceId;
use protocol::name::SpacePath;

use crate::error::{Result, SyncError};
use crate::listing;
use crate::service::Service;

/// A directory's entries in the server's order, or the one file at the path.
pub async fn entries(
    service: Arc<dyn Service>,
    space: &SpaceId,
    path: &SpacePath,
) -> Result<Vec<Node>> {
    let listing = listing::list(service.as_ref(), space, path).await?;
    let listing = listing.ok_or_else(|| not_found(path))?;
    if listing.is_directory() {
        return Ok(listing.entries);
    }
    Ok(listing.node.into_iter().collect())
}

/// Every file and directory below a path, with its path, in path order.
pub async fn entries_below(
    service: Arc<dyn Service>,
    space: &SpaceId,
    path: &SpacePath,
) -> Result<Vec<(SpacePath, Node)>> {
    let tree = listing::list_tree(&service, space, path, |_| true).await?;
    if tree.is_empty() {
        return Err(not_found(path));
    }
    let mut rows = Vec::new();
    for (directory, listing) in tree {
        if listing.is_directory() {
            let below = listing.entries.into_iter();
            rows.extend(below.map(|node| (directory.join(node.name.clone()), node)));
        } else if let Some(node) = listing.node {
            rows.push((directory, node));
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(rows)
}

pub(crate) fn not_found(path: &SpacePath) -> SyncError {
    SyncError::NotFound { what: "file or directory", name: path.to_string() }
}
