//! The space: the rules of the store, in short.

use std::collections::BTreeSet;

use protocol::commit::Meta;
use protocol::file::NodeKind;
use protocol::id::FileId;
use protocol::name::SpacePath;
use sync::plan::Action;
use sync::tree::RemoteNode;

use crate::model::{World, hash};

impl World {
    pub(crate) fn commit(&mut self, device: usize, action: Action) -> bool {
        let rev = self.commits + 1;
        let done = self.try_commit(device, action, rev);
        self.commits += u64::from(done);
        done
    }

    fn try_commit(&mut self, device: usize, action: Action, rev: u64) -> bool {
        match action {
            Action::MakeThere { path } | Action::SendNew { path, .. } => {
                let Some(parent) = self.parent_there(device, &path) else { return false };
                let (_, name) = path.split().unwrap();
                if self.child(&parent, &name.key()).is_some() {
                    return false;
                }
                let file = self.devices[device].files[&path].clone();
                let id = FileId::from_random(u128::from(self.number()));
                let node = RemoteNode {
                    parent,
                    name: name.clone(),
                    kind: if file.value.is_some() { NodeKind::File } else { NodeKind::Directory },
                    rev,
                    content_rev: rev,
                    hash: file.value.map(hash),
                    size: 8,
                    meta: Meta { mtime_ns: None, executable: file.executable },
                };
                self.remote.nodes.insert(id.clone(), node);
                self.remember(device, id, &path)
            }
            Action::SendEdit { id, path, .. } | Action::MetaThere { id, path, .. } => {
                let file = self.devices[device].files[&path].clone();
                let node = self.remote.nodes.get_mut(&id).unwrap();
                node.rev = rev;
                node.hash = file.value.map(hash);
                node.meta.executable = file.executable;
                self.remember(device, id, &path)
            }
            Action::MoveThere { id, parent, name, path, .. } => {
                let alive = parent.is_root() || self.remote.nodes.contains_key(&parent);
                let taken = self.child(&parent, &name.key()).is_some_and(|other| other != id);
                if !alive || taken || self.is_below(&parent, &id) {
                    return false;
                }
                let node = self.remote.nodes.get_mut(&id).unwrap();
                (node.rev, node.parent, node.name) = (rev, parent, name);
                self.moved(device, &id, &path)
            }
            Action::RemoveThere { id, kind, .. } => {
                let full = self.remote.nodes.values().any(|node| node.parent == id);
                if kind == NodeKind::Directory && full {
                    return false;
                }
                self.remote.nodes.remove(&id).unwrap();
                self.remote.deleted.insert(id.clone());
                self.devices[device].synced.remove(&id).is_some()
            }
            _ => unreachable!(),
        }
    }

    fn parent_there(&self, device: usize, path: &SpacePath) -> Option<FileId> {
        let (parent, _) = path.split()?;
        if parent.is_root() {
            return Some(FileId::root());
        }
        let mut synced = self.devices[device].synced.iter();
        let found = synced.find(|(id, entry)| {
            let directory = entry.kind == NodeKind::Directory;
            directory && entry.path == parent && self.remote.nodes.contains_key(*id)
        });
        found.map(|(id, _)| id.clone())
    }

    fn child(&self, parent: &FileId, key: &str) -> Option<FileId> {
        let mut nodes = self.remote.nodes.iter();
        nodes
            .find(|(_, node)| node.parent == *parent && node.name.key() == key)
            .map(|(id, _)| id.clone())
    }

    fn is_below(&self, id: &FileId, above: &FileId) -> bool {
        let mut at = id.clone();
        let mut seen = BTreeSet::new();
        while at != *above {
            if !seen.insert(at.clone()) {
                panic!("I9: a cycle in the space");
            }
            match self.remote.nodes.get(&at) {
                Some(node) => at = node.parent.clone(),
                None => return false,
            }
        }
        true
    }
}
