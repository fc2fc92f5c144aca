//! Names of files and directories, and the key that makes siblings unique.

use std::fmt;
use std::str::FromStr;

use caseless::Caseless;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// The longest name in bytes; what Linux, macOS and Windows file systems all can store.
pub const MAX_NAME_BYTES: usize = 255;

/// The deepest path and its longest text; `PATH_MAX` on Linux is 4,096 bytes.
pub const MAX_PATH_BYTES: usize = 4_000;

/// One component of a path, kept exactly as it was spelled.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 255)]
pub struct EntryName(String);

/// Why a text can't name a file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("a name can't be empty")]
    Empty,
    #[error("a name can't be '.' or '..'")]
    Dots,
    #[error("a name is at most {MAX_NAME_BYTES} bytes long; this one has {0}")]
    TooLong(usize),
    #[error("a name can't contain '/' or the NUL character")]
    Character,
    #[error("a path is at most {MAX_PATH_BYTES} bytes long; this one has {0}")]
    PathTooLong(usize),
}

impl EntryName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key under which siblings must be unique: canonical caseless matching (Unicode 3.13, D145),
    /// composed.
    ///
    /// `Straße`, `STRASSE` and a decomposed spelling share one key, because some file system that
    /// people use can't tell them apart (facts: `sync.md` section 2, rows 7 and 8).
    pub fn key(&self) -> String {
        let mut key = fold(&self.0);
        // A few letters (the Greek iota subscript among them) only settle on the second pass.
        loop {
            let again = fold(&key);
            if again == key {
                return key;
            }
            key = again;
        }
    }
}

fn fold(text: &str) -> String {
    text.nfd().default_case_fold().nfc().collect()
}

impl TryFrom<String> for EntryName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        match text.as_str() {
            "" => Err(InvalidName::Empty),
            "." | ".." => Err(InvalidName::Dots),
            _ if text.len() > MAX_NAME_BYTES => Err(InvalidName::TooLong(text.len())),
            _ if text.contains(['/', '\0']) => Err(InvalidName::Character),
            _ => Ok(Self(text)),
        }
    }
}

impl FromStr for EntryName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::try_from(text.to_owned())
    }
}

impl From<EntryName> for String {
    fn from(name: EntryName) -> Self {
        name.0
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// A path inside a space: names from the root down. The root is the empty path, shown as `/`.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "/reports/2026.pdf")]
pub struct SpacePath(Vec<EntryName>);

impl SpacePath {
    pub fn root() -> Self {
        Self::default()
    }

    pub fn names(&self) -> &[EntryName] {
        &self.0
    }

    pub fn join(&self, name: EntryName) -> Self {
        let mut names = self.0.clone();
        names.push(name);
        Self(names)
    }

    /// The directory and the last name, or `None` for the root.
    pub fn split(&self) -> Option<(Self, &EntryName)> {
        let (name, parents) = self.0.split_last()?;
        Some((Self(parents.to_vec()), name))
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<EntryName> for SpacePath {
    fn from_iter<I: IntoIterator<Item = EntryName>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

impl FromStr for SpacePath {
    type Err = InvalidName;

    /// Accepts a leading, a trailing and doubled slashes; refuses `.` and `..`.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text.len() > MAX_PATH_BYTES {
            return Err(InvalidName::PathTooLong(text.len()));
        }
        let names = text.split('/').filter(|part| !part.is_empty()).map(str::parse);
        names.collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<String> for SpacePath {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<SpacePath> for String {
    fn from(path: SpacePath) -> Self {
        path.to_string()
    }
}

impl fmt::Display for SpacePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        self.0.iter().try_for_each(|name| write!(f, "/{name}"))
    }
}

impl fmt::Debug for SpacePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
