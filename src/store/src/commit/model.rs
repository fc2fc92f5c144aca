//! Random commits against a pretend table that checks every condition: what the plan promises
//! must hold whatever is asked. The table knows nothing of trees; the checks below do.

use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::prelude::*;
use protocol::changes::{Action, Change};
use protocol::commit::{ConflictReason, Content, Meta, Op, OpConflict};
use protocol::file::{Node, NodeKind};
use protocol::hash::ContentHash;
use protocol::id::FileId;

use super::plan::{Place, Plan, State, place, plan};

/// Everything that is stored of a space.
#[derive(Clone, Default)]
struct World {
    nodes: HashMap<FileId, Node>,
    claims: BTreeMap<Place, FileId>,
    journal: Vec<Vec<Change>>,
}

impl World {
    fn commit(&mut self, ops: &[Op]) -> Result<(), Vec<OpConflict>> {
        let seq = self.journal.len() as u64 + 1;
        let state = State { nodes: self.nodes.clone(), claims: self.claims.clone() };
        let plan = plan(&state, ops, seq)?;
        self.apply(plan);
        Ok(())
    }

    /// As the transaction would: each item once, each condition true before anything is written.
    fn apply(&mut self, plan: Plan) {
        let before = self.clone();
        let mut touched = HashSet::new();
        for (node, base) in plan.nodes {
            assert_eq!(before.nodes.get(&node.file).map(|node| node.rev), base);
            assert!(touched.insert(node.file.clone()), "one item per row");
            self.nodes.insert(node.file.clone(), node);
        }
        let mut places = HashSet::new();
        for (place, old, new) in plan.claims {
            assert_eq!(before.claims.get(&place), old.as_ref());
            assert!(places.insert(place.clone()), "one item per row");
            match new {
                Some(file) => self.claims.insert(place, file),
                None => self.claims.remove(&place),
            };
        }
        self.journal.push(plan.changes);
    }

    /// I9: one root, one parent each, no cycle, unique sibling keys, nothing in deleted parents.
    fn assert_is_a_tree(&self) {
        let live: Vec<&Node> = self.nodes.values().filter(|node| !node.deleted).collect();
        assert_eq!(live.len(), self.claims.len(), "each live node has one name");
        for node in live {
            let holder = self.claims.get(&place(&node.parent, &node.name));
            assert_eq!(holder, Some(&node.file));
            let mut at = &node.parent;
            let mut steps = 0;
            while !at.is_root() {
                let parent = &self.nodes[at];
                assert!(!parent.deleted, "a child of a deleted parent");
                assert_eq!(parent.kind, NodeKind::Directory);
                at = &parent.parent;
                steps += 1;
                assert!(steps <= self.nodes.len(), "a cycle");
            }
        }
    }

    /// I10: replaying the journal from nothing gives the node rows.
    fn assert_journal_tells_all(&self) {
        let mut replayed: HashMap<FileId, Node> = HashMap::new();
        for (index, changes) in self.journal.iter().enumerate() {
            for change in changes {
                let node = Node {
                    file: change.file.clone(),
                    parent: change.parent.clone(),
                    name: change.name.clone(),
                    kind: change.kind,
                    rev: index as u64 + 1,
                    content_rev: change.content_rev,
                    hash: change.hash,
                    size: change.size,
                    meta: change.meta,
                    deleted: change.action == Action::Delete,
                };
                replayed.insert(change.file.clone(), node);
            }
        }
        assert_eq!(replayed, self.nodes);
    }

    /// What a single operation should do, said in another way than the plan says it.
    fn expected(&self, op: &Op) -> Option<ConflictReason> {
        let node = self.nodes.get(op.file());
        match op {
            Op::Mkdir { .. } | Op::Create { .. } if node.is_some() => {
                return Some(ConflictReason::FileExists);
            }
            Op::Mkdir { .. } | Op::Create { .. } => {}
            Op::Edit { base, .. }
            | Op::Move { base, .. }
            | Op::Meta { base, .. }
            | Op::Delete { base, .. } => match node {
                Some(node) if node.deleted => return Some(ConflictReason::FileMissing),
                Some(node) if node.rev != *base => return Some(ConflictReason::StaleBase),
                Some(_) => {}
                None => return Some(ConflictReason::FileMissing),
            },
        }
        let children = |file: &FileId| self.nodes.values().any(|n| !n.deleted && n.parent == *file);
        match op {
            Op::Edit { file, .. } if self.nodes[file].kind == NodeKind::Directory => {
                Some(ConflictReason::WrongKind)
            }
            Op::Delete { file, .. } if children(file) => Some(ConflictReason::NotEmpty),
            Op::Mkdir { parent, name, .. }
            | Op::Create { parent, name, .. }
            | Op::Move { parent, name, .. } => {
                let directory = |n: &Node| !n.deleted && n.kind == NodeKind::Directory;
                if !parent.is_root() && !self.nodes.get(parent).is_some_and(directory) {
                    return Some(ConflictReason::ParentMissing);
                }
                if self.path(parent).contains(op.file()) {
                    return Some(ConflictReason::Cycle);
                }
                let twin = self.nodes.values().any(|n| {
                    !n.deleted
                        && n.parent == *parent
                        && n.name.key() == name.key()
                        && n.file != *op.file()
                });
                twin.then_some(ConflictReason::NameTaken)
            }
            _ => None,
        }
    }

    fn path(&self, file: &FileId) -> Vec<FileId> {
        let mut path = vec![file.clone()];
        while let Some(node) = path.last().and_then(|file| self.nodes.get(file)) {
            path.push(node.parent.clone());
        }
        path
    }

    /// Mostly the revision a client would name, sometimes a stale one.
    fn base(&self, file: &FileId, stale: bool) -> u64 {
        let rev = self.nodes.get(file).map_or(1, |node| node.rev);
        if stale { rev.saturating_sub(1) } else { rev }
    }

    fn op(&self, raw: &Raw) -> Op {
        let file: FileId = format!("f{}", raw.file).parse().unwrap();
        let parent: FileId = match raw.parent {
            0 => FileId::root(),
            n => format!("f{n}").parse().unwrap(),
        };
        let name = ["a", "A", "b", "straße", "STRASSE"][raw.name].parse().unwrap();
        let base = self.base(&file, raw.stale);
        let meta = Meta { mtime_ns: Some(i64::from(raw.file)), executable: raw.stale };
        let content = Content { hash: ContentHash::of(&[raw.file]), size: 0, extents: Vec::new() };
        match raw.kind {
            0 => Op::Mkdir { file, parent, name, meta },
            1 => Op::Create { file, parent, name, content, meta },
            2 => Op::Edit { file, base, content, meta },
            3 => Op::Move { file, base, parent, name },
            4 => Op::Meta { file, base, meta },
            _ => Op::Delete { file, base },
        }
    }
}

#[derive(Clone, Debug)]
struct Raw {
    kind: u8,
    file: u8,
    parent: u8,
    name: usize,
    stale: bool,
}

fn raw() -> impl Strategy<Value = Raw> {
    let stale = prop::bool::weighted(0.1);
    (0..7_u8, 1..9_u8, 0..9_u8, 0..5_usize, stale).prop_map(|(kind, file, parent, name, stale)| {
        Raw { kind: kind.min(5), file, parent, name, stale }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// I9, I10 after every commit, and a refused commit changes nothing.
    #[test]
    fn any_sequence_of_commits_leaves_a_tree(
        commits in prop::collection::vec(prop::collection::vec(raw(), 1..6), 1..25)
    ) {
        let mut world = World::default();
        for commit in commits {
            let mut seen = HashSet::new();
            let ops: Vec<Op> = commit
                .iter()
                .filter(|raw| seen.insert(raw.file))
                .map(|raw| world.op(raw))
                .collect();
            let cost: usize = ops.iter().map(Op::cost).sum();
            let rows = world.journal.len();
            if let Ok(()) = world.commit(&ops) {
                prop_assert_eq!(world.journal.len(), rows + 1);
            } else {
                prop_assert_eq!(world.journal.len(), rows);
            }
            prop_assert!(cost <= 18);
            world.assert_is_a_tree();
            world.assert_journal_tells_all();
        }
    }

    /// A single operation is accepted, or refused for the reason that a naive reading gives (I7).
    #[test]
    fn single_operations_are_judged_as_the_naive_model_does(
        commits in prop::collection::vec(raw(), 1..40)
    ) {
        let mut world = World::default();
        for raw in commits {
            let op = world.op(&raw);
            let expected = world.expected(&op);
            let found = world.commit(std::slice::from_ref(&op)).err();
            let found = found.map(|conflicts| conflicts[0].reason);
            prop_assert_eq!(found, expected, "{:?}", op);
        }
    }

    /// The items of a plan never exceed the cost that the client was told.
    #[test]
    fn the_cost_told_to_clients_is_enough(
        commits in prop::collection::vec(prop::collection::vec(raw(), 1..6), 1..20)
    ) {
        let mut world = World::default();
        for commit in commits {
            let mut seen = HashSet::new();
            let chosen = commit.iter().filter(|raw| seen.insert(raw.file));
            let ops: Vec<Op> = chosen.map(|raw| world.op(raw)).collect();
            let state = State { nodes: world.nodes.clone(), claims: world.claims.clone() };
            if let Ok(plan) = plan(&state, &ops, world.journal.len() as u64 + 1) {
                let versions = ops.iter().filter(|op| op.content().is_some()).count();
                let items = plan.nodes.len() + plan.claims.len() + versions;
                prop_assert!(items <= ops.iter().map(Op::cost).sum());
                world.apply(plan);
            }
        }
    }
}
