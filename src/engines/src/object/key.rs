//! Object keys as file names.
//!
//! Short keys are spelled out so that a listing needs no file to be opened;
//! long ones are named by their digest and carry the key in their trailer.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

const SPELLED: &str = "k-";
const DIGESTED: &str = "d-";

/// File systems allow 255 bytes; the rest is room for suffixes.
const LONGEST_NAME: usize = 240;

/// How many folders the objects of a bucket are spread over.
pub(crate) const SHARDS: usize = 256;

/// The folder of a key inside its bucket, below [`SHARDS`].
pub(crate) fn shard(key: &str) -> usize {
    usize::from(Sha256::digest(key.as_bytes())[0])
}

/// The folder name of a shard.
pub(crate) fn shard_name(shard: usize) -> String {
    format!("{shard:02x}")
}

/// The file name of a key: no separators, no reserved names, at most 255 bytes.
pub(crate) fn file_name(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 16);
    name.push_str(SPELLED);
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => name.push(byte.into()),
            // Writing into a String cannot fail.
            _ => drop(write!(name, "%{byte:02X}")),
        }
    }
    if name.len() <= LONGEST_NAME {
        return name;
    }
    format!("{DIGESTED}{}", hex::encode(Sha256::digest(key.as_bytes())))
}

/// What a file name says about its key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Key(String),
    /// The key is in the trailer.
    Long,
    /// Not a name this store gives.
    Unknown,
}

/// The key behind a file name.
pub(crate) fn parse(name: &str) -> Name {
    if name.starts_with(DIGESTED) {
        return Name::Long;
    }
    let Some(spelled) = name.strip_prefix(SPELLED) else {
        return Name::Unknown;
    };
    let mut bytes = Vec::with_capacity(spelled.len());
    let mut rest = spelled.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = tail;
            continue;
        }
        let Some(value) = tail.get(..2).and_then(|pair| hex::decode(pair).ok()) else {
            return Name::Unknown;
        };
        bytes.extend(value);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_or(Name::Unknown, Name::Key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_has_one_safe_name(key in "\\PC{1,1024}|[\\x00-\\x7f]{1,300}|(\\.\\./){1,100}") {
            let name = file_name(&key);
            prop_assert!(name.len() <= 255);
            prop_assert!(!name.contains('/') && !name.contains('\0'));
            prop_assert!(!name.starts_with('.'));
            match parse(&name) {
                Name::Key(found) => prop_assert_eq!(found, key),
                Name::Long => prop_assert!(key.len() > 70),
                Name::Unknown => prop_assert!(false, "{} is not parsed", name),
            }
        }

        #[test]
        fn different_keys_have_different_names(a in "\\PC{1,400}", b in "\\PC{1,400}") {
            prop_assert_eq!(a == b, file_name(&a) == file_name(&b));
        }
    }

    #[test]
    fn dots_and_case_stay_apart() {
        assert_eq!(file_name(".."), "k-..");
        assert_eq!(file_name("s/a/b.1"), "k-s%2Fa%2Fb.1");
        assert_ne!(file_name("A"), file_name("a"));
        assert_eq!(parse("k-%zz"), Name::Unknown);
        assert_eq!(parse("thesis.tex"), Name::Unknown);
    }
}
