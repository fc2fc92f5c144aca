//! Files as they are now: listing, looking up, versions, where bytes lie.

use std::collections::HashMap;

use protocol::commit::MAX_EXTENTS;
use protocol::file::{
    EntriesResponse, LocateRequest, LocateResponse, LocatedExtent, Location, Node, NodeKind,
    Version, VersionList,
};
use protocol::id::{FileId, SpaceId};
use protocol::name::SpacePath;
use protocol::space::Role;
use protocol::upload::chunk_key;

use crate::error::{Result, StoreError};
use crate::row::Key;
use crate::row::node::{ClaimRow, NodeRow};
use crate::row::version::VersionRow;
use crate::table::{Order, Query};
use crate::{Identity, Store};

const MAX_ENTRIES: u32 = 1_000;

/// Items that one `locate` may name.
pub(crate) const MAX_ITEMS: usize = 100;

/// Extents of one `locate`'s answer, about 170 bytes each: one item alone is always answered.
const MAX_LOCATED: usize = MAX_EXTENTS;

impl Store {
    /// A directory's entries in the order of their name keys; of a file, the file alone.
    pub async fn entries(
        &self,
        identity: &Identity,
        space: &SpaceId,
        path: &SpacePath,
        after: Option<&str>,
        limit: Option<u32>,
    ) -> Result<EntriesResponse> {
        let (_, found) = tokio::try_join!(
            self.authorize(identity, space, Role::Viewer),
            self.resolve(space, std::slice::from_ref(path))
        )?;
        let directory = found.into_iter().flatten().next();
        let directory = directory.ok_or_else(|| no_such_path(path))?;
        self.page(space, directory, after, limit).await
    }

    /// The same by the directory's id, however long its path is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where no such node is, or only its tombstone.
    pub async fn entries_of(
        &self,
        identity: &Identity,
        space: &SpaceId,
        directory: &FileId,
        after: Option<&str>,
        limit: Option<u32>,
    ) -> Result<EntriesResponse> {
        self.authorize(identity, space, Role::Viewer).await?;
        let page = self.page(space, directory.clone(), after, limit).await?;
        let live = page.node.as_ref().is_some_and(|node| !node.deleted);
        if live || directory.is_root() { Ok(page) } else { Err(no_such_file(directory)) }
    }

    async fn page(
        &self,
        space: &SpaceId,
        directory: FileId,
        after: Option<&str>,
        limit: Option<u32>,
    ) -> Result<EntriesResponse> {
        let limit = limit.unwrap_or(MAX_ENTRIES).clamp(1, MAX_ENTRIES);
        let query = Query::new(ClaimRow::partition(space, &directory))
            .after(after.filter(|key| !key.is_empty()).map(str::to_owned))
            .limit(limit as usize);
        let page = self.inner.table.query(query).await?;
        let claims = page.rows::<ClaimRow>()?;
        let files = claims.iter().map(|claim| claim.file.clone());
        let nodes = self.nodes(space, files.chain([directory.clone()])).await?;
        let entries = claims.iter().map(|claim| Self::claimed(&nodes, &claim.file));
        let mut entries = entries.collect::<Result<Vec<Node>>>()?;
        // Between the two reads an entry may have been moved or deleted.
        entries.retain(|node| !node.deleted && node.parent == directory);
        let last = claims.into_iter().next_back();
        Ok(EntriesResponse {
            node: nodes.get(&directory).cloned(),
            entries,
            next: last.filter(|_| page.more).map(|claim| claim.name_key),
        })
    }

    /// The live node at a path.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none, and for the root, which has no node.
    pub async fn node_at_path(
        &self,
        identity: &Identity,
        space: &SpaceId,
        path: &SpacePath,
    ) -> Result<Node> {
        let (_, found) = tokio::try_join!(
            self.authorize(identity, space, Role::Viewer),
            self.resolve(space, std::slice::from_ref(path))
        )?;
        let file = found.into_iter().flatten().find(|file| !file.is_root());
        let file = file.ok_or_else(|| no_such_path(path))?;
        let nodes = self.nodes(space, [file.clone()]).await?;
        Self::claimed(&nodes, &file)
    }

    /// A node by its id, tombstones included.
    pub async fn node(&self, identity: &Identity, space: &SpaceId, file: &FileId) -> Result<Node> {
        let key = NodeRow::key_of(space, file);
        let (_, row) = tokio::try_join!(
            self.authorize(identity, space, Role::Viewer),
            self.inner.table.get::<NodeRow>(&key)
        )?;
        row.map(|row| row.node).ok_or_else(|| no_such_file(file))
    }

    /// Every version of a file that is kept, newest first.
    pub async fn versions(
        &self,
        identity: &Identity,
        space: &SpaceId,
        file: &FileId,
    ) -> Result<VersionList> {
        let (node, rows) =
            tokio::try_join!(self.node(identity, space, file), self.version_rows(space, file))?;
        let versions = rows.into_iter().map(|row| Version {
            rev: row.rev,
            hash: row.hash,
            size: row.size,
            user: row.user,
            device: row.device,
            time: row.time.to_string(),
        });
        Ok(VersionList { node, versions: versions.collect() })
    }

    /// The versions of a file without their extents, newest first.
    pub(crate) async fn version_rows(
        &self,
        space: &SpaceId,
        file: &FileId,
    ) -> Result<Vec<VersionRow>> {
        let query = Query::new(NodeRow::partition(space, file))
            .prefix("V#")
            .order(Order::Descending)
            .only(&VersionRow::SUMMARY);
        self.inner.table.query(query).await?.rows()
    }

    /// Where the bytes of versions lie. Works for versions of deleted files too, which is how they
    /// are restored.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] for too many items, or for several that have too many extents.
    pub async fn locate(
        &self,
        identity: &Identity,
        space: &SpaceId,
        request: LocateRequest,
    ) -> Result<LocateResponse> {
        if request.items.len() > MAX_ITEMS {
            let message = format!("locate takes at most {MAX_ITEMS} items");
            return Err(StoreError::TooLarge(message));
        }
        let key_of =
            |item: &protocol::file::LocateItem| VersionRow::key_of(space, &item.file, item.rev);
        let keys = request.items.iter().map(key_of);
        let (_, mut rows) = tokio::try_join!(
            self.authorize(identity, space, Role::Viewer),
            self.inner.table.batch_get(keys)
        )?;
        let mut located: HashMap<Key, Location> = HashMap::new();
        let mut total = 0;
        for item in &request.items {
            let key = key_of(item);
            if let Some(row) = rows.take::<VersionRow>(&key)? {
                located.insert(key.clone(), self.location(row).await?);
            }
            // An item named twice is answered twice, so it counts twice.
            total += located.get(&key).map_or(0, |location| location.extents.len());
            if total > MAX_LOCATED {
                let message = "these items have too many extents for one answer; ask for fewer";
                return Err(StoreError::TooLarge(message.to_owned()));
            }
        }
        let items = request.items.iter().map(|item| located.get(&key_of(item)).cloned());
        Ok(LocateResponse { items: items.collect() })
    }

    async fn location(&self, row: VersionRow) -> Result<Location> {
        let extents = self.extents(&row).await?;
        let extents = extents.into_iter().map(|extent| LocatedExtent {
            key: chunk_key(&row.space, &extent.chunk, extent.generation),
            offset: extent.offset,
            length: extent.length,
        });
        Ok(Location { hash: row.hash, size: row.size, extents: extents.collect() })
    }
}

pub(crate) fn no_such_path(path: &SpacePath) -> StoreError {
    StoreError::NotFound(format!("nothing at {path}"))
}

pub(crate) fn no_such_file(file: &FileId) -> StoreError {
    StoreError::NotFound(format!("no file {file} in this space"))
}

pub(crate) fn is_live_file(node: &Node) -> bool {
    node.kind == NodeKind::File && !node.deleted
}
