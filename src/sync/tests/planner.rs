//! The planner against a model: two devices, one space, random histories, everything in memory.
//!
//! `PROPTEST_CASES=100000 cargo test -p sync --test planner` runs the long form.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "planner/long.rs"]
mod long;
#[path = "planner/model.rs"]
mod model;
#[path = "planner/space.rs"]
mod space;

use std::collections::BTreeSet;

use model::{Step, World};
use proptest::prelude::*;

fn step() -> impl Strategy<Value = Step> {
    let device = 0..2_usize;
    let path = 0..model::PATHS;
    prop_oneof![
        4 => (device.clone(), path.clone()).prop_map(|(device, path)| Step::Write { device, path }),
        2 => (device.clone(), path.clone()).prop_map(|(device, path)| Step::Remove { device, path }),
        3 => (device.clone(), path.clone(), path.clone())
            .prop_map(|(device, from, to)| Step::Rename { device, from, to }),
        1 => (device.clone(), path.clone()).prop_map(|(device, path)| Step::MakeDirectory { device, path }),
        1 => (device.clone(), path.clone(), path.clone())
            .prop_map(|(device, from, to)| Step::Copy { device, from, to }),
        1 => (device.clone(), path).prop_map(|(device, path)| Step::ToggleExecutable { device, path }),
        2 => (device.clone(), 0..6_usize).prop_map(|(device, stop)| Step::SyncPartly { device, stop }),
        3 => device.prop_map(|device| Step::Sync { device }),
    ]
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(3_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200_000, ..ProptestConfig::default() })]

    /// I1, I2, I3, I7, I8, I15 after any history, with runs cut off anywhere.
    #[test]
    fn any_history_converges_without_losing_a_write(steps in prop::collection::vec(step(), 1..24)) {
        let mut world = World::default();
        for step in &steps {
            world.step(step);
        }
        world.quiesce();
        let trees = world.trees();
        prop_assert_eq!(&trees[0], &trees[1], "I1: the devices differ");
        prop_assert_eq!(&trees[0], &world.remote_tree(), "I1: a device and the space differ");
        let live: BTreeSet<u64> = trees[0].values().filter_map(|(value, _)| *value).collect();
        for (value, removed) in world.ledger() {
            prop_assert!(removed || live.contains(&value), "I2/I3: value {value} disappeared");
        }
        for path in trees[0].keys() {
            let nested = path.matches("(conflict ").count() > 1;
            prop_assert!(!nested, "I7: a conflict copy of a conflict copy: {path}");
        }
        let commits = world.commits();
        world.quiesce();
        prop_assert_eq!(commits, world.commits(), "I15: a quiet run committed something");
    }
}

/// Histories that an earlier planner could not settle.
#[test]
fn known_hard_histories_settle() {
    use Step::{MakeDirectory, Remove, Rename, Sync, SyncPartly, Write};
    let histories = [
        // A directory takes the place of a file that moved elsewhere meanwhile.
        vec![
            Write { device: 0, path: 4 },
            SyncPartly { device: 0, stop: 1 },
            Rename { device: 0, from: 4, to: 0 },
            SyncPartly { device: 1, stop: 1 },
            Remove { device: 1, path: 4 },
            Write { device: 1, path: 7 },
        ],
        // A file goes into a directory that the other side deleted.
        vec![
            Write { device: 1, path: 0 },
            Write { device: 0, path: 5 },
            SyncPartly { device: 0, stop: 1 },
            SyncPartly { device: 1, stop: 2 },
            Rename { device: 1, from: 0, to: 5 },
            Remove { device: 0, path: 3 },
            Sync { device: 0 },
        ],
        // A file becomes the name of the directory above its own new directory.
        vec![
            Write { device: 1, path: 3 },
            SyncPartly { device: 1, stop: 1 },
            SyncPartly { device: 0, stop: 1 },
            Rename { device: 0, from: 3, to: 7 },
            SyncPartly { device: 0, stop: 1 },
            Rename { device: 0, from: 4, to: 5 },
        ],
        // Two directories move, one into what the other becomes.
        vec![
            MakeDirectory { device: 1, path: 1 },
            MakeDirectory { device: 1, path: 7 },
            SyncPartly { device: 1, stop: 2 },
            Rename { device: 1, from: 4, to: 3 },
            Rename { device: 1, from: 1, to: 8 },
        ],
    ];
    for (number, history) in histories.iter().enumerate() {
        let world = World::after(history);
        let trees = world.trees();
        assert_eq!(trees[0], trees[1], "history {number}");
        assert_eq!(trees[0], world.remote_tree(), "history {number}");
    }
}

/// What is remembered about a moved file's content is what both sides last had, not an edit that
/// the space has yet to see.
#[test]
fn an_edit_in_a_moved_directory_survives_a_run_cut_short() {
    use Step::{Remove, Rename, Sync, SyncPartly, Write};
    for stop in 1..4 {
        let world = World::after(&[
            Write { device: 0, path: 4 },
            Write { device: 0, path: 5 },
            Sync { device: 0 },
            Sync { device: 1 },
            Remove { device: 0, path: 4 },
            Rename { device: 0, from: 3, to: 4 },
            Write { device: 0, path: 7 },
            SyncPartly { device: 0, stop },
        ]);
        let trees = world.trees();
        assert_eq!(trees[0], trees[1], "stopped after {stop}");
        let live: BTreeSet<u64> = trees[0].values().filter_map(|(value, _)| *value).collect();
        for (value, removed) in world.ledger() {
            assert!(removed || live.contains(&value), "value {value} disappeared after {stop}");
        }
    }
}
