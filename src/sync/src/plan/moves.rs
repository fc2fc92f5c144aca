//! Renames and moves, on either side.

use protocol::file::NodeKind;
use protocol::id::FileId;
use protocol::name::SpacePath;

use super::lookup::{Parent, Place};
use super::{Action, LeftOut, Planner};
use crate::local_name::collision_name;
use crate::tree::{RemoteNode, SyncedEntry};

/// What should happen to a node that hangs in different places.
enum Wish {
    Stay,
    Remember,
    There(Place),
    Here,
}

impl<'a> Planner<'a> {
    /// Plans at most one: a directory's move changes the paths of everything below it.
    pub(super) fn move_a_directory(&mut self) -> bool {
        let mut directories: Vec<(&'a FileId, &'a SyncedEntry)> =
            self.synced.iter().filter(|(_, entry)| entry.kind == NodeKind::Directory).collect();
        // Those above come first: what lies below them is found through them.
        directories
            .sort_by_key(|(id, entry)| self.here.get(id).unwrap_or(&entry.path).names().len());
        for (id, entry) in directories {
            self.move_one(id, entry);
            if !self.actions.is_empty() {
                return true;
            }
        }
        false
    }

    pub(super) fn move_files(&mut self) {
        for (id, entry) in self.synced {
            if entry.kind == NodeKind::File {
                self.move_one(id, entry);
            }
        }
    }

    fn move_one(&mut self, id: &'a FileId, entry: &'a SyncedEntry) {
        let remote = self.remote;
        let Some(node) = remote.nodes.get(id) else { return };
        let Some(path) = self.here.get(id).cloned() else { return };
        match self.wish(id, node, entry, &path) {
            Wish::Stay => {}
            // The directory above it is remembered where it was, and it with that one.
            Wish::Remember if self.is_kept_back(&path) => {}
            Wish::Remember => self.actions.push(Action::Remember { id: id.clone(), path }),
            Wish::There(place) if self.fits_there(id, &place, &path) => {
                self.moving.insert(id);
                self.move_there(id, node, path, place);
            }
            Wish::There(_) => self.left_out.push(LeftOut::StaysThere { path }),
            Wish::Here if self.fits_here(id, node, &path) => {
                self.moving.insert(id);
                self.move_here(id, node, path);
            }
            Wish::Here => self.stay_here(id, node, entry, path),
        }
    }

    /// It can't follow the space. Whoever moves it here meanwhile mends that.
    fn stay_here(
        &mut self,
        id: &'a FileId,
        node: &RemoteNode,
        entry: &SyncedEntry,
        path: SpacePath,
    ) {
        match self.local_place(&path) {
            Some(place)
                if entry.path != path
                    && !self.would_cycle(id, &place)
                    && self.fits_there(id, &place, &path) =>
            {
                self.moving.insert(id);
                self.move_there(id, node, path, place);
            }
            _ => self.left_out.push(LeftOut::StaysHere { path }),
        }
    }

    fn wish(&self, id: &FileId, node: &RemoteNode, entry: &SyncedEntry, path: &SpacePath) -> Wish {
        let there = Place { parent: Parent::Known(node.parent.clone()), name: node.name.clone() };
        let Some(here) = self.local_place(path) else { return Wish::Stay };
        let before = self.synced_place(entry);
        if here == there {
            let remembered = entry.path == *path && before.as_ref() == Some(&here);
            return if remembered || entry.path == *path { Wish::Stay } else { Wish::Remember };
        }
        let moved_there = before.as_ref() != Some(&there);
        if moved_there || self.would_cycle(id, &here) {
            return Wish::Here;
        }
        Wish::There(here)
    }

    /// Whether the space would have the directory inside itself.
    fn would_cycle(&self, id: &FileId, place: &Place) -> bool {
        let Parent::Known(parent) = &place.parent else { return false };
        let mut at = parent;
        for _ in 0..=self.remote.nodes.len() {
            if at == id {
                return true;
            }
            match self.remote.nodes.get(at) {
                Some(node) => at = &node.parent,
                None => return false,
            }
        }
        true
    }

    fn move_there(&mut self, id: &'a FileId, node: &RemoteNode, path: SpacePath, place: Place) {
        let parent = match place.parent {
            Parent::Known(parent) => parent,
            // The directory is made first; the move follows in the next plan.
            Parent::New(directory) => {
                self.make_for_move(&directory);
                return;
            }
        };
        let holder = self.remote_child(&parent, &place.name).filter(|holder| *holder != id);
        let Some(holder) = holder else {
            self.busy.insert(path.clone());
            self.actions.push(Action::MoveThere {
                id: id.clone(),
                base: node.rev,
                parent,
                name: place.name,
                path,
            });
            return;
        };
        // Somebody has the name there. If that one is about to leave, we wait for it.
        let leaves = match self.synced.get(holder) {
            None => false,
            Some(_) if self.here.contains_key(holder) => true,
            Some(entry) => {
                let node = &self.remote.nodes[holder];
                node.hash == entry.hash && self.local.is_known(&entry.path)
            }
        };
        if leaves {
            self.wait(&path);
        } else if let Some(found) = self.local.entries.get(&path) {
            self.set_aside(&path, found);
        }
    }

    /// Makes sure that a directory which a file moved into gets made, even while directory moves
    /// still hold up everything else.
    fn make_for_move(&mut self, directory: &SpacePath) {
        let mut above = SpacePath::root();
        for name in directory.names() {
            let path = above.join(name.clone());
            let known = self.directories_there.contains(&path);
            let owned = self.owner.contains_key(&path);
            if !known && !owned {
                self.new_entry_here(&path);
            }
            above = path;
        }
    }

    fn move_here(&mut self, id: &'a FileId, node: &RemoteNode, from: SpacePath) {
        let Some(to) = self.place_here(id, node) else { return };
        let into_itself =
            to.names().len() > from.names().len() && to.names().starts_with(from.names());
        if into_itself {
            return;
        }
        match self.occupant(&to) {
            // Only the spelling changes, or the place is free.
            None => {}
            Some((taken, _)) if *taken == from => {}
            Some((taken, found)) => {
                match self.owner.get(taken).copied() {
                    None => self.set_aside(taken, found),
                    Some(other) => self.make_way(other, taken),
                }
                return;
            }
        }
        if self.busy.insert(to.clone()) {
            self.actions.push(Action::MoveHere { id: id.clone(), from, to });
        }
    }

    /// A remembered file stands where another has to go.
    fn make_way(&mut self, other: &'a FileId, taken: &SpacePath) {
        let (remote, local) = (self.remote, self.local);
        let Some(node) = remote.nodes.get(other) else {
            // Deleted there: it is removed or forgotten in this plan.
            return;
        };
        let Some(entry) = self.synced.get(other) else { return };
        match self.wish(other, node, entry, taken) {
            // It leaves as well, perhaps to where we come from: a side step always helps.
            Wish::Here => {
                let Some(Action::MoveHere { id, from, to }) = self.side_step(other, taken) else {
                    return;
                };
                self.moving.insert(other);
                if self.busy.insert(from.clone()) {
                    self.busy.insert(to.clone());
                    self.actions.push(Action::MoveHere { id, from, to });
                }
            }
            Wish::There(_) | Wish::Stay | Wish::Remember => {
                if let Some(found) = local.entries.get(taken) {
                    self.set_aside(taken, found);
                }
            }
        }
    }

    /// Something new wants a local name. A stranger there gives way in `new_here`, and a remembered
    /// file leaves on its own account, unless that has to wait for the newcomer.
    pub(super) fn ask_to_leave(&mut self, taken: &SpacePath) {
        let Some(other) = self.owner.get(taken).copied() else { return };
        let Some(node) = self.remote.nodes.get(other) else { return };
        let Some(entry) = self.synced.get(other) else { return };
        if matches!(self.wish(other, node, entry, taken), Wish::Here) {
            let fallback = self.side_step(other, taken);
            self.fallbacks.extend(fallback);
        }
    }

    /// Whether the user gave it the place it has here, and the space does not know yet.
    pub(super) fn was_moved_here(&self, id: &FileId, node: &RemoteNode, path: &SpacePath) -> bool {
        let entry = self.synced.get(id);
        entry.is_some_and(|entry| matches!(self.wish(id, node, entry, path), Wish::There(_)))
    }

    /// The other way round: it has to follow the space.
    pub(super) fn was_moved_there(
        &self,
        id: &FileId,
        node: &RemoteNode,
        entry: &SyncedEntry,
    ) -> bool {
        let path = self.here.get(id);
        path.is_some_and(|path| matches!(self.wish(id, node, entry, path), Wish::Here))
    }

    fn side_step(&self, id: &FileId, from: &SpacePath) -> Option<Action> {
        let (parent, name) = from.split()?;
        let mut number = 1;
        loop {
            let to = parent.join(collision_name(name, number));
            if self.occupant(&to).is_none() && !self.busy.contains(&to) {
                return Some(Action::MoveHere { id: id.clone(), from: from.clone(), to });
            }
            number += 1;
        }
    }
}
