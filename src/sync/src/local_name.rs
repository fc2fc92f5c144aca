//! Names on the local disk and in a space, where the two differ.

use protocol::hash::ContentHash;
use protocol::name::{EntryName, MAX_NAME_BYTES};

/// The folder of ours in every synchronised directory. It is never synchronised itself.
pub const OWN_DIRECTORY: &str = ".sync-agent";

/// In [`OWN_DIRECTORY`]: says that the directory around it is a synchronised one.
pub(crate) const MARKER: &str = "root.json";
/// In [`OWN_DIRECTORY`]: where downloads become complete.
pub(crate) const INCOMING: &str = "incoming";
/// In [`OWN_DIRECTORY`]: where files go before they are removed or replaced.
pub(crate) const TRASH: &str = "trash";

/// The name under which the losing side of a conflict is kept.
///
/// It depends on the name and the losing bytes alone: a repetition, on this device or another,
/// arrives at the same name, so there is one copy per losing version. A copy of a copy is named
/// after the original, so suffixes never pile up.
pub fn conflict_name(name: &EntryName, loser: &ContentHash) -> EntryName {
    let digest = loser.to_string();
    marked(&original_of(name), &format!(" (conflict {})", &digest[..8]))
}

/// The name for a second sibling that differs from the first only in case or Unicode form.
///
/// `number` 1 is the plain mark, later ones count up.
pub fn collision_name(name: &EntryName, number: u32) -> EntryName {
    let mark = match number {
        0 | 1 => " (name conflict)".to_owned(),
        number => format!(" (name conflict {number})"),
    };
    marked(name, &mark)
}

/// The name without a conflict mark of ours.
fn original_of(name: &EntryName) -> EntryName {
    let text = name.as_str();
    let Some(start) = text.find(" (conflict ") else {
        return name.clone();
    };
    let rest = &text[start + " (conflict ".len()..];
    let is_mark = rest.len() >= 9
        && rest.as_bytes()[..8].iter().all(u8::is_ascii_hexdigit)
        && rest.as_bytes()[8] == b')';
    if !is_mark {
        return name.clone();
    }
    let original = format!("{}{}", &text[..start], &rest[9..]);
    original.parse().unwrap_or_else(|_| name.clone())
}

/// Puts the mark before the extension and shortens the stem where the whole would be too long.
fn marked(name: &EntryName, mark: &str) -> EntryName {
    let text = name.as_str();
    let (stem, extension) = match text.rfind('.') {
        Some(dot) if dot > 0 && text.len() - dot <= 16 => text.split_at(dot),
        _ => (text, ""),
    };
    let room = MAX_NAME_BYTES - mark.len() - extension.len();
    let mut end = stem.len().min(room);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let marked = format!("{}{mark}{extension}", &stem[..end]);
    marked.parse().unwrap_or_else(|_| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> EntryName {
        text.parse().unwrap()
    }

    #[test]
    fn a_conflict_copy_keeps_its_extension_and_is_never_nested() {
        let loser = ContentHash::of(b"mine");
        let copy = conflict_name(&name("report.txt"), &loser);
        assert_eq!(copy.as_str(), format!("report (conflict {}).txt", &loser.to_string()[..8]));
        let other = ContentHash::of(b"yours");
        let again = conflict_name(&copy, &other);
        assert_eq!(again, conflict_name(&name("report.txt"), &other));
        assert_eq!(conflict_name(&copy, &loser), copy);
    }

    #[test]
    fn marks_fit_into_the_longest_names() {
        let loser = ContentHash::of(b"x");
        for text in
            ["a".repeat(255), "ä".repeat(127), format!("{}.txt", "語".repeat(83)), ".x".repeat(120)]
        {
            let copy = conflict_name(&name(&text), &loser);
            assert!(copy.as_str().len() <= 255 && copy.as_str() != text);
            assert_ne!(collision_name(&name(&text), 2), collision_name(&name(&text), 1));
        }
    }

    #[test]
    fn what_only_looks_like_a_mark_stays() {
        let loser = ContentHash::of(b"x");
        let copy = conflict_name(&name("a (conflict of interest).txt"), &loser);
        assert!(copy.as_str().starts_with("a (conflict of interest) (conflict "));
    }
}
