//! Two machines, random edits, a ledger of everything ever written.
//!
//! `SYNC_SEEDS=50` runs more histories; a failure names its seed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sync::synchronise::MassDelete;

use crate::world::{Device, World};

const PATHS: [&str; 8] = ["a", "b.txt", "B.txt", "d/a", "d/b", "d/e/a", "f/a", "f"];

/// Values that somebody who saw them removed or replaced.
#[derive(Default)]
struct Ledger {
    written: BTreeMap<Vec<u8>, bool>,
    next: u32,
}

impl Ledger {
    fn value(&mut self, device: usize, random: &mut StdRng) -> Vec<u8> {
        self.next += 1;
        let padding = "·".repeat(random.random_range(0..200));
        let value = format!("device {device} value {} {padding}", self.next).into_bytes();
        self.written.insert(value.clone(), false);
        value
    }

    fn retire(&mut self, device: &Device, path: &str) {
        for (found, content) in device.tree() {
            if let Some(content) = content
                && found.starts_with(path)
            {
                self.written.insert(content, true);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_lose_nothing_and_converge() {
    let seeds = std::env::var("SYNC_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    for seed in 0..seeds {
        history(seed).await;
    }
}

async fn history(seed: u64) {
    let world = World::start().await;
    let mut devices = [world.device("one"), world.device("two")];
    for device in &mut devices {
        device.mass_delete = MassDelete::Allow;
        std::fs::create_dir_all(&device.directory).unwrap();
    }
    let mut random = StdRng::seed_from_u64(seed);
    let mut ledger = Ledger::default();
    for _ in 0..30 {
        let number = random.random_range(0..2);
        let device = &devices[number];
        match random.random_range(0..10) {
            0..5 => write(device, number, &mut ledger, &mut random),
            5 => remove(device, &mut ledger, &mut random),
            6 => rename(device, &mut random),
            _ => {
                world.sync(device).await;
                no_invented_data(seed, device, &ledger);
            }
        }
    }
    for _ in 0..4 {
        for device in &devices {
            world.sync(device).await;
            no_invented_data(seed, device, &ledger);
        }
    }
    let (one, two) = (devices[0].tree(), devices[1].tree());
    assert_eq!(one, two, "I1, seed {seed}");
    let live: BTreeSet<Vec<u8>> = one.into_values().flatten().collect();
    for (value, retired) in &ledger.written {
        let text = String::from_utf8_lossy(value);
        assert!(*retired || live.contains(value), "I2/I3, seed {seed}: lost {text:?}");
    }
    let quiet = world.sync(&devices[0]).await;
    assert_eq!((quiet.commits, quiet.uploaded_bytes), (0, 0), "I15, seed {seed}");
}

fn pick(random: &mut StdRng) -> &'static str {
    PATHS[random.random_range(0..PATHS.len())]
}

fn write(device: &Device, number: usize, ledger: &mut Ledger, random: &mut StdRng) {
    let path = pick(random);
    let target = device.directory.join(path);
    let parents = target.parent().map(PathBuf::from).unwrap();
    if target.is_dir() || std::fs::create_dir_all(parents).is_err() {
        return;
    }
    if target.exists() {
        ledger.retire(device, path);
    }
    let value = ledger.value(number, random);
    device.write(path, value);
}

fn remove(device: &Device, ledger: &mut Ledger, random: &mut StdRng) {
    let path = pick(random);
    ledger.retire(device, path);
    let target = device.directory.join(path);
    if target.is_dir() {
        std::fs::remove_dir_all(target).unwrap();
    } else if target.exists() {
        device.remove(path);
    }
}

fn rename(device: &Device, random: &mut StdRng) {
    let (from, to) = (device.directory.join(pick(random)), device.directory.join(pick(random)));
    if from.exists() && !to.exists() && to.parent().is_some_and(|parent| parent.is_dir()) {
        // A directory can't move into itself, and the system says so.
        let _ = std::fs::rename(from, to);
    }
}

/// I4: every file holds exactly something that was once written.
fn no_invented_data(seed: u64, device: &Device, ledger: &Ledger) {
    for (path, content) in device.tree() {
        if let Some(content) = content {
            assert!(ledger.written.contains_key(&content), "I4, seed {seed}: {}", path.display());
        }
    }
}
