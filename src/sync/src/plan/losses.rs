//! What a plan takes away, as opposed to what it only puts elsewhere.

use std::collections::HashMap;

use protocol::file::NodeKind;
use protocol::hash::ContentHash;

use super::Action;
use crate::tree::{Local, Remote, Synced};

/// How many files each side loses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    pub here: usize,
    pub there: usize,
}

/// More than half of the files, and more than 20: more likely a mishap than a wish.
pub fn is_mass_delete(deletes: usize, files: usize) -> bool {
    deletes > 20 && deletes * 2 > files
}

/// The files that both sides had when a run began.
#[derive(Clone, Debug, Default)]
pub struct Before {
    pub files: usize,
    hashes: HashMap<ContentHash, usize>,
}

impl Before {
    pub fn of(synced: &Synced) -> Self {
        let files = synced.values().filter(|entry| entry.kind == NodeKind::File).count();
        Self { files, hashes: count(synced.values().filter_map(|entry| entry.hash)) }
    }
}

/// Counts the files that the plan deletes and whose bytes do not come back under another id: what
/// was removed and made again, by another program's way of moving say, is no loss.
pub fn losses(actions: &[Action], remote: &Remote, local: &Local, before: &Before) -> Losses {
    let here = actions.iter().filter_map(|action| match action {
        Action::RemoveHere { hash, .. } => *hash,
        _ => None,
    });
    let there = actions.iter().filter_map(|action| match action {
        Action::RemoveThere { id, kind: NodeKind::File, .. } => remote.nodes.get(id)?.hash,
        _ => None,
    });
    let (here, there) = (count(here), count(there));
    if here.is_empty() && there.is_empty() {
        return Losses::default();
    }
    let lost = |removed: HashMap<ContentHash, usize>, left: HashMap<ContentHash, usize>| {
        let fewer = |hash: &ContentHash| {
            let of = |counts: &HashMap<ContentHash, usize>| counts.get(hash).copied().unwrap_or(0);
            of(&before.hashes).saturating_sub(of(&left))
        };
        removed.iter().map(|(hash, count)| fewer(hash).min(*count)).sum()
    };
    Losses {
        here: lost(here, count(remote.nodes.values().filter_map(|node| node.hash))),
        there: lost(there, count(local.entries.values().filter_map(|entry| entry.hash))),
    }
}

fn count(hashes: impl Iterator<Item = ContentHash>) -> HashMap<ContentHash, usize> {
    let mut counts = HashMap::new();
    for hash in hashes {
        *counts.entry(hash).or_default() += 1;
    }
    counts
}
