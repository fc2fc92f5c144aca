//! Cutting and packing: nothing is lost, nothing depends on luck.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::HashMap;
use std::io::Read;

use bytes::Bytes;
use proptest::prelude::*;
use protocol::hash::ContentHash;
use sync::chunk::{MAX_CHUNK_BYTES, MIN_CHUNK_BYTES, Packer, cut_large, hash_reader};

/// A reader that gives as little as it likes.
struct Stingy<'a>(&'a [u8], usize);

impl Read for Stingy<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(self.0.len()).min(self.1);
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    use rand::{RngCore, SeedableRng};
    let mut bytes = vec![0; length];
    rand::rngs::StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

fn chunks(bytes: &[u8], at_once: usize) -> Vec<Bytes> {
    let mut chunks = Vec::new();
    let cut = cut_large(Stingy(bytes, at_once), |chunk| {
        chunks.push(chunk);
        Ok::<_, std::io::Error>(())
    });
    let cut = cut.unwrap();
    assert_eq!((cut.hash, cut.size), (ContentHash::of(bytes), bytes.len() as u64));
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn chunks_make_up_the_file(seed: u64, length in 1..24_000_000_usize, at_once in 100_000..20_000_000_usize) {
        let bytes = noise(seed, length);
        let chunks = chunks(&bytes, at_once);
        prop_assert!(chunks.concat() == bytes);
        let (last, others) = chunks.split_last().unwrap();
        prop_assert!(others.iter().all(|chunk| (MIN_CHUNK_BYTES..=MAX_CHUNK_BYTES).contains(&chunk.len())));
        prop_assert!((1..=MAX_CHUNK_BYTES).contains(&last.len()));
    }
}

proptest! {
    #[test]
    fn packs_hold_every_file_and_equal_ones_once(files in prop::collection::vec((0..5_u64, 1..200_usize), 1..40)) {
        let mut packer = Packer::default();
        let mut placed = HashMap::new();
        let mut packs = Vec::new();
        for (number, (seed, length)) in files.iter().enumerate() {
            let content = noise(*seed, *length);
            placed.insert(number, (packer.add(ContentHash::of(&content), &content), content));
            if number % 7 == 6 {
                packs.extend(packer.finish());
            }
        }
        packs.extend(packer.finish());
        let packs: HashMap<u64, Bytes> = packs.into_iter().collect();
        for (placement, content) in placed.values() {
            let start = placement.offset as usize;
            prop_assert_eq!(&packs[&placement.pack][start..start + placement.length as usize], content);
        }
        let different: HashMap<_, _> = placed.into_values().map(|(_, content)| (content, ())).collect();
        let total: usize = different.keys().map(Vec::len).sum();
        prop_assert_eq!(packs.values().map(Bytes::len).sum::<usize>(), total);
    }
}

/// I16: what comes after an insertion is cut where it was cut before.
#[test]
fn an_insertion_changes_the_chunks_around_it_only() {
    let mut bytes = noise(7, 50_000_000);
    let before = chunks(&bytes, usize::MAX);
    bytes.splice(25_000_000..25_000_000, *b"more");
    let after = chunks(&bytes, usize::MAX);
    let changed = after.iter().filter(|chunk| !before.contains(chunk)).count();
    assert!((1..=3).contains(&changed), "{changed} chunks changed");
}

#[test]
fn hashing_a_reader_equals_hashing_its_bytes() {
    let bytes = noise(9, 1_000_001);
    let cut = hash_reader(Stingy(&bytes, 777)).unwrap();
    assert_eq!((cut.hash, cut.size), (ContentHash::of(&bytes), 1_000_001));
}

/// The cutter passes on what the receiver of chunks says.
#[test]
fn a_receiver_may_stop_it() {
    #[derive(Debug)]
    enum Stop {
        Enough,
        Io(#[expect(dead_code, reason = "shown by Debug")] std::io::Error),
    }
    impl From<std::io::Error> for Stop {
        fn from(error: std::io::Error) -> Self {
            Self::Io(error)
        }
    }
    let bytes = noise(1, 5_000_000);
    let stopped = cut_large(bytes.as_slice(), |_| Err::<(), _>(Stop::Enough));
    assert!(matches!(stopped, Err(Stop::Enough)));
}
