//! From paths to files: one batch of strong reads per level, however many paths there are.

use std::collections::HashMap;

use protocol::file::Node;
use protocol::id::{FileId, SpaceId};
use protocol::name::SpacePath;

use crate::Store;
use crate::error::{Result, StoreError};
use crate::row::node::{ClaimRow, NodeRow};

impl Store {
    /// The files at these paths, in order. The root resolves to itself.
    pub(crate) async fn resolve(
        &self,
        space: &SpaceId,
        paths: &[SpacePath],
    ) -> Result<Vec<Option<FileId>>> {
        let mut found = vec![Some(FileId::root()); paths.len()];
        let deepest = paths.iter().map(|path| path.names().len()).max();
        for level in 0..deepest.unwrap_or(0) {
            let steps: Vec<_> = paths
                .iter()
                .zip(&found)
                .map(|(path, at)| {
                    let (name, parent) = (path.names().get(level)?, at.as_ref()?);
                    Some(ClaimRow::key_of(space, parent, &name.key()))
                })
                .collect();
            let keys = steps.iter().flatten().cloned();
            let mut rows = self.inner.table.batch_get(keys).await?;
            let mut held = HashMap::new();
            for key in steps.iter().flatten() {
                if let Some(claim) = rows.take::<ClaimRow>(key)? {
                    held.insert(key.clone(), claim.file);
                }
            }
            for ((path, at), step) in paths.iter().zip(&mut found).zip(steps) {
                if path.names().len() > level {
                    *at = step.and_then(|key| held.get(&key).cloned());
                }
            }
        }
        Ok(found)
    }

    /// Nodes by id; ids without a row are left out. The root has none.
    pub(crate) async fn nodes(
        &self,
        space: &SpaceId,
        files: impl IntoIterator<Item = FileId>,
    ) -> Result<HashMap<FileId, Node>> {
        let files: Vec<FileId> = files.into_iter().filter(|file| !file.is_root()).collect();
        let keys = files.iter().map(|file| NodeRow::key_of(space, file));
        let mut rows = self.inner.table.batch_get(keys).await?;
        let mut nodes = HashMap::new();
        for file in files {
            if let Some(row) = rows.take::<NodeRow>(&NodeRow::key_of(space, &file))? {
                nodes.insert(file, row.node);
            }
        }
        Ok(nodes)
    }

    /// The node that a name claim points to: its row was written in the same transaction.
    pub(crate) fn claimed(nodes: &HashMap<FileId, Node>, file: &FileId) -> Result<Node> {
        let node = nodes.get(file).cloned();
        node.ok_or_else(|| {
            tracing::error!(%file, "a name points to a file without a row");
            StoreError::Internal("a stored name points nowhere".to_owned())
        })
    }
}
