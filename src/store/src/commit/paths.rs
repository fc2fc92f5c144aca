//! No commit makes a path longer than [`MAX_PATH_BYTES`]: clients could neither name nor store what
//! lies there. What lies too deep already (earlier releases allowed it) may be changed, deleted and
//! moved to where its path is not longer than before.
//!
//! What an operation places is measured itself. What lies below a directory that moves is not
//! touched by the commit, so each journal row says how long the space's longest path can be at most:
//! mostly that bound and what the move adds stay within the limit, and nothing need be read. Else
//! everything below is measured, [`MOST_MEASURED`] files in one commit; a move that would need more
//! is refused.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use protocol::commit::Op;
use protocol::file::{Node, NodeKind};
use protocol::id::{FileId, SpaceId};
use protocol::name::{EntryName, MAX_PATH_BYTES};

use super::plan::{Plan, State};
use crate::Store;
use crate::error::{Result, StoreError};
use crate::row::journal::Head;
use crate::row::node::ClaimRow;
use crate::table::Query;

const LIMIT: u64 = MAX_PATH_BYTES as u64;

/// Entries below moved directories that one commit measures: some seconds' work, well within the
/// time that a request has. A directory counts as [`DIRECTORY`], for it takes a listing of its own.
const MOST_MEASURED: usize = 50_000;
const DIRECTORY: usize = 10;

/// Listings under way at the same time.
const PARALLEL: usize = 8;

/// A directory whose path becomes longer, and with it the paths of all that it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Grown {
    file: FileId,
    name: EntryName,
    /// Bytes of its path afterwards.
    length: u64,
    /// Bytes more than before.
    growth: u64,
}

/// What the operations place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Placed {
    /// Bytes of the longest path of those.
    longest: u64,
    grown: Vec<Grown>,
}

impl Store {
    /// The bound of the space after the commit, `None` where it isn't known.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] for a path that would be too long.
    pub(super) async fn check_paths(
        &self,
        space: &SpaceId,
        head: Head,
        state: &State,
        plan: &Plan,
        ops: &[Op],
    ) -> Result<Option<u64>> {
        let placed = placed(state, plan, ops)?;
        let growth = placed.grown.iter().map(|grown| grown.growth).max().unwrap_or(0);
        let known = head.longest_path.map(|longest| longest + growth);
        if placed.grown.is_empty() || known.is_some_and(|longest| longest <= LIMIT) {
            return Ok(known.map(|longest| longest.max(placed.longest)));
        }
        let moved = ops.iter().filter(|op| matches!(op, Op::Move { .. }));
        let moved: HashSet<&FileId> = moved.map(Op::file).collect();
        let (mut longest, mut left) = (placed.longest, MOST_MEASURED);
        for grown in &placed.grown {
            longest = longest.max(self.measure(space, grown, &moved, &mut left).await?);
        }
        Ok(head.longest_path.map(|before| before.max(longest)))
    }

    /// Bytes of the longest path at or below a directory, level by level. What moves itself is
    /// measured where it goes.
    async fn measure(
        &self,
        space: &SpaceId,
        top: &Grown,
        moved: &HashSet<&FileId>,
        left: &mut usize,
    ) -> Result<u64> {
        let mut longest = top.length;
        let mut level = HashMap::from([(top.file.clone(), top.length)]);
        while !level.is_empty() {
            let listing = level.len() * (DIRECTORY - 1);
            *left = left.checked_sub(listing).ok_or_else(|| too_many(&top.name))?;
            let most = *left + 1;
            let listings = level.keys().map(|directory| {
                self.inner.table.query(
                    Query::new(ClaimRow::partition(space, directory))
                        .limit(most)
                        .only(&["pk", "sk", "file"]),
                )
            });
            let mut pages = stream::iter(listings.collect::<Vec<_>>()).buffer_unordered(PARALLEL);
            let mut files = Vec::new();
            while let Some(page) = pages.try_next().await? {
                let claims = page.rows::<ClaimRow>()?;
                *left = left.checked_sub(claims.len()).ok_or_else(|| too_many(&top.name))?;
                files.extend(claims.into_iter().map(|claim| claim.file));
            }
            drop(pages);
            let nodes = self.nodes(space, files).await?;
            let mut below = HashMap::new();
            for node in nodes.into_values().filter(|it| !it.deleted && !moved.contains(&it.file)) {
                // Moved by somebody else between the two reads: then this commit won't win.
                let Some(above) = level.get(&node.parent) else { continue };
                let length = above + step(&node);
                longest = longest.max(length);
                if length > LIMIT {
                    return Err(too_long_below(&top.name, length));
                }
                if node.kind == NodeKind::Directory {
                    below.insert(node.file, length);
                }
            }
            level = below;
        }
        Ok(longest)
    }
}

/// Measures what the operations place, where it lies after the whole commit.
fn placed(state: &State, plan: &Plan, ops: &[Op]) -> Result<Placed> {
    let after: HashMap<&FileId, &Node> =
        plan.nodes.iter().map(|(node, _)| (&node.file, node)).collect();
    let before = |file: &FileId| state.nodes.get(file);
    let mut found = Placed::default();
    for op in ops {
        let was = match op {
            Op::Mkdir { .. } | Op::Create { .. } => 0,
            Op::Move { file, .. } => length(file, before),
            Op::Edit { .. } | Op::Meta { .. } | Op::Delete { .. } => continue,
        };
        let Some(node) = after.get(op.file()) else { continue };
        let is = length(&node.file, |file| after.get(file).copied().or_else(|| before(file)));
        let growth = is.saturating_sub(was);
        if is > LIMIT && growth > 0 {
            return Err(too_long(&node.name, is));
        }
        found.longest = found.longest.max(is);
        if growth > 0 && node.kind == NodeKind::Directory && matches!(op, Op::Move { .. }) {
            let (file, name) = (node.file.clone(), node.name.clone());
            found.grown.push(Grown { file, name, length: is, growth });
        }
    }
    Ok(found)
}

/// Bytes of a path; at least, where not all above is known.
fn length<'a>(file: &FileId, node: impl Fn(&FileId) -> Option<&'a Node>) -> u64 {
    std::iter::successors(node(file), |at| node(&at.parent)).map(step).sum()
}

/// A name and the slash before it.
fn step(node: &Node) -> u64 {
    node.name.as_str().len() as u64 + 1
}

fn too_long(name: &EntryName, bytes: u64) -> StoreError {
    StoreError::TooLarge(format!(
        "the path of '{name}' would have {bytes} bytes, and a path has at most {LIMIT}; \
         choose a shorter name or a place further up"
    ))
}

fn too_long_below(name: &EntryName, bytes: u64) -> StoreError {
    StoreError::TooLarge(format!(
        "something in '{name}' would get a path of {bytes} bytes, and a path has at most {LIMIT}; \
         choose a shorter name or a place further up"
    ))
}

fn too_many(name: &EntryName) -> StoreError {
    StoreError::TooLarge(format!(
        "'{name}' holds too much to see whether all paths in it would stay within {LIMIT} bytes; \
         move it in parts, or to where its path is not longer"
    ))
}
