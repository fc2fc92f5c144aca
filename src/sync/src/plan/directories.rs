//! Directories that both sides knew: made again, removed or forgotten.

use protocol::file::NodeKind;
use protocol::id::FileId;
use protocol::name::SpacePath;

use super::{Action, Planner};
use crate::tree::SyncedEntry;

/// What a directory's contents want.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Delete,
    /// Something in it has to go elsewhere first.
    Wait,
    Keep,
}

impl<'a> Planner<'a> {
    pub(super) fn known_directories(&mut self) {
        let mut directories: Vec<(&'a FileId, &'a SyncedEntry)> =
            self.synced.iter().filter(|(_, entry)| entry.kind == NodeKind::Directory).collect();
        directories.sort_by_key(|(id, _)| self.remote_depth(id));
        for (id, entry) in directories {
            let path = self.here.get(id).cloned();
            let node = self.remote.nodes.get(id);
            match (path, node) {
                (Some(_), Some(_)) => {}
                (None, None) => {
                    if self.is_gone_here(id, entry) {
                        self.forget(id);
                    }
                }
                (Some(path), None) => self.gone_there(id, path),
                (None, Some(node)) if self.is_gone_here(id, entry) => {
                    match self.fate_there(id, 0) {
                        Fate::Delete => self.removals.push(Action::RemoveThere {
                            id: id.clone(),
                            base: node.rev,
                            kind: NodeKind::Directory,
                        }),
                        Fate::Wait => {}
                        Fate::Keep => self.make_here(id),
                    }
                }
                (None, Some(_)) => {}
            }
        }
    }

    pub(super) fn forget(&mut self, id: &FileId) {
        self.actions.push(Action::Forget { id: id.clone() });
    }

    pub(super) fn make_here(&mut self, id: &FileId) {
        let Some(node) = self.remote.nodes.get(id) else { return };
        let Some(path) = self.target_or_tell(id, node) else { return };
        if let Some((taken, _)) = self.occupant(&path) {
            return self.ask_to_leave(taken);
        }
        if self.busy.insert(path.clone()) {
            self.directories_here.insert(id.clone(), path.clone());
            self.actions.push(Action::MakeHere { id: id.clone(), path });
        }
    }

    fn gone_there(&mut self, id: &FileId, path: SpacePath) {
        if !self.remote.deleted.contains(id) {
            // Neither alive nor deleted: the space was restored. Whatever is here starts anew.
            return self.forget(id);
        }
        match self.fate_here(&path) {
            Fate::Keep => self.forget(id),
            Fate::Wait => {}
            Fate::Delete => {
                self.removals.push(Action::RemoveHere { id: id.clone(), path, hash: None });
            }
        }
    }

    /// A directory deleted there: does anything in it stay here?
    fn fate_here(&self, directory: &SpacePath) -> Fate {
        let names = directory.names();
        let below = self.local.entries.iter();
        let below = below.filter(|(path, _)| {
            path.names().len() > names.len() && path.names().starts_with(names)
        });
        if !self.local.unreadable.is_empty() && !self.local.is_known(directory) {
            return Fate::Wait;
        }
        let fates = below.map(|(path, entry)| {
            let Some(id) = self.owner.get(path) else { return Fate::Keep };
            if let Some(node) = self.remote.nodes.get(*id) {
                // Either it leaves, or it was moved in here by somebody who wants it here.
                let leaves = !self.was_moved_here(id, node, path);
                return if leaves { Fate::Wait } else { Fate::Keep };
            }
            let known = &self.synced[*id];
            let changed = entry.kind == NodeKind::File && entry.hash != known.hash;
            match (self.remote.deleted.contains(*id), changed, entry.hash) {
                (true, true, None) => Fate::Wait,
                (true, false, _) => Fate::Delete,
                _ => Fate::Keep,
            }
        });
        fates.max().unwrap_or(Fate::Delete)
    }

    /// A directory deleted here: does anything in it stay there?
    fn fate_there(&self, id: &FileId, depth: usize) -> Fate {
        if depth > self.remote.nodes.len() {
            return Fate::Wait;
        }
        let children = self.remote.nodes.iter().filter(|(_, node)| node.parent == *id);
        let fates = children.map(|(child, node)| match self.synced.get(child) {
            None => Fate::Keep,
            // Either it leaves, or it was moved in there by somebody who wants it there.
            Some(entry) if self.here.contains_key(child) => {
                let arrives = self.was_moved_there(child, node, entry);
                if arrives { Fate::Keep } else { Fate::Wait }
            }
            Some(entry) if !self.local.is_known(&entry.path) => Fate::Wait,
            Some(_) if node.kind == NodeKind::Directory => self.fate_there(child, depth + 1),
            Some(entry) if entry.hash == node.hash => Fate::Delete,
            Some(_) => Fate::Keep,
        });
        fates.max().unwrap_or(Fate::Delete)
    }
}
