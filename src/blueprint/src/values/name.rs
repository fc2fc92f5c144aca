use super::{Problem, quote, text_value};
use sha2::{Digest as _, Sha256};

/// Longest name in characters. Names of buckets and roles are built from it and have limits of their own.
const LONGEST: usize = 24;

/// Name of a deployment: at most 24 characters, lower case, and never ending in `-data`.
///
/// The data of a deployment lives in a stack called `NAME-data`, so that ending is taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackName(String);

impl StackName {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is too long, has other characters than `a-z`, `0-9` and single `-`, does not start with a
    /// letter, or ends in `-` or `-data`.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let reason = if text.is_empty() {
            "is empty"
        } else if text.len() > LONGEST {
            "is longer than 24 characters"
        } else if !text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            "has other characters than a-z, 0-9 and -"
        } else if !text.starts_with(|first: char| first.is_ascii_lowercase()) {
            "does not start with a letter"
        } else if text.ends_with('-') || text.contains("--") {
            "has a - at its end or two in a row"
        } else if text.ends_with("-data") {
            "ends in -data, which is the name of the stack that holds the data"
        } else {
            return Ok(Self(text.to_owned()));
        };
        let problem = Problem::new(format!("{} {reason}", quote(text)));
        Err(match tidy(text) {
            Some(instead) if instead != text => problem.instead(instead),
            _ => problem,
        })
    }

    /// The name for a branch of a version control system: readable, and different for different branches.
    #[must_use]
    pub fn from_branch(branch: &str) -> Self {
        match Self::new(branch) {
            Ok(name) => name,
            Err(_) => {
                let hash = hex::encode(Sha256::digest(branch.as_bytes()));
                let mut start = tidy(branch).unwrap_or_else(|| "branch".to_owned());
                start.truncate(LONGEST - 7);
                // A hash after the last dash can neither end in a dash nor spell `-data` (it has six characters).
                Self(format!("{}-{}", start.trim_end_matches('-'), &hash[..6]))
            }
        }
    }
}

/// The nearest valid name, if there is one.
fn tidy(text: &str) -> Option<String> {
    let mut name = String::new();
    for character in text.chars().take(200) {
        let lower = character.to_ascii_lowercase();
        if lower.is_ascii_lowercase() || (lower.is_ascii_digit() && !name.is_empty()) {
            name.push(lower);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(LONGEST);
    while name.ends_with('-') || name.ends_with("-data") {
        let keep = name.strip_suffix("-data").unwrap_or(&name).trim_end_matches('-').len();
        name.truncate(keep);
    }
    (!name.is_empty()).then_some(name)
}

text_value!(StackName);

#[cfg(test)]
mod tests {
    use super::StackName;

    #[test]
    fn names_that_break_a_rule_come_with_one_that_does_not() {
        for (text, instead) in [
            ("Acme Sync", "acme-sync"),
            ("acme-data", "acme"),
            ("acme-data-data", "acme"),
            ("1acme", "acme"),
            ("acme--sync-", "acme-sync"),
            ("abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwx"),
        ] {
            let problem = StackName::new(text).unwrap_err();
            assert_eq!(problem.instead.as_deref(), Some(instead), "{text}");
            assert!(StackName::new(instead).is_ok());
        }
        assert_eq!(StackName::new("12").unwrap_err().instead, None);
    }

    #[test]
    fn a_branch_becomes_a_short_valid_name_that_stays_distinct() {
        let long = StackName::from_branch("feature/JIRA-1234-a-very-long-branch-name");
        let other = StackName::from_branch("feature/JIRA-1234-a-very-long-branch-nome");
        assert_ne!(long, other);
        for branch in ["main", "x-data", "###", "é", "feature/a", &"a-".repeat(100)] {
            let name = StackName::from_branch(branch);
            assert_eq!(StackName::new(name.as_str()), Ok(name.clone()), "{branch}");
        }
        assert_eq!(StackName::from_branch("main").as_str(), "main");
    }
}
