//! Names are kept as spelled and compared by key (facts: `sync.md` section 2, rows 7 and 8).

use proptest::prelude::*;
use protocol::hash::ContentHash;
use protocol::id::{FileId, SpaceId};
use protocol::name::{EntryName, InvalidName, SpacePath};

#[test]
fn siblings_that_some_file_system_cannot_tell_apart_share_a_key() {
    let key = |text: &str| text.parse::<EntryName>().unwrap().key();
    assert_eq!(key("README"), key("readme"));
    assert_eq!(key("Straße"), key("STRASSE"));
    assert_eq!(key("caf\u{e9}"), key("cafe\u{301}"));
    assert_ne!(key("a"), key("b"));
}

#[test]
fn what_cannot_be_a_name_says_why() {
    let refusal = |text: &str| text.parse::<EntryName>().unwrap_err();
    assert_eq!(refusal(""), InvalidName::Empty);
    assert_eq!(refusal(".."), InvalidName::Dots);
    assert_eq!(refusal("a/b"), InvalidName::Character);
    assert_eq!(refusal("a\0b"), InvalidName::Character);
    assert_eq!(refusal(&"x".repeat(256)), InvalidName::TooLong(256));
}

#[test]
fn a_path_never_leaves_its_space() {
    assert!("/a/../b".parse::<SpacePath>().is_err());
    assert_eq!("//a///b/".parse::<SpacePath>().unwrap().to_string(), "/a/b");
    assert_eq!("".parse::<SpacePath>().unwrap(), SpacePath::root());
}

#[test]
fn identifiers_fit_into_keys_and_paths() {
    assert!("UPPER".parse::<SpaceId>().is_err());
    assert!("a#b".parse::<SpaceId>().is_err());
    assert!("".parse::<SpaceId>().is_err());
    assert!(FileId::root().is_root());
    assert_eq!(SpaceId::from_random(7).as_str().len(), 32);
}

proptest! {
    #[test]
    fn a_key_is_its_own_key(text in "\\PC{1,60}") {
        let key = text.parse::<EntryName>().map(|name| name.key()).unwrap_or_default();
        if let Ok(again) = key.parse::<EntryName>() {
            prop_assert_eq!(again.key(), key);
        }
    }

    #[test]
    fn a_path_reads_back_as_it_was_written(text in "(/[^/\\x00]{1,20}){0,8}") {
        if let Ok(path) = text.parse::<SpacePath>() {
            prop_assert_eq!(&path.to_string().parse::<SpacePath>().unwrap(), &path);
            let json = serde_json::to_string(&path).unwrap();
            prop_assert_eq!(serde_json::from_str::<SpacePath>(&json).unwrap(), path);
        }
    }

    #[test]
    fn a_hash_reads_back(bytes in any::<[u8; 32]>()) {
        let hash = ContentHash::from_bytes(bytes);
        prop_assert_eq!(hash.to_string().parse::<ContentHash>().unwrap(), hash);
    }
}
