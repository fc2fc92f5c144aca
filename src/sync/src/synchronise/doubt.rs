//! What is missing although nobody deleted it: a volume that is away, a name that can't be sent.

use std::collections::HashSet;

use protocol::name::SpacePath;

use crate::tree::{Local, Synced};

/// Places below which nothing counts as deleted, each with the reason; parents stand for what is
/// below them.
///
/// `device` is the directory's own; without it, no volume counts as away. A device number only means something while the numbering is the
/// one that was remembered, which the directory's own number shows.
pub(super) fn doubtful(
    synced: &Synced,
    local: &Local,
    unnamable: &[(u64, u64)],
    device: Option<u64>,
) -> Vec<(SpacePath, &'static str)> {
    let numbering_holds =
        device.is_some_and(|device| synced.values().any(|entry| entry.inode.0 == device));
    let mut present: HashSet<u64> = local.entries.values().map(|entry| entry.inode.0).collect();
    present.extend(device);
    let mut places: Vec<_> = synced
        .values()
        .filter_map(|entry| {
            let reason = if unnamable.contains(&entry.inode) {
                "it has a name now that a space can't hold; give it another one"
            } else if numbering_holds && !present.contains(&entry.inode.0) {
                "its volume is away; if it is meant to be deleted, allow mass deletion"
            } else {
                return None;
            };
            Some((entry.path.clone(), reason))
        })
        .collect();
    places.sort();
    places.dedup_by(|(path, _), (above, _)| path.names().starts_with(above.names()));
    places
}

#[cfg(test)]
mod tests {
    use protocol::file::NodeKind;

    use super::*;
    use crate::tree::{LocalEntry, SyncedEntry};

    const HERE: u64 = 1;
    const STICK: u64 = 2;

    fn synced(entries: &[(&str, (u64, u64))]) -> Synced {
        let entry = |path: &str, inode| SyncedEntry {
            path: path.parse().unwrap(),
            kind: NodeKind::File,
            hash: None,
            executable: false,
            inode,
        };
        entries
            .iter()
            .enumerate()
            .map(|(index, (path, inode))| (index.to_string().parse().unwrap(), entry(path, *inode)))
            .collect()
    }

    fn local(entries: &[(&str, (u64, u64))]) -> Local {
        let entry =
            |inode| LocalEntry { kind: NodeKind::File, hash: None, executable: false, inode };
        let entries =
            entries.iter().map(|(path, inode)| (path.parse().unwrap(), entry(*inode))).collect();
        Local { entries, ..Local::default() }
    }

    fn places(found: Vec<(SpacePath, &'static str)>) -> Vec<String> {
        found.into_iter().map(|(path, _)| path.to_string()).collect()
    }

    #[test]
    fn a_volume_that_is_away_has_deleted_nothing() {
        let before = synced(&[("/a", (HERE, 1)), ("/stick", (STICK, 1)), ("/stick/b", (STICK, 2))]);
        let now = local(&[("/stick", (HERE, 9))]);
        assert_eq!(places(doubtful(&before, &now, &[], Some(HERE))), ["/stick"]);
        assert!(doubtful(&before, &now, &[], None).is_empty(), "it is meant to be deleted");
    }

    #[test]
    fn with_the_volume_there_a_deletion_is_one() {
        let before = synced(&[("/a", (HERE, 1)), ("/stick", (STICK, 1)), ("/stick/b", (STICK, 2))]);
        let now = local(&[("/stick", (STICK, 1))]);
        assert!(doubtful(&before, &now, &[], Some(HERE)).is_empty());
    }

    #[test]
    fn numbers_of_another_boot_say_nothing() {
        let before = synced(&[("/a", (7, 1)), ("/b", (7, 2))]);
        assert!(doubtful(&before, &local(&[("/a", (HERE, 1))]), &[], Some(HERE)).is_empty());
    }

    #[test]
    fn what_has_an_unsendable_name_now_is_not_gone() {
        let before = synced(&[("/docs", (HERE, 5)), ("/docs/a", (HERE, 6)), ("/x", (HERE, 7))]);
        let found = doubtful(&before, &local(&[]), &[(HERE, 5)], Some(HERE));
        assert_eq!(places(found), ["/docs"]);
    }
}
