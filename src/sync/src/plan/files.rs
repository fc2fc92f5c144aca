//! Files that both sides knew, and everything that only one side has.

use protocol::file::NodeKind;
use protocol::id::FileId;
use protocol::name::{MAX_PATH_BYTES, SpacePath};

use super::lookup::Parent;
use super::{Action, LeftOut, Planner};
use crate::tree::{LocalEntry, RemoteNode, SyncedEntry};

impl<'a> Planner<'a> {
    pub(super) fn known_files(&mut self) {
        let (remote, local) = (self.remote, self.local);
        for (id, entry) in self.synced {
            if entry.kind != NodeKind::File || self.moving.contains(id) {
                continue;
            }
            let found = self.here.get(id).cloned();
            let found = found.and_then(|path| Some((local.entries.get(&path)?, path)));
            match (found, remote.nodes.get(id)) {
                (Some((here, path)), Some(there)) => self.both(id, entry, here, path, there),
                (Some((here, path)), None) => self.only_here(id, entry, here, path),
                (None, Some(there)) if self.is_gone_here(id, entry) => {
                    if there.hash == entry.hash {
                        self.removals.push(Action::RemoveThere {
                            id: id.clone(),
                            base: there.rev,
                            kind: NodeKind::File,
                        });
                    } else {
                        // Edited there, removed here: the edit wins.
                        self.fetch_new(id, there);
                    }
                }
                (None, None) if self.is_gone_here(id, entry) => self.forget(id),
                (None, _) => {}
            }
        }
    }

    fn both(
        &mut self,
        id: &FileId,
        entry: &SyncedEntry,
        here: &LocalEntry,
        path: SpacePath,
        there: &RemoteNode,
    ) {
        // Could not be read: nothing is known about it.
        let Some(hash) = here.hash else { return };
        if self.busy.contains(&path) {
            return;
        }
        let changed_here = here.hash != entry.hash;
        let changed_there = there.hash != entry.hash;
        let action = match (changed_here, changed_there) {
            (false, false) => self.meta(id, entry, here, path, there),
            (true, true) if here.hash == there.hash => Some(Action::Adopt { id: id.clone(), path }),
            (true, true) => return self.set_aside(&path, here),
            (true, false) => Some(Action::SendEdit { id: id.clone(), base: there.rev, path, hash }),
            (false, true) => Some(Action::Fetch { id: id.clone(), path, replaces: Some(hash) }),
        };
        self.actions.extend(action);
    }

    fn meta(
        &self,
        id: &FileId,
        entry: &SyncedEntry,
        here: &LocalEntry,
        path: SpacePath,
        there: &RemoteNode,
    ) -> Option<Action> {
        let changed_here = here.executable != entry.executable;
        let changed_there = there.meta.executable != entry.executable;
        let id = id.clone();
        match (changed_here, changed_there) {
            (false, false) => None,
            (true, true) => Some(Action::Adopt { id, path }),
            (true, false) => Some(Action::MetaThere { id, base: there.rev, path }),
            (false, true) => Some(Action::MetaHere { id, path }),
        }
    }

    fn only_here(&mut self, id: &FileId, entry: &SyncedEntry, here: &LocalEntry, path: SpacePath) {
        if here.hash.is_none() {
            return;
        }
        if self.remote.deleted.contains(id) && here.hash == entry.hash {
            self.removals.push(Action::RemoveHere { id: id.clone(), path, hash: here.hash });
        } else {
            // Edited here and deleted there, or unknown there after a restore: it starts anew.
            self.forget(id);
        }
    }

    fn fetch_new(&mut self, id: &FileId, there: &RemoteNode) {
        let Some(path) = self.target_or_tell(id, there) else { return };
        match self.occupant(&path) {
            None if self.busy.insert(path.clone()) => {
                self.actions.push(Action::Fetch { id: id.clone(), path, replaces: None });
            }
            None => {}
            Some((taken, _)) => self.ask_to_leave(taken),
        }
    }

    /// Local entries that nobody remembers, parents first.
    pub(super) fn new_here(&mut self) {
        let local = self.local;
        for path in local.entries.keys() {
            if !self.owner.contains_key(path) {
                self.new_entry_here(path);
            }
        }
    }

    pub(super) fn new_entry_here(&mut self, path: &SpacePath) {
        let local = self.local;
        let (Some(entry), Some(place)) = (local.entries.get(path), self.local_place(path)) else {
            return;
        };
        if self.busy.contains(path) || entry.kind == NodeKind::File && entry.hash.is_none() {
            return;
        }
        if let Some((directory, _)) = path.split()
            && let Some(owner) = self.owner.get(&directory)
            && self.synced[*owner].path != directory
        {
            // The directory moved, and that has to be settled before anything is put into it.
            return;
        }
        let holder = match &place.parent {
            Parent::Known(parent) => self.remote_child(parent, &place.name),
            Parent::New(directory) if self.directories_there.contains(directory) => None,
            // Its directory has something to settle first.
            Parent::New(_) => return,
        };
        match holder {
            None if self.length_there(&place.parent, &place.name) > MAX_PATH_BYTES => {
                self.left_out.push(LeftOut::TooLongThere { path: path.clone() });
            }
            None => self.send_new(path, entry),
            Some(id) => self.meet(path, entry, id),
        }
    }

    fn send_new(&mut self, path: &SpacePath, entry: &LocalEntry) {
        self.busy.insert(path.clone());
        match entry.hash {
            Some(hash) => self.actions.push(Action::SendNew { path: path.clone(), hash }),
            None => {
                self.directories_there.insert(path.clone());
                self.actions.push(Action::MakeThere { path: path.clone() });
            }
        }
    }

    /// A stranger here has the name of something there.
    fn meet(&mut self, path: &SpacePath, entry: &LocalEntry, id: &FileId) {
        let there = &self.remote.nodes[id];
        if self.here.contains_key(id) {
            // That one is here under another name, so it is about to move.
            self.wait(path);
            return;
        }
        if let Some(known) = self.synced.get(id)
            && known.hash == there.hash
            && there.kind == NodeKind::File
            && entry.hash != there.hash
        {
            // Removed here, and being removed there.
            self.wait(path);
            return;
        }
        let same = entry.kind == there.kind && entry.hash == there.hash;
        if same {
            self.busy.insert(path.clone());
            self.removals.retain(|action| {
                !matches!(action, Action::RemoveThere { id: removed, .. } if removed == id)
            });
            self.actions.push(Action::Adopt { id: id.clone(), path: path.clone() });
        } else {
            self.set_aside(path, entry);
        }
    }

    /// Remote nodes that nobody remembers, parents first.
    pub(super) fn new_there(&mut self) {
        let mut nodes: Vec<(&'a FileId, &SpacePath)> =
            self.remote_paths().iter().map(|(id, path)| (*id, path)).collect();
        nodes.retain(|(id, _)| !self.synced.contains_key(*id));
        nodes.sort_by(|a, b| a.1.cmp(b.1));
        let nodes: Vec<&'a FileId> = nodes.into_iter().map(|(id, _)| id).collect();
        for id in nodes {
            let node = &self.remote.nodes[id];
            match node.kind {
                NodeKind::Directory => self.make_here(id),
                NodeKind::File => self.fetch_new(id, node),
            }
        }
    }
}
