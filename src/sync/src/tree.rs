//! The three trees of a synchronised directory, as plain values.
//!
//! *Remote* is what the journal says, *local* what lies on the disk, and *synced* what both last
//! agreed on. Whether something was created, edited, moved or deleted, and by which side, follows
//! from comparing the other two with the last.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use protocol::commit::Meta;
use protocol::file::NodeKind;
use protocol::hash::ContentHash;
use protocol::id::FileId;
use protocol::name::{EntryName, SpacePath};

use crate::local_name::{MARKER, OWN_DIRECTORY};

/// A live file or directory of the space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteNode {
    pub parent: FileId,
    pub name: EntryName,
    pub kind: NodeKind,
    pub rev: u64,
    /// Names the version that holds the content.
    pub content_rev: u64,
    /// Of files.
    pub hash: Option<ContentHash>,
    pub size: u64,
    pub meta: Meta,
}

/// The space at one cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    pub nodes: BTreeMap<FileId, RemoteNode>,
    /// Tombstones seen in the journal. Nothing else makes a local file disappear.
    pub deleted: BTreeSet<FileId>,
}

impl Remote {
    /// Folders of ours that got into the space, which belong on no disk: what takes the name of a
    /// synchronised directory's own, and those of synchronised directories inside others.
    pub(crate) fn private_folders(&self) -> BTreeSet<&FileId> {
        let named = self.nodes.iter().filter(|(_, node)| node.name.as_str() == OWN_DIRECTORY);
        let mut named: BTreeMap<&FileId, bool> =
            named.map(|(id, node)| (id, node.parent.is_root())).collect();
        if named.is_empty() {
            return BTreeSet::new();
        }
        for marker in self.nodes.values().filter(|node| node.name.as_str() == MARKER) {
            if let Some(private) = named.get_mut(&marker.parent) {
                *private = true;
            }
        }
        named.into_iter().filter_map(|(id, private)| private.then_some(id)).collect()
    }

    /// Where every live node lies. Nodes without a way up to the root have no path.
    pub fn paths(&self) -> HashMap<&FileId, SpacePath> {
        let mut paths: HashMap<&FileId, SpacePath> = HashMap::with_capacity(self.nodes.len());
        for id in self.nodes.keys() {
            let mut chain = Vec::new();
            let mut at = id;
            let mut path = loop {
                if let Some(path) = paths.get(at) {
                    break Some(path.clone());
                }
                let Some(node) = self.nodes.get(at) else {
                    break None;
                };
                chain.push((at, node));
                if node.parent.is_root() {
                    break Some(SpacePath::root());
                }
                if chain.len() > self.nodes.len() {
                    break None;
                }
                at = &node.parent;
            };
            while let Some((id, node)) = chain.pop() {
                path = path.map(|path| path.join(node.name.clone()));
                if let Some(path) = &path {
                    paths.insert(id, path.clone());
                }
            }
        }
        paths
    }
}

/// A file or directory on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalEntry {
    pub kind: NodeKind,
    /// Of files; `None` if it could not be read, and then nothing is done with it.
    pub hash: Option<ContentHash>,
    pub executable: bool,
    /// Device and inode: how a rename is recognised.
    pub inode: (u64, u64),
}

/// The directory as one scan found it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    pub entries: BTreeMap<SpacePath, LocalEntry>,
    /// Places that could not be read: what is missing there is not known to be deleted.
    pub unreadable: Vec<SpacePath>,
}

impl Local {
    /// Whether the scan could see what is at this path.
    pub fn is_known(&self, path: &SpacePath) -> bool {
        let hidden = |above: &SpacePath| path.names().starts_with(above.names());
        !self.unreadable.iter().any(hidden)
    }
}

/// What both sides had when they last agreed about this file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncedEntry {
    /// Where it lies locally.
    pub path: SpacePath,
    pub kind: NodeKind,
    pub hash: Option<ContentHash>,
    pub executable: bool,
    pub inode: (u64, u64),
}

pub type Synced = BTreeMap<FileId, SyncedEntry>;

/// How long a path is as text, without writing it out.
pub(crate) fn text_bytes(path: &SpacePath) -> usize {
    path.names().iter().map(|name| 1 + name.as_str().len()).sum()
}

/// A path as the service compares it: two with the same key can't both exist.
pub fn path_key(path: &SpacePath) -> Vec<String> {
    path.names().iter().map(EntryName::key).collect()
}
