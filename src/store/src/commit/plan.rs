//! Decides a commit: from what is there and what is asked, to what is written. No I/O.

use std::collections::{BTreeMap, HashMap};

use protocol::changes::{Action, Change};
use protocol::commit::{ConflictReason, Content, Meta, Op, OpConflict};
use protocol::file::{Node, NodeKind};
use protocol::id::FileId;
use protocol::name::EntryName;

/// A place in the tree: the directory and the key of the name.
pub(super) type Place = (FileId, String);

/// The part of a space that a commit may touch, as it was at one journal row.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Files of the operations, their parents, the ancestors of where nodes go to and come from.
    /// What is absent has no row. The root is never in here.
    pub(super) nodes: HashMap<FileId, Node>,
    /// The places that operations take or leave, and the entries of directories to be deleted.
    pub(super) claims: BTreeMap<Place, FileId>,
}

impl State {
    /// The first directory above `file` that is not known yet; `None` where all of them are, or
    /// where `file` itself is not there.
    pub(super) fn end_above(&self, file: &FileId) -> Option<FileId> {
        let mut at = &self.nodes.get(file).filter(|node| !node.deleted)?.parent;
        while let Some(node) = self.nodes.get(at) {
            at = &node.parent;
        }
        (!at.is_root()).then(|| at.clone())
    }
}

/// What a commit writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// One per operation, in their order.
    pub(super) changes: Vec<Change>,
    /// Nodes afterwards, with the revision each must still have; `None`: there must be no row.
    pub(super) nodes: Vec<(Node, Option<u64>)>,
    /// Places whose holder changes: before and after.
    pub(super) claims: Vec<(Place, Option<FileId>, Option<FileId>)>,
}

/// Applies `ops` in order on top of `state`; the touched nodes get the revision `seq`.
///
/// Names must be free at the moment of each operation, directories that are deleted empty after
/// the last one. All conflicts are found, not only the first.
pub(super) fn plan(state: &State, ops: &[Op], seq: u64) -> Result<Plan, Vec<OpConflict>> {
    let mut stage = Stage { now: state.clone(), seq, plan: Plan::default() };
    let mut conflicts = Vec::new();
    for (index, op) in ops.iter().enumerate() {
        if let Err(refusal) = stage.apply(op) {
            let (reason, node) = *refusal;
            conflicts.push(OpConflict { index, reason, node });
        }
    }
    conflicts.extend(stage.left_behind(ops));
    if conflicts.is_empty() {
        Ok(stage.finish(state))
    } else {
        conflicts.sort_by_key(|conflict| conflict.index);
        Err(conflicts)
    }
}

/// Why an operation does not fit, and the node that stands in the way.
type Refusal = Box<(ConflictReason, Option<Node>)>;

fn refuse<T>(reason: ConflictReason, node: Option<&Node>) -> Result<T, Refusal> {
    Err(Box::new((reason, node.cloned())))
}

/// The state as the operations so far have made it.
struct Stage {
    now: State,
    seq: u64,
    plan: Plan,
}

impl Stage {
    fn apply(&mut self, op: &Op) -> Result<(), Refusal> {
        match op {
            Op::Mkdir { file, parent, name, meta } => self.add(file, (parent, name), None, *meta),
            Op::Create { file, parent, name, content, meta } => {
                self.add(file, (parent, name), Some(content), *meta)
            }
            Op::Edit { file, base, content, meta } => {
                let mut node = self.unmoved(file, *base)?;
                if node.kind != NodeKind::File {
                    return refuse(ConflictReason::WrongKind, Some(&node));
                }
                self.fill(&mut node, content);
                node.meta = *meta;
                self.replace(node, Some(*base), Action::Edit);
                Ok(())
            }
            Op::Move { file, base, parent, name } => self.relocate(file, *base, parent, name),
            Op::Meta { file, base, meta } => {
                let mut node = self.unmoved(file, *base)?;
                node.meta = *meta;
                self.replace(node, Some(*base), Action::Meta);
                Ok(())
            }
            Op::Delete { file, base } => {
                let mut node = self.unmoved(file, *base)?;
                node.deleted = true;
                self.now.claims.remove(&place(&node.parent, &node.name));
                self.replace(node, Some(*base), Action::Delete);
                Ok(())
            }
        }
    }

    fn add(
        &mut self,
        file: &FileId,
        (parent, name): (&FileId, &EntryName),
        content: Option<&Content>,
        meta: Meta,
    ) -> Result<(), Refusal> {
        if let Some(node) = self.now.nodes.get(file) {
            return refuse(ConflictReason::FileExists, Some(node));
        }
        self.usable_parent(parent)?;
        self.free_place(file, parent, name)?;
        let mut node = Node {
            file: file.clone(),
            parent: parent.clone(),
            name: name.clone(),
            kind: NodeKind::Directory,
            rev: self.seq,
            content_rev: 0,
            hash: None,
            size: 0,
            meta,
            deleted: false,
        };
        if let Some(content) = content {
            node.kind = NodeKind::File;
            self.fill(&mut node, content);
        }
        self.now.claims.insert(place(parent, name), file.clone());
        self.replace(node, None, Action::Create);
        Ok(())
    }

    fn relocate(
        &mut self,
        file: &FileId,
        base: u64,
        parent: &FileId,
        name: &EntryName,
    ) -> Result<(), Refusal> {
        let mut node = self.unmoved(file, base)?;
        self.usable_parent(parent)?;
        if self.is_inside(parent, file) {
            return refuse(ConflictReason::Cycle, Some(&node));
        }
        self.free_place(file, parent, name)?;
        self.now.claims.remove(&place(&node.parent, &node.name));
        self.now.claims.insert(place(parent, name), file.clone());
        node.parent = parent.clone();
        node.name = name.clone();
        self.replace(node, Some(base), Action::Move);
        Ok(())
    }

    /// The file is there and nobody changed it since the client saw it.
    fn unmoved(&self, file: &FileId, base: u64) -> Result<Node, Refusal> {
        match self.now.nodes.get(file) {
            Some(node) if node.deleted => refuse(ConflictReason::FileMissing, Some(node)),
            Some(node) if node.rev != base => refuse(ConflictReason::StaleBase, Some(node)),
            Some(node) => Ok(node.clone()),
            None => refuse(ConflictReason::FileMissing, None),
        }
    }

    fn usable_parent(&self, parent: &FileId) -> Result<(), Refusal> {
        let node = self.now.nodes.get(parent);
        let usable = node.is_some_and(|node| node.kind == NodeKind::Directory && !node.deleted);
        if usable || parent.is_root() {
            return Ok(());
        }
        refuse(ConflictReason::ParentMissing, node)
    }

    fn free_place(&self, file: &FileId, parent: &FileId, name: &EntryName) -> Result<(), Refusal> {
        match self.now.claims.get(&place(parent, name)) {
            Some(holder) if holder != file => {
                refuse(ConflictReason::NameTaken, self.now.nodes.get(holder))
            }
            _ => Ok(()),
        }
    }

    /// Whether `file` is `ancestor` or lies below it.
    fn is_inside(&self, file: &FileId, ancestor: &FileId) -> bool {
        let up = |file: &&FileId| self.now.nodes.get(*file).map(|node| &node.parent);
        std::iter::successors(Some(file), up).any(|at| at == ancestor)
    }

    fn fill(&self, node: &mut Node, content: &Content) {
        node.hash = Some(content.hash);
        node.size = content.size;
        node.content_rev = self.seq;
    }

    fn replace(&mut self, mut node: Node, base: Option<u64>, action: Action) {
        node.rev = self.seq;
        self.plan.changes.push(Change {
            file: node.file.clone(),
            action,
            kind: node.kind,
            parent: node.parent.clone(),
            name: node.name.clone(),
            content_rev: node.content_rev,
            hash: node.hash,
            size: node.size,
            meta: node.meta,
        });
        self.plan.nodes.push((node.clone(), base));
        self.now.nodes.insert(node.file.clone(), node);
    }

    /// Deleted directories that still hold something after the last operation.
    fn left_behind(&self, ops: &[Op]) -> Vec<OpConflict> {
        let deleted = ops.iter().enumerate().filter_map(|(index, op)| match op {
            Op::Delete { file, .. } => Some((index, file)),
            _ => None,
        });
        let conflict = |(index, directory): (usize, &FileId)| {
            if !self.now.nodes.get(directory)?.deleted {
                return None;
            }
            let entries = self.now.claims.range((directory.clone(), String::new())..);
            let mut inside = entries.take_while(|((parent, _), _)| parent == directory);
            let (_, entry) = inside.next()?;
            let node = self.now.nodes.get(entry);
            Some(OpConflict {
                index,
                reason: ConflictReason::NotEmpty,
                node: node.or_else(|| self.now.nodes.get(directory)).cloned(),
            })
        };
        deleted.filter_map(conflict).collect()
    }

    /// A place may change hands twice within a commit; written is only the difference.
    fn finish(self, before: &State) -> Plan {
        let mut plan = self.plan;
        let now = self.now.claims;
        for (place, holder) in &before.claims {
            let after = now.get(place);
            if after != Some(holder) {
                let change = (place.clone(), Some(holder.clone()), after.cloned());
                plan.claims.push(change);
            }
        }
        for (place, holder) in now {
            if !before.claims.contains_key(&place) {
                plan.claims.push((place, None, Some(holder)));
            }
        }
        plan
    }
}

pub(super) fn place(parent: &FileId, name: &EntryName) -> Place {
    (parent.clone(), name.key())
}
