//! Paths that are too long on one side hold up nothing else.

use std::collections::{BTreeMap, BTreeSet};

use protocol::commit::Meta;
use protocol::file::NodeKind;
use protocol::hash::ContentHash;
use protocol::id::FileId;
use protocol::name::SpacePath;
use sync::plan::{Action, LeftOut, plan};
use sync::tree::{Local, LocalEntry, Remote, RemoteNode, Synced, SyncedEntry};

/// A chain of directories with long names, ten of which are too many for two.
const DEEP: usize = 10;

#[derive(Default)]
struct Trees {
    remote: Remote,
    local: Local,
    synced: Synced,
}

fn id(number: u128) -> FileId {
    FileId::from_random(number)
}

fn level(letter: char, number: usize) -> String {
    format!("{number}{}", letter.to_string().repeat(220))
}

/// `/a…/a…/…` down to a depth.
fn chain(letter: char, depth: usize) -> String {
    (0..depth).map(|number| format!("/{}", level(letter, number))).collect()
}

impl Trees {
    /// Adds something that both sides have.
    fn both(&mut self, number: u128, parent: Option<u128>, path: &str, kind: NodeKind) {
        let path: SpacePath = path.parse().unwrap();
        let hash = (kind == NodeKind::File).then(|| ContentHash::of(&number.to_le_bytes()));
        let node = RemoteNode {
            parent: parent.map_or_else(FileId::root, id),
            name: path.split().unwrap().1.clone(),
            kind,
            rev: 1,
            content_rev: 1,
            hash,
            size: 1,
            meta: Meta { mtime_ns: None, executable: false },
        };
        let inode = (1, number as u64);
        let entry = SyncedEntry { path: path.clone(), kind, hash, executable: false, inode };
        self.remote.nodes.insert(id(number), node);
        self.synced.insert(id(number), entry);
        self.local.entries.insert(path, LocalEntry { kind, hash, executable: false, inode });
    }

    /// Two chains, 1 to 10 of `a` and 11 to 20 of `b`, with a file, 30, at the end of the first.
    fn two_chains() -> Self {
        let mut trees = Self::default();
        for (letter, first) in [('a', 1), ('b', 11)] {
            for depth in 0..DEEP {
                let number = first + depth as u128;
                let parent = (depth > 0).then(|| number - 1);
                trees.both(number, parent, &chain(letter, depth + 1), NodeKind::Directory);
            }
        }
        trees.both(30, Some(10), &(chain('a', DEEP) + "/file"), NodeKind::File);
        trees
    }

    fn rename_here(&mut self, from: &str, to: &str) {
        let (from, to): (SpacePath, SpacePath) = (from.parse().unwrap(), to.parse().unwrap());
        let entries = std::mem::take(&mut self.local.entries);
        let renamed = entries.into_iter().map(|(path, entry)| {
            let rest = path.names().strip_prefix(from.names());
            let renamed = rest.map(|rest| to.names().iter().chain(rest).cloned().collect());
            (renamed.unwrap_or(path), entry)
        });
        self.local.entries = renamed.collect::<BTreeMap<_, _>>();
    }

    fn left_out(&self) -> Vec<LeftOut> {
        let plan = plan(&self.remote, &self.local, &self.synced);
        assert_eq!(plan.actions, [], "nothing can be done about it");
        plan.left_out
    }
}

#[test]
fn a_move_in_the_space_that_makes_paths_too_long_is_not_followed() {
    let mut trees = Trees::two_chains();
    trees.remote.nodes.get_mut(&id(1)).unwrap().parent = id(20);
    let path: SpacePath = chain('a', 1).parse().unwrap();
    assert_eq!(trees.left_out(), [LeftOut::StaysHere { path }]);

    // Everything in it and beside it goes on.
    trees.both(40, None, "/beside", NodeKind::File);
    trees.remote.nodes.get_mut(&id(30)).unwrap().hash = Some(ContentHash::of(b"new"));
    trees.remote.nodes.get_mut(&id(40)).unwrap().hash = Some(ContentHash::of(b"new"));
    let actions = plan(&trees.remote, &trees.local, &trees.synced).actions;
    let fetched = actions.iter().filter(|action| matches!(action, Action::Fetch { .. }));
    assert_eq!((fetched.count(), actions.len()), (2, 2), "{actions:?}");

    // Moved to a short place here, it takes that one in the space as well.
    trees.rename_here(&chain('a', 1), "/short");
    let plan = plan(&trees.remote, &trees.local, &trees.synced);
    let to = "/short".parse().unwrap();
    let mended = matches!(&plan.actions[..], [Action::MoveThere { path, .. }] if *path == to);
    assert!(mended && plan.left_out.is_empty(), "{plan:?}");
}

#[test]
fn a_move_here_that_makes_paths_too_long_is_not_sent() {
    let mut trees = Trees::two_chains();
    let target = chain('b', DEEP) + "/" + &level('a', 0);
    trees.rename_here(&chain('a', 1), &target);
    // What the scan can't name any more is missing in it.
    trees.local.entries.retain(|path, _| path.to_string().len() <= 4_000);
    let hidden: BTreeSet<SpacePath> =
        (8..=DEEP).map(|depth| chain('a', depth).parse().unwrap()).collect();
    trees.local.unreadable = hidden.into_iter().collect();
    let path: SpacePath = target.parse().unwrap();
    assert_eq!(trees.left_out(), [LeftOut::StaysThere { path }]);
}

#[test]
fn what_is_new_where_paths_are_too_long_is_left_out_and_counted() {
    let mut trees = Trees::two_chains();
    trees.both(40, None, "/beside", NodeKind::File);
    for number in (1..=10).chain([30, 40]) {
        let entry = trees.synced.remove(&id(number)).unwrap();
        trees.local.entries.remove(&entry.path).unwrap();
    }
    trees.remote.nodes.get_mut(&id(1)).unwrap().parent = id(20);
    let plan = plan(&trees.remote, &trees.local, &trees.synced);
    let fetches =
        |action: &&Action| matches!(action, Action::Fetch { id: file, .. } if *file == id(40));
    assert_eq!(plan.actions.iter().filter(fetches).count(), 1);
    let [LeftOut::TooLongHere { path, below }] = &plan.left_out[..] else {
        panic!("{:?}", plan.left_out)
    };
    // Eight more levels fit into 4,000 bytes below the ten of the other chain.
    assert_eq!((path.names().len(), *below), (19, 2));
}

#[test]
fn a_new_file_in_a_directory_that_stayed_is_not_sent_where_its_path_would_be_too_long() {
    let mut trees = Trees::two_chains();
    trees.remote.nodes.get_mut(&id(1)).unwrap().parent = id(20);
    let entry = |hash| LocalEntry {
        kind: NodeKind::File,
        hash: Some(ContentHash::of(hash)),
        executable: false,
        inode: (1, 99),
    };
    let deep: SpacePath = (chain('a', 9) + "/new").parse().unwrap();
    trees.local.entries.insert(deep.clone(), entry(b"1"));
    let left_out = trees.left_out();
    assert!(left_out.contains(&LeftOut::TooLongThere { path: deep }), "{left_out:?}");
}
