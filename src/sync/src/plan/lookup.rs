//! Questions about the three trees, answered from either side.

use std::collections::HashMap;

use protocol::id::FileId;
use protocol::name::{EntryName, SpacePath};

use super::Planner;
use crate::tree::{Local, LocalEntry, RemoteNode, SyncedEntry, path_key};

/// Where a node hangs: its directory and its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) parent: Parent,
    pub(super) name: EntryName,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parent {
    Known(FileId),
    /// A local directory that the space does not have yet.
    New(SpacePath),
}

impl<'a> Planner<'a> {
    /// Where a local path hangs, in terms of the space's ids.
    pub(super) fn local_place(&self, path: &SpacePath) -> Option<Place> {
        let (parent, name) = path.split()?;
        let parent = if parent.is_root() {
            Parent::Known(FileId::root())
        } else {
            match self.owner.get(&parent) {
                Some(id) if self.remote.nodes.contains_key(*id) => Parent::Known((*id).clone()),
                _ => Parent::New(parent),
            }
        };
        Some(Place { parent, name: name.clone() })
    }

    pub(super) fn synced_place(&self, entry: &SyncedEntry) -> Option<Place> {
        let (parent, name) = entry.path.split()?;
        let parent = if parent.is_root() {
            Parent::Known(FileId::root())
        } else {
            match self.synced_directories.get(&parent) {
                Some(id) => Parent::Known((*id).clone()),
                None => Parent::New(parent),
            }
        };
        Some(Place { parent, name: name.clone() })
    }

    pub(super) fn remote_paths(&self) -> &HashMap<&'a FileId, SpacePath> {
        self.paths.get_or_init(|| self.remote.paths())
    }

    /// The local path at which a remote node belongs, if its directory is here or will be. It may
    /// be too long.
    pub(super) fn place_here(&self, id: &FileId, node: &RemoteNode) -> Option<SpacePath> {
        if self.private.contains(id) {
            return None;
        }
        let directory = self.directories_here.get(&node.parent)?;
        Some(directory.join(node.name.clone()))
    }

    /// What occupies a local path, under any spelling.
    pub(super) fn occupant(&self, path: &SpacePath) -> Option<(&'a SpacePath, &'a LocalEntry)> {
        let local: &'a Local = self.local;
        let taken = *self.keys.get(&path_key(path))?;
        local.entries.get(taken).map(|entry| (taken, entry))
    }

    /// Whether the user removed it: it was here, we can see that place, and it is nowhere.
    pub(super) fn is_gone_here(&self, id: &FileId, entry: &SyncedEntry) -> bool {
        !self.here.contains_key(id) && self.local.is_known(&entry.path)
    }

    pub(super) fn remote_child(&self, parent: &FileId, name: &EntryName) -> Option<&'a FileId> {
        // The map borrows its keys from the tree, so the parent is looked up there first.
        let parent = if parent.is_root() {
            self.remote.nodes.values().map(|node| &node.parent).find(|id| id.is_root())?
        } else {
            self.remote.nodes.get_key_value(parent)?.0
        };
        self.children.get(&(parent, name.key())).copied()
    }

    pub(super) fn remote_depth(&self, id: &FileId) -> usize {
        let mut depth = 0;
        let mut at = id;
        while let Some(node) = self.remote.nodes.get(at) {
            depth += 1;
            at = &node.parent;
            if depth > self.remote.nodes.len() {
                break;
            }
        }
        depth
    }
}
