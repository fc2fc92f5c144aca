//! What can't be carried over as things are: told to whoever can change that, and never a reason to
//! hold up anything else.

use std::collections::BTreeMap;

use protocol::file::NodeKind;
use protocol::id::FileId;
use protocol::name::{EntryName, MAX_PATH_BYTES, SpacePath};

use super::Planner;
use super::lookup::{Parent, Place};
use crate::tree::{RemoteNode, text_bytes};

/// Paths are local ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// The space has it where its path would be longer than any system reads.
    TooLongHere { path: SpacePath, below: usize },
    /// New here, and its path in the space would be too long.
    TooLongThere { path: SpacePath },
    /// It moved in the space, and its path here, or one below it, would be too long: it stays.
    StaysHere { path: SpacePath },
    /// It moved here, and its path in the space, or one below it, would be too long.
    StaysThere { path: SpacePath },
    /// What stands at this place can't be looked into or replaced, and the space has changes for it.
    Hidden { place: SpacePath, changes: usize },
}

impl<'a> Planner<'a> {
    /// The local path at which a remote node belongs. One that is too long is told, and one where
    /// something stands that is none of ours is left to [`Self::tell_hidden`].
    pub(super) fn target_or_tell(&mut self, id: &FileId, node: &RemoteNode) -> Option<SpacePath> {
        let path = self.place_here(id, node)?;
        if text_bytes(&path) <= MAX_PATH_BYTES {
            return self.hidden_at(&path).is_none_or(SpacePath::is_root).then_some(path);
        }
        let below = self.remote_below(id).count();
        self.left_out.push(LeftOut::TooLongHere { path, below });
        None
    }

    /// Counts what the space has for places here that can't be seen: a symbolic link where a
    /// directory was, a directory that may not be read.
    pub(super) fn tell_hidden(&mut self) {
        if self.local.unreadable.is_empty() {
            return;
        }
        let mut changes: BTreeMap<SpacePath, usize> = BTreeMap::new();
        let gone = self.synced.iter().filter(|(id, _)| self.remote.deleted.contains(*id));
        let gone = gone.filter(|(id, _)| !self.here.contains_key(id));
        let gone = gone.filter_map(|(_, entry)| self.hidden_at(&entry.path));
        let changed = self.remote.nodes.iter().filter_map(|(id, node)| self.hides(id, node));
        for place in gone.chain(changed) {
            *changes.entry(place.clone()).or_default() += 1;
        }
        let hidden = changes.into_iter();
        self.left_out.extend(hidden.map(|(place, changes)| LeftOut::Hidden { place, changes }));
    }

    /// The place that keeps this node from being here as the space has it.
    fn hides(&self, id: &FileId, node: &RemoteNode) -> Option<&'a SpacePath> {
        let arrives = self.place_here(id, node);
        let Some(entry) = self.synced.get(id) else {
            let Some(path) = arrives else { return self.hidden_above(node) };
            return self.hidden_at(&path).filter(|place| !place.is_root());
        };
        let there = Place { parent: Parent::Known(node.parent.clone()), name: node.name.clone() };
        let moved = self.synced_place(entry).as_ref() != Some(&there);
        if self.here.contains_key(id) {
            return if moved && arrives.is_none() { self.hidden_above(node) } else { None };
        }
        let edited = node.hash != entry.hash || node.meta.executable != entry.executable;
        if moved || edited { self.hidden_at(&entry.path) } else { None }
    }

    /// The same of the nearest directory above it that both sides know.
    fn hidden_above(&self, node: &RemoteNode) -> Option<&'a SpacePath> {
        let mut at = &node.parent;
        for _ in 0..=self.remote.nodes.len() {
            match self.synced.get(at) {
                Some(_) if self.here.contains_key(at) => return None,
                Some(entry) => return self.hidden_at(&entry.path),
                None => at = &self.remote.nodes.get(at)?.parent,
            }
        }
        None
    }

    fn hidden_at(&self, path: &SpacePath) -> Option<&'a SpacePath> {
        let local = self.local;
        local.unreadable.iter().find(|above| path.names().starts_with(above.names()))
    }

    /// Whether a node that moved in the space, and what is below it here, can follow.
    pub(super) fn fits_here(&self, id: &FileId, node: &RemoteNode, from: &SpacePath) -> bool {
        let Some(to) = self.place_here(id, node) else { return true };
        text_bytes(&to) + self.longest_below_here(from) <= MAX_PATH_BYTES
    }

    /// Whether a node that moved here, and what is below it in the space, can follow.
    pub(super) fn fits_there(&self, id: &FileId, place: &Place, path: &SpacePath) -> bool {
        let paths = self.remote_paths();
        let own = paths.get(id).map_or(0, text_bytes);
        let below = self.remote_below(id).map(|path| text_bytes(path) - own).max().unwrap_or(0);
        let longest = below.max(self.longest_below_here(path));
        self.length_there(&place.parent, &place.name) + longest <= MAX_PATH_BYTES
    }

    /// Whether a directory above it moved here, and the space could not follow.
    pub(super) fn is_kept_back(&self, path: &SpacePath) -> bool {
        self.left_out.iter().any(|left_out| match left_out {
            LeftOut::StaysThere { path: above } => path.names().starts_with(above.names()),
            _ => false,
        })
    }

    /// The length of a path in the space, which need not be that of the local one.
    pub(super) fn length_there(&self, parent: &Parent, name: &EntryName) -> usize {
        let above = match parent {
            Parent::Known(id) => self.remote_paths().get(id).map_or(0, text_bytes),
            Parent::New(directory) => match self.local_place(directory) {
                Some(place) => self.length_there(&place.parent, &place.name),
                None => 0,
            },
        };
        above + 1 + name.as_str().len()
    }

    /// How much longer than its own path the longest path below a local directory is.
    fn longest_below_here(&self, directory: &SpacePath) -> usize {
        let entry = self.local.entries.get(directory);
        if entry.is_none_or(|entry| entry.kind == NodeKind::File) {
            return 0;
        }
        let below = self.local.entries.range(directory..).map(|(path, _)| path);
        let below = below.take_while(|path| path.names().starts_with(directory.names()));
        below.map(text_bytes).max().unwrap_or(0).saturating_sub(text_bytes(directory))
    }

    fn remote_below(&self, id: &FileId) -> impl Iterator<Item = &SpacePath> + use<'_, 'a> {
        let is_directory =
            self.remote.nodes.get(id).is_some_and(|node| node.kind == NodeKind::Directory);
        let above = is_directory.then(|| self.remote_paths().get(id)).flatten();
        above.into_iter().flat_map(|above| {
            self.remote_paths().values().filter(|path| {
                path.names().len() > above.names().len() && path.names().starts_with(above.names())
            })
        })
    }
}
