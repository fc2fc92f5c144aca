//! Extents as they are stored: compact, because a large file has tens of thousands.
//!
//! Layout: format byte 1; the number of distinct chunks; each chunk as 32 bytes of hash and its
//! generation; the number of extents; each extent as index of its chunk, offset, length. All
//! numbers are LEB128. A file that lies in whole chunks costs about 40 bytes per extent.

use std::collections::HashMap;

use protocol::hash::ContentHash;

const FORMAT: u8 = 1;

/// An extent together with its chunk's generation, so that the object's key follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredExtent {
    pub(crate) chunk: ContentHash,
    pub(crate) generation: u32,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

pub(crate) fn encode(extents: &[StoredExtent]) -> Vec<u8> {
    let mut chunks = Vec::new();
    let mut index = HashMap::new();
    for extent in extents {
        let chunk = (extent.chunk, extent.generation);
        index.entry(chunk).or_insert_with(|| {
            chunks.push(chunk);
            chunks.len() as u64 - 1
        });
    }
    let mut out = vec![FORMAT];
    put(&mut out, chunks.len() as u64);
    for (hash, generation) in chunks {
        out.extend_from_slice(hash.as_bytes());
        put(&mut out, u64::from(generation));
    }
    put(&mut out, extents.len() as u64);
    for extent in extents {
        put(&mut out, index[&(extent.chunk, extent.generation)]);
        put(&mut out, extent.offset);
        put(&mut out, extent.length);
    }
    out
}

/// `None` for anything that [`encode`] can't have written.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<StoredExtent>> {
    let (format, mut rest) = bytes.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let input = &mut rest;
    let mut chunks = Vec::new();
    for _ in 0..take(input)? {
        let (hash, tail) = input.split_first_chunk::<32>()?;
        *input = tail;
        let generation = u32::try_from(take(input)?).ok()?;
        chunks.push((ContentHash::from_bytes(*hash), generation));
    }
    let mut extents = Vec::new();
    for _ in 0..take(input)? {
        let index = usize::try_from(take(input)?).ok()?;
        let (chunk, generation) = *chunks.get(index)?;
        extents.push(StoredExtent {
            chunk,
            generation,
            offset: take(input)?,
            length: take(input)?,
        });
    }
    input.is_empty().then_some(extents)
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(input: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = input.split_first()?;
        *input = tail;
        let bits = u64::from(byte & 0x7f);
        number |= bits.checked_shl(shift).filter(|n| n >> shift == bits)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn extent() -> impl Strategy<Value = StoredExtent> {
        (0..4_u8, 1..3_u32, any::<u64>(), any::<u64>()).prop_map(
            |(chunk, generation, offset, length)| StoredExtent {
                chunk: ContentHash::of(&[chunk]),
                generation,
                offset,
                length,
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(list in prop::collection::vec(extent(), 0..50)) {
            prop_assert_eq!(decode(&encode(&list)), Some(list));
        }

        #[test]
        fn garbage_is_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn a_truncated_list_is_refused(list in prop::collection::vec(extent(), 1..20), cut in 0..1000_usize) {
            let bytes = encode(&list);
            let end = cut % bytes.len();
            prop_assert_eq!(decode(&bytes[..end]), None);
        }
    }
}
