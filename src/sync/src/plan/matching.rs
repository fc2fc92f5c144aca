//! Which local file is which remembered one.

use std::collections::{HashMap, HashSet};

use protocol::file::NodeKind;
use protocol::hash::ContentHash;
use protocol::id::FileId;
use protocol::name::SpacePath;

use crate::tree::{Local, Remote, Synced, SyncedEntry};

/// By path first, following directories that moved; then by inode; then by unique content.
///
/// Directories come before what is in them, so that a renamed directory brings its files along.
pub(super) fn match_local<'a>(
    remote: &Remote,
    local: &Local,
    synced: &'a Synced,
) -> HashMap<&'a FileId, SpacePath> {
    let mut order: Vec<(&FileId, &SyncedEntry)> = synced.iter().collect();
    order.sort_by(|a, b| {
        let key = |entry: &SyncedEntry| (entry.path.names().len(), entry.path.clone());
        key(a.1).cmp(&key(b.1))
    });
    let directories = order.iter().filter(|(_, entry)| entry.kind == NodeKind::Directory);
    let directories: HashMap<&SpacePath, &FileId> =
        directories.map(|(id, entry)| (&entry.path, *id)).collect();
    let mut matched = Matched { here: HashMap::new(), claimed: HashSet::new() };
    // Whoever lies where it lay is itself; this must not depend on what else moved.
    for (id, entry) in &order {
        matched.claim(local, id, entry, entry.path.clone());
    }
    let inodes: HashMap<(u64, u64), &SpacePath> =
        local.entries.iter().map(|(path, entry)| (entry.inode, path)).collect();
    for (id, entry) in &order {
        if matched.here.contains_key(id) {
            continue;
        }
        if let Some(path) = inodes.get(&entry.inode)
            && local.entries[*path].hash == entry.hash
            && matched.claim(local, id, entry, (*path).clone())
        {
            continue;
        }
        let Some((parent, name)) = entry.path.split() else {
            continue;
        };
        let moved = directories.get(&parent).and_then(|id| matched.here.get(id));
        if let Some(parent) = moved {
            let expected = parent.join(name.clone());
            matched.claim(local, id, entry, expected);
        }
    }
    matched.by_content(remote, local, &order);
    matched.here
}

struct Matched<'a> {
    here: HashMap<&'a FileId, SpacePath>,
    claimed: HashSet<SpacePath>,
}

impl<'a> Matched<'a> {
    fn claim(
        &mut self,
        local: &Local,
        id: &'a FileId,
        entry: &SyncedEntry,
        path: SpacePath,
    ) -> bool {
        let fits = local.entries.get(&path).is_some_and(|found| found.kind == entry.kind);
        if !fits || self.claimed.contains(&path) {
            return false;
        }
        self.claimed.insert(path.clone());
        self.here.insert(id, path);
        true
    }

    /// A file that was copied and removed keeps its identity where its content leaves no doubt.
    fn by_content(&mut self, remote: &Remote, local: &Local, order: &[(&'a FileId, &SyncedEntry)]) {
        let missing = order.iter().filter(|(id, entry)| {
            !self.here.contains_key(id)
                && entry.kind == NodeKind::File
                && remote.nodes.contains_key(id)
                && local.is_known(&entry.path)
        });
        let missing = unique(missing.filter_map(|&(id, entry)| Some((entry.hash?, (id, entry)))));
        let empty = ContentHash::of(b"");
        let new = local.entries.iter().filter(|(path, _)| !self.claimed.contains(*path));
        let new = unique(new.filter_map(|(path, entry)| Some((entry.hash?, path))));
        for (hash, found) in missing {
            let (Some((id, entry)), Some(Some(path))) = (found, new.get(&hash)) else {
                continue;
            };
            if hash != empty {
                self.claim(local, id, entry, (*path).clone());
            }
        }
    }
}

/// Values by key; `None` where there are several.
fn unique<T>(pairs: impl Iterator<Item = (ContentHash, T)>) -> HashMap<ContentHash, Option<T>> {
    let mut found = HashMap::new();
    for (key, value) in pairs {
        found.entry(key).and_modify(|several| *several = None).or_insert(Some(value));
    }
    found
}
