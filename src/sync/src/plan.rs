//! The planner: three trees in, a list of actions out. Pure; it looks at nothing else.
//!
//! A plan need not settle everything. It holds what can be done at once and in its own order, and
//! leaves out what has to wait for it; the caller carries it out, looks again and plans again until
//! a plan is empty. Every action names the state it rests on, so that one which no longer fits can
//! be left undone without harm.
//!
//! What the rules guarantee, and the property tests check:
//! - only a tombstone removes a local file, only an absence that the last agreement knows about
//!   removes a remote one;
//! - an edit beats a deletion;
//! - equal bytes never conflict; different ones are both kept, under a name that depends on the
//!   file and the losing bytes alone.

mod directories;
mod files;
mod left_out;
mod lookup;
mod losses;
mod matching;
mod moves;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use protocol::file::NodeKind;
use protocol::hash::ContentHash;
use protocol::id::FileId;
use protocol::name::{EntryName, SpacePath};

pub use left_out::LeftOut;
use lookup::Parent;
pub use losses::{Before, Losses, is_mass_delete, losses};

use crate::local_name::{collision_name, conflict_name};
use crate::tree::{Local, LocalEntry, Remote, Synced, path_key};

/// One step. *Here* is the local directory, *there* the space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Stop remembering a file that is gone on both sides, or that has to start anew.
    Forget {
        id: FileId,
    },
    /// Both sides are the same: remember that.
    Adopt {
        id: FileId,
        path: SpacePath,
    },
    /// It moved, and both sides have it in the same place: remember that. Its content is another
    /// matter.
    Remember {
        id: FileId,
        path: SpacePath,
    },
    /// Give way to the space's file of the same name. The bytes stay, under another name.
    SetAside {
        from: SpacePath,
        to: SpacePath,
        reason: Reason,
    },
    /// Drop a local file whose bytes lie beside it already, as a conflict copy.
    DropDuplicate {
        path: SpacePath,
        hash: ContentHash,
    },
    MoveHere {
        id: FileId,
        from: SpacePath,
        to: SpacePath,
    },
    MoveThere {
        id: FileId,
        base: u64,
        parent: FileId,
        name: EntryName,
        /// Where it lies locally.
        path: SpacePath,
    },
    MakeHere {
        id: FileId,
        path: SpacePath,
    },
    MakeThere {
        path: SpacePath,
    },
    /// Download; `replaces` is what lies there now, nothing if `None`.
    Fetch {
        id: FileId,
        path: SpacePath,
        replaces: Option<ContentHash>,
    },
    SendNew {
        path: SpacePath,
        hash: ContentHash,
    },
    SendEdit {
        id: FileId,
        base: u64,
        path: SpacePath,
        hash: ContentHash,
    },
    /// Only the executable bit.
    MetaHere {
        id: FileId,
        path: SpacePath,
    },
    MetaThere {
        id: FileId,
        base: u64,
        path: SpacePath,
    },
    /// Into the local trash; directories only once they are empty.
    RemoveHere {
        id: FileId,
        path: SpacePath,
        /// Of files: removed only if these bytes are still there.
        hash: Option<ContentHash>,
    },
    RemoveThere {
        id: FileId,
        base: u64,
        kind: NodeKind,
    },
}

impl Action {
    /// Whether the space gets something that only this side had.
    pub(crate) fn brings_new(&self) -> bool {
        matches!(self, Self::SendNew { .. } | Self::MakeThere { .. })
    }
}

/// Why a local name had to give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Both sides changed the file, or created different ones of one name.
    Conflict,
    /// Two local names that the space can't tell apart.
    SameName,
}

/// What to do next, and what to leave out.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Empty when both sides agree, but for what is left out or can't be read.
    pub actions: Vec<Action>,
    /// Complete once no directory moves any more.
    pub left_out: Vec<LeftOut>,
}

/// The next actions.
pub fn plan(remote: &Remote, local: &Local, synced: &Synced) -> Plan {
    let collisions = collisions(local, synced);
    if !collisions.is_empty() {
        return Plan { actions: collisions, left_out: Vec::new() };
    }
    let mut planner = Planner::new(remote, local, synced);
    if planner.move_a_directory() {
        return Plan { actions: planner.actions, left_out: planner.left_out };
    }
    planner.move_files();
    planner.known_directories();
    planner.known_files();
    planner.new_here();
    planner.new_there();
    planner.tell_hidden();
    planner.finish()
}

/// Siblings here that share a key: all but one get a visible mark before anything else happens.
fn collisions(local: &Local, synced: &Synced) -> Vec<Action> {
    let known: HashSet<&SpacePath> = synced.values().map(|entry| &entry.path).collect();
    let mut places: BTreeMap<(SpacePath, String), Vec<&SpacePath>> = BTreeMap::new();
    for path in local.entries.keys() {
        if let Some((parent, name)) = path.split() {
            places.entry((parent, name.key())).or_default().push(path);
        }
    }
    let taken: HashSet<(SpacePath, String)> = places.keys().cloned().collect();
    let mut actions = Vec::new();
    for ((parent, _), mut paths) in places {
        if paths.len() < 2 {
            continue;
        }
        paths.sort_by_key(|path| (!known.contains(path), *path));
        let mut number = 1;
        for path in paths.into_iter().skip(1) {
            let Some((_, name)) = path.split() else { continue };
            let mut marked = collision_name(name, number);
            while taken.contains(&(parent.clone(), marked.key())) {
                number += 1;
                marked = collision_name(name, number);
            }
            number += 1;
            actions.push(Action::SetAside {
                from: path.clone(),
                to: parent.join(marked),
                reason: Reason::SameName,
            });
        }
    }
    // A directory that is renamed takes its contents along; they wait for the next plan.
    let moved: Vec<SpacePath> = actions.iter().filter_map(source).cloned().collect();
    actions.retain(|action| {
        source(action).is_some_and(|path| {
            !moved.iter().any(|above| above != path && path.names().starts_with(above.names()))
        })
    });
    actions
}

fn source(action: &Action) -> Option<&SpacePath> {
    match action {
        Action::SetAside { from, .. } => Some(from),
        _ => None,
    }
}

struct Planner<'a> {
    remote: &'a Remote,
    local: &'a Local,
    synced: &'a Synced,
    /// Local path of every synced node that is here.
    here: HashMap<&'a FileId, SpacePath>,
    /// The other way round.
    owner: HashMap<SpacePath, &'a FileId>,
    /// Remote children by directory and name key.
    children: HashMap<(&'a FileId, String), &'a FileId>,
    /// Local paths by key.
    keys: HashMap<Vec<String>, &'a SpacePath>,
    synced_directories: HashMap<&'a SpacePath, &'a FileId>,
    /// Directories that exist here, or will once the plan so far is done.
    directories_here: HashMap<FileId, SpacePath>,
    /// Local directories that exist there, or will.
    directories_there: HashSet<SpacePath>,
    /// Nodes that move in this plan; everything else about them waits.
    moving: HashSet<&'a FileId>,
    /// Local paths that are spoken for in this plan.
    busy: HashSet<SpacePath>,
    /// Ways out for those who wait for somebody else: used only if nothing else moves.
    fallbacks: Vec<Action>,
    actions: Vec<Action>,
    left_out: Vec<LeftOut>,
    private: BTreeSet<&'a FileId>,
    /// Where every node of the space lies, once somebody asks.
    paths: OnceCell<HashMap<&'a FileId, SpacePath>>,
    /// Removals, in an order of their own: contents before directories.
    removals: Vec<Action>,
}

impl<'a> Planner<'a> {
    fn new(remote: &'a Remote, local: &'a Local, synced: &'a Synced) -> Self {
        let here = matching::match_local(remote, local, synced);
        let owner = here.iter().map(|(id, path)| (path.clone(), *id)).collect();
        let children = remote.nodes.iter();
        let children = children.map(|(id, node)| ((&node.parent, node.name.key()), id));
        let mut planner = Self {
            remote,
            local,
            synced,
            owner,
            children: children.collect(),
            keys: local.entries.keys().map(|path| (path_key(path), path)).collect(),
            synced_directories: synced
                .iter()
                .filter(|(_, entry)| entry.kind == NodeKind::Directory)
                .map(|(id, entry)| (&entry.path, id))
                .collect(),
            directories_here: HashMap::from([(FileId::root(), SpacePath::root())]),
            directories_there: HashSet::from([SpacePath::root()]),
            moving: HashSet::new(),
            busy: HashSet::new(),
            fallbacks: Vec::new(),
            actions: Vec::new(),
            left_out: Vec::new(),
            private: remote.private_folders(),
            paths: OnceCell::new(),
            removals: Vec::new(),
            here,
        };
        for (id, path) in &planner.here {
            let is_directory = synced[*id].kind == NodeKind::Directory;
            if is_directory && remote.nodes.contains_key(*id) {
                planner.directories_here.insert((*id).clone(), path.clone());
                planner.directories_there.insert(path.clone());
            }
        }
        planner
    }

    fn finish(mut self) -> Plan {
        let mut removals = std::mem::take(&mut self.removals);
        let depth = |action: &Action| match action {
            Action::RemoveHere { path, hash, .. } => (0, hash.is_none(), path.names().len()),
            Action::RemoveThere { id, kind, .. } => {
                (1, *kind == NodeKind::Directory, self.remote_depth(id))
            }
            _ => (2, false, 0),
        };
        removals.sort_by_key(|action| {
            let (side, directory, depth) = depth(action);
            (directory, std::cmp::Reverse(depth), side)
        });
        self.actions.append(&mut removals);
        let local = self.local;
        let renames_directory = |action: &&Action| {
            let entry = source(action).and_then(|path| local.entries.get(path));
            entry.is_some_and(|entry| entry.kind == NodeKind::Directory)
        };
        if let Some(rename) = self.actions.iter().find(renames_directory) {
            // Every path below it changes, so nothing else may rest on them.
            return Plan { actions: vec![rename.clone()], left_out: self.left_out };
        }
        if self.actions.is_empty() {
            // Everybody waits for somebody: the local side gives way.
            self.actions.extend(self.fallbacks.into_iter().next());
        }
        Plan { actions: self.actions, left_out: self.left_out }
    }

    /// Makes a local entry give way, without losing its bytes.
    fn aside(&self, path: &SpacePath, entry: &LocalEntry) -> Action {
        let (parent, name) = path.split().unwrap_or_else(|| unreachable!("the root stays"));
        let taken = |name: &EntryName| {
            let place = parent.join(name.clone());
            let there = match self.local_place(&place).map(|place| place.parent) {
                Some(Parent::Known(id)) => self.remote_child(&id, name).is_some(),
                _ => false,
            };
            self.occupant(&place).is_some() || there || self.busy.contains(&place)
        };
        let mut marked = match entry.hash {
            Some(hash) => {
                let copy = conflict_name(name, &hash);
                let there = self.occupant(&parent.join(copy.clone()));
                if let Some((other, existing)) = there
                    && existing.hash == Some(hash)
                    && other != path
                {
                    return Action::DropDuplicate { path: path.clone(), hash };
                }
                copy
            }
            None => collision_name(name, 1),
        };
        let plain = marked.clone();
        let mut number = 2;
        while taken(&marked) {
            marked = collision_name(&plain, number);
            number += 1;
        }
        Action::SetAside { from: path.clone(), to: parent.join(marked), reason: Reason::Conflict }
    }

    /// Waits for somebody else; gives way if that one waits, too.
    fn wait(&mut self, path: &SpacePath) {
        if let Some(entry) = self.local.entries.get(path) {
            let fallback = self.aside(path, entry);
            self.fallbacks.push(fallback);
        }
    }

    fn set_aside(&mut self, path: &SpacePath, entry: &LocalEntry) {
        if self.busy.contains(path) {
            return;
        }
        let action = self.aside(path, entry);
        if let Action::SetAside { to, .. } = &action {
            self.busy.insert(to.clone());
        }
        self.busy.insert(path.clone());
        self.actions.push(action);
    }
}
