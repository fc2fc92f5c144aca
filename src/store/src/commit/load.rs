//! Reads the part of a space that a commit may touch.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};
use protocol::commit::{ConflictReason, MAX_COMMIT_COST, Op, OpConflict};
use protocol::file::NodeKind;
use protocol::id::{FileId, SpaceId};

use super::plan::{Place, State, place};
use crate::Store;
use crate::error::{Result, StoreError};
use crate::row::Key;
use crate::row::node::{ClaimRow, NodeRow};
use crate::table::Query;

/// Directories above one another; a path has at most 4,000 bytes and each name two with its slash.
const MAX_DEPTH: usize = 2_000;

/// Listings of directories to be deleted, at the same time.
const PARALLEL: usize = 8;

impl Store {
    /// The state for [`super::plan::plan`]. Must be called after the newest journal row was read.
    pub(super) async fn load(&self, space: &SpaceId, ops: &[Op]) -> Result<State> {
        let mut state = self.load_named(space, ops).await?;
        // A node and its claim are only ever written together, so its own need not be read.
        let own: Vec<(Place, FileId)> = state
            .nodes
            .values()
            .filter(|node| !node.deleted)
            .map(|node| (place(&node.parent, &node.name), node.file.clone()))
            .collect();
        state.claims.extend(own);
        self.load_entries(space, ops, &mut state).await?;
        self.load_ancestors(space, ops, &mut state).await?;
        Ok(state)
    }

    /// Files, their new parents, and who holds the names they want: one batch.
    async fn load_named(&self, space: &SpaceId, ops: &[Op]) -> Result<State> {
        let parents = ops.iter().filter_map(target).map(|(parent, _)| parent);
        let files: HashSet<&FileId> = ops.iter().map(Op::file).chain(parents).collect();
        let places: Vec<Place> =
            ops.iter().filter_map(target).map(|(parent, name)| place(parent, name)).collect();
        let node_keys = files.iter().map(|file| NodeRow::key_of(space, file));
        let claim_keys = places.iter().map(|place| claim_key(space, place));
        let mut rows = self.inner.table.batch_get(node_keys.chain(claim_keys)).await?;
        let mut state = State::default();
        for file in files {
            if let Some(row) = rows.take::<NodeRow>(&NodeRow::key_of(space, file))? {
                state.nodes.insert(file.clone(), row.node);
            }
        }
        for place in places {
            if let Some(row) = rows.take::<ClaimRow>(&claim_key(space, &place))? {
                state.claims.insert(place, row.file);
            }
        }
        Ok(state)
    }

    /// Entries of directories to be deleted: as many as a commit can clear away, and one more.
    async fn load_entries(&self, space: &SpaceId, ops: &[Op], state: &mut State) -> Result<()> {
        let directories = ops.iter().filter_map(|op| match op {
            Op::Delete { file, .. } => state.nodes.get(file),
            _ => None,
        });
        let listings = directories
            .filter(|node| node.kind == NodeKind::Directory && !node.deleted)
            .map(|node| {
                let partition = ClaimRow::partition(space, &node.file);
                let query = Query::new(partition).limit(MAX_COMMIT_COST + 1);
                self.inner.table.query(query)
            });
        let pages: Vec<_> = stream::iter(listings.collect::<Vec<_>>())
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        for page in pages {
            for claim in page.rows::<ClaimRow>()? {
                state.claims.insert((claim.parent, claim.name_key), claim.file);
            }
        }
        Ok(())
    }

    /// Everything above the places that operations fill, so that a cycle and the length of a path
    /// show; and above what is moved, so that it shows how much longer its path becomes.
    async fn load_ancestors(&self, space: &SpaceId, ops: &[Op], state: &mut State) -> Result<()> {
        let moved = ops.iter().filter(|op| matches!(op, Op::Move { .. })).map(Op::file);
        let moved: Vec<FileId> = moved.cloned().collect();
        let targets = ops.iter().filter_map(target).map(|(parent, _)| parent.clone());
        let targets: Vec<FileId> = targets.collect();
        for _ in 0..MAX_DEPTH {
            let ends = targets.iter().chain(&moved).filter_map(|file| state.end_above(file));
            let above: HashSet<FileId> = ends.collect();
            if above.is_empty() {
                return Ok(());
            }
            let found = self.nodes(space, above.iter().cloned()).await?;
            for parent in &above {
                Self::claimed(&found, parent)?;
            }
            state.nodes.extend(found);
        }
        // How deep something lay doesn't matter to those who bring it up.
        if targets.iter().all(|file| state.end_above(file).is_none()) {
            return Ok(());
        }
        Err(StoreError::TooLarge("the directory lies too deep to be filled".to_owned()))
    }

    /// Adds the nodes that hold a wanted name, for the client's conflict copy.
    pub(super) async fn explain(
        &self,
        space: &SpaceId,
        state: &State,
        ops: &[Op],
        mut conflicts: Vec<OpConflict>,
    ) -> Result<Vec<OpConflict>> {
        let holder = |conflict: &OpConflict| {
            let (parent, name) = target(ops.get(conflict.index)?)?;
            state.claims.get(&place(parent, name)).cloned()
        };
        let unexplained = |conflict: &&OpConflict| {
            conflict.reason == ConflictReason::NameTaken && conflict.node.is_none()
        };
        let holders = conflicts.iter().filter(unexplained).filter_map(holder);
        let nodes = self.nodes(space, holders.collect::<HashSet<_>>()).await?;
        for conflict in &mut conflicts {
            if conflict.reason == ConflictReason::NameTaken && conflict.node.is_none() {
                conflict.node = holder(conflict).and_then(|file| nodes.get(&file).cloned());
            }
        }
        Ok(conflicts)
    }
}

fn target(op: &Op) -> Option<(&FileId, &protocol::name::EntryName)> {
    match op {
        Op::Mkdir { parent, name, .. }
        | Op::Create { parent, name, .. }
        | Op::Move { parent, name, .. } => Some((parent, name)),
        Op::Edit { .. } | Op::Meta { .. } | Op::Delete { .. } => None,
    }
}

fn claim_key(space: &SpaceId, (parent, name_key): &Place) -> Key {
    ClaimRow::key_of(space, parent, name_key)
}
