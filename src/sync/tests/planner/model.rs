//! A world small enough to hold in the head: values instead of bytes, maps instead of disks.

use std::collections::BTreeMap;

use protocol::file::NodeKind;
use protocol::hash::ContentHash;
use protocol::id::FileId;
use protocol::name::SpacePath;
use sync::plan::{Action, plan};
use sync::tree::{Local, LocalEntry, Remote, Synced, SyncedEntry};

const NAMES: [&str; 9] = ["a", "b", "A", "d", "e", "d/a", "d/b", "e/a", "d/e/a"];
pub(crate) const PATHS: usize = NAMES.len();

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Write {
        device: usize,
        path: usize,
    },
    Remove {
        device: usize,
        path: usize,
    },
    Rename {
        device: usize,
        from: usize,
        to: usize,
    },
    Copy {
        device: usize,
        from: usize,
        to: usize,
    },
    MakeDirectory {
        device: usize,
        path: usize,
    },
    ToggleExecutable {
        device: usize,
        path: usize,
    },
    /// Killed after so many actions.
    SyncPartly {
        device: usize,
        stop: usize,
    },
    Sync {
        device: usize,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    inode: u64,
    /// `None` for a directory.
    pub(crate) value: Option<u64>,
    pub(crate) executable: bool,
}

#[derive(Default)]
pub(crate) struct Device {
    pub(crate) files: BTreeMap<SpacePath, File>,
    pub(crate) synced: Synced,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) remote: Remote,
    pub(crate) values: BTreeMap<ContentHash, u64>,
    pub(crate) devices: [Device; 2],
    pub(crate) next: u64,
    pub(crate) commits: u64,
    /// Every value written, and whether somebody who saw it removed or replaced it.
    written: BTreeMap<u64, bool>,
}

pub(crate) fn hash(value: u64) -> ContentHash {
    ContentHash::of(&value.to_be_bytes())
}

fn path(index: usize) -> SpacePath {
    NAMES[index].parse().unwrap()
}

impl World {
    pub(crate) fn after(history: &[Step]) -> Self {
        let mut world = Self::default();
        for step in history {
            world.step(step);
        }
        world.quiesce();
        world
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match *step {
            Step::Write { device, path: at } => self.write(device, &path(at)),
            Step::Remove { device, path: at } => self.remove(device, &path(at)),
            Step::Rename { device, from, to } => self.rename(device, &path(from), &path(to)),
            Step::Copy { device, from, to } => self.copy(device, &path(from), &path(to)),
            Step::MakeDirectory { device, path: at } => {
                if self.make_parents(device, &path(at))
                    && !self.devices[device].files.contains_key(&path(at))
                {
                    self.insert_directory(device, path(at));
                }
            }
            Step::ToggleExecutable { device, path: at } => {
                if let Some(file) = self.devices[device].files.get_mut(&path(at)) {
                    file.executable ^= file.value.is_some();
                }
            }
            Step::SyncPartly { device, stop } => {
                self.sync(device, stop);
            }
            Step::Sync { device } => {
                self.sync(device, usize::MAX);
            }
        }
    }

    fn insert_directory(&mut self, device: usize, path: SpacePath) {
        let inode = self.number();
        let directory = File { inode, value: None, executable: false };
        self.devices[device].files.insert(path, directory);
    }

    fn make_parents(&mut self, device: usize, path: &SpacePath) -> bool {
        let Some((parent, _)) = path.split() else { return true };
        if parent.is_root() {
            return true;
        }
        match self.devices[device].files.get(&parent) {
            Some(file) => file.value.is_none(),
            None => {
                if !self.make_parents(device, &parent) {
                    return false;
                }
                self.insert_directory(device, parent);
                true
            }
        }
    }

    fn write(&mut self, device: usize, path: &SpacePath) {
        if !self.make_parents(device, path) {
            return;
        }
        let value = self.number();
        let (inode, executable) = match self.devices[device].files.get(path) {
            Some(File { value: None, .. }) => return,
            Some(file) => (file.inode, file.executable),
            None => (self.number(), false),
        };
        self.retire(device, path);
        self.written.insert(value, false);
        self.values.insert(hash(value), value);
        let file = File { inode, value: Some(value), executable };
        self.devices[device].files.insert(path.clone(), file);
    }

    fn copy(&mut self, device: usize, from: &SpacePath, to: &SpacePath) {
        let Some(file) = self.devices[device].files.get(from).cloned() else { return };
        let free = !self.devices[device].files.contains_key(to);
        if file.value.is_some() && free && self.make_parents(device, to) {
            let inode = self.number();
            self.devices[device].files.insert(to.clone(), File { inode, ..file });
        }
    }

    /// The value here is removed by somebody who sees it.
    fn retire(&mut self, device: usize, path: &SpacePath) {
        if let Some(value) = self.devices[device].files.get(path).and_then(|file| file.value) {
            self.written.insert(value, true);
        }
    }

    fn remove(&mut self, device: usize, path: &SpacePath) {
        let below: Vec<_> = self.below(device, path);
        for path in below {
            self.retire(device, &path);
            self.devices[device].files.remove(&path);
        }
    }

    fn below(&self, device: usize, path: &SpacePath) -> Vec<SpacePath> {
        let files = self.devices[device].files.keys();
        files.filter(|other| other.names().starts_with(path.names())).cloned().collect()
    }

    fn rename(&mut self, device: usize, from: &SpacePath, to: &SpacePath) {
        let inside = to.names().starts_with(from.names());
        if inside
            || !self.devices[device].files.contains_key(from)
            || !self.make_parents(device, to)
        {
            return;
        }
        let directory = self.devices[device].files[from].value.is_none();
        match self.devices[device].files.get(to) {
            None => {}
            // A file over a file, as editors save.
            Some(file) if file.value.is_some() && !directory => self.retire(device, to),
            Some(_) => return,
        }
        self.relocate(device, from, to);
    }

    fn relocate(&mut self, device: usize, from: &SpacePath, to: &SpacePath) {
        for path in self.below(device, from) {
            let rest = &path.names()[from.names().len()..];
            let target: SpacePath = to.names().iter().chain(rest).cloned().collect();
            let file = self.devices[device].files.remove(&path).unwrap();
            self.devices[device].files.insert(target, file);
        }
    }

    pub(crate) fn quiesce(&mut self) {
        for _ in 0..40 {
            let before = self.commits;
            let worked = self.sync(0, usize::MAX) | self.sync(1, usize::MAX);
            if !worked && self.commits == before {
                return;
            }
        }
        panic!("no end: {:#?}", self.plan_of(0));
    }

    fn plan_of(&self, device: usize) -> Vec<Action> {
        plan(&self.remote, &self.local(device), &self.devices[device].synced).actions
    }

    fn local(&self, device: usize) -> Local {
        let files = self.devices[device].files.iter();
        let entries = files.map(|(path, file)| {
            let entry = LocalEntry {
                kind: if file.value.is_some() { NodeKind::File } else { NodeKind::Directory },
                hash: file.value.map(hash),
                executable: file.executable,
                inode: (1, file.inode),
            };
            (path.clone(), entry)
        });
        Local { entries: entries.collect(), unreadable: Vec::new() }
    }

    fn sync(&mut self, device: usize, stop: usize) -> bool {
        let mut done = 0;
        for round in 0.. {
            assert!(round < 200, "I1: no end of plans: {:#?}", self.plan_of(device));
            let actions = self.plan_of(device);
            let mut progress = false;
            for action in &actions {
                if done >= stop {
                    return true;
                }
                if self.act(device, action) {
                    progress = true;
                    done += 1;
                }
            }
            if !progress {
                assert!(actions.is_empty(), "stuck with {actions:#?}");
                break;
            }
        }
        done > 0
    }

    pub(crate) fn trees(&self) -> [BTreeMap<String, (Option<u64>, bool)>; 2] {
        [0, 1].map(|device| {
            let files = self.devices[device].files.iter();
            files.map(|(path, file)| (path.to_string(), (file.value, file.executable))).collect()
        })
    }

    pub(crate) fn remote_tree(&self) -> BTreeMap<String, (Option<u64>, bool)> {
        let paths = self.remote.paths();
        assert_eq!(paths.len(), self.remote.nodes.len(), "I9: a node without a path");
        let nodes = paths.into_iter().map(|(id, path)| {
            let node = &self.remote.nodes[id];
            let value = node.hash.map(|hash| self.values[&hash]);
            (path.to_string(), (value, node.meta.executable))
        });
        nodes.collect()
    }

    pub(crate) fn ledger(&self) -> Vec<(u64, bool)> {
        self.written.iter().map(|(value, removed)| (*value, *removed)).collect()
    }

    pub(crate) fn commits(&self) -> u64 {
        self.commits
    }

    /// Carries out one action the way the real executor does; `false` if it no longer fits.
    fn act(&mut self, device: usize, action: &Action) -> bool {
        match action.clone() {
            Action::Forget { id } => self.devices[device].synced.remove(&id).is_some(),
            Action::Adopt { id, path } => self.remember(device, id, &path),
            Action::Remember { id, path } => self.moved(device, &id, &path),
            Action::SetAside { from, to, .. } => self.move_local(device, &from, &to),
            Action::DropDuplicate { path, hash: expected } => {
                let value = self.devices[device].files[&path].value;
                assert_eq!(value.map(hash), Some(expected));
                let copies = self.devices[device].files.values();
                assert!(copies.filter(|file| file.value == value).count() > 1);
                self.devices[device].files.remove(&path);
                true
            }
            Action::MoveHere { id, from, to } => {
                self.move_local(device, &from, &to) && self.moved(device, &id, &to)
            }
            Action::MakeHere { id, path } => {
                if self.devices[device].files.contains_key(&path) || !self.has_parent(device, &path)
                {
                    return false;
                }
                self.insert_directory(device, path.clone());
                self.remember(device, id, &path)
            }
            Action::Fetch { id, path, replaces } => self.fetch(device, id, &path, replaces),
            Action::MetaHere { id, path } => {
                let executable = self.remote.nodes[&id].meta.executable;
                self.devices[device].files.get_mut(&path).unwrap().executable = executable;
                self.remember(device, id, &path)
            }
            Action::RemoveHere { id, path, hash: expected } => {
                let value = self.devices[device].files.get(&path).and_then(|file| file.value);
                if value.map(hash) != expected
                    || expected.is_none() && self.below(device, &path).len() > 1
                {
                    return false;
                }
                self.devices[device].files.remove(&path);
                self.devices[device].synced.remove(&id).is_some()
            }
            Action::MakeThere { .. }
            | Action::MoveThere { .. }
            | Action::SendNew { .. }
            | Action::SendEdit { .. }
            | Action::MetaThere { .. }
            | Action::RemoveThere { .. } => self.commit(device, action.clone()),
        }
    }

    fn has_parent(&self, device: usize, path: &SpacePath) -> bool {
        let (parent, _) = path.split().unwrap();
        let found = self.devices[device].files.get(&parent);
        parent.is_root() || found.is_some_and(|file| file.value.is_none())
    }

    fn move_local(&mut self, device: usize, from: &SpacePath, to: &SpacePath) -> bool {
        let files = &self.devices[device].files;
        if !files.contains_key(from) || files.contains_key(to) || !self.has_parent(device, to) {
            return false;
        }
        self.relocate(device, from, to);
        true
    }

    fn fetch(
        &mut self,
        device: usize,
        id: FileId,
        path: &SpacePath,
        replaces: Option<ContentHash>,
    ) -> bool {
        let found = self.devices[device].files.get(path);
        if found.and_then(|file| file.value).map(hash) != replaces
            || found.is_some() != replaces.is_some()
            || !self.has_parent(device, path)
        {
            return false;
        }
        let node = self.remote.nodes[&id].clone();
        let file = File {
            inode: self.number(),
            value: Some(self.values[&node.hash.unwrap()]),
            executable: node.meta.executable,
        };
        self.devices[device].files.insert(path.clone(), file);
        self.remember(device, id, path)
    }

    pub(crate) fn remember(&mut self, device: usize, id: FileId, path: &SpacePath) -> bool {
        let file = self.devices[device].files[path].clone();
        let entry = SyncedEntry {
            path: path.clone(),
            kind: if file.value.is_some() { NodeKind::File } else { NodeKind::Directory },
            hash: file.value.map(hash),
            executable: file.executable,
            inode: (1, file.inode),
        };
        self.devices[device].synced.insert(id, entry);
        true
    }

    pub(crate) fn moved(&mut self, device: usize, id: &FileId, to: &SpacePath) -> bool {
        let SyncedEntry { path: old, kind, .. } = self.devices[device].synced[id].clone();
        for (other, entry) in &mut self.devices[device].synced {
            let below = kind == NodeKind::Directory && entry.path.names().starts_with(old.names());
            if other == id || below {
                let rest = &entry.path.names()[old.names().len()..];
                entry.path = to.names().iter().chain(rest).cloned().collect();
            }
        }
        true
    }
}
