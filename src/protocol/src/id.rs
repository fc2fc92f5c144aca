//! Identifiers: random, never reused, and of one shape, so that they can stand in keys and paths.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is not a valid identifier.
#[derive(Debug, thiserror::Error)]
#[error("an identifier is 1 to 64 of a-z, 0-9 and '-'")]
pub struct InvalidId;

fn check(text: String) -> Result<String, InvalidId> {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits { Ok(text) } else { Err(InvalidId) }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
        )]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, pattern = "^[a-z0-9-]{1,64}$")]
        pub struct $name(String);

        impl $name {
            /// An identifier of 128 bits from the caller's randomness.
            pub fn from_random(bits: u128) -> Self {
                Self(format!("{bits:032x}"))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                check(text).map(Self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

identifier!(
    /// A person's account.
    UserId
);
identifier!(
    /// One login of a user on one machine; owns one token.
    DeviceId
);
identifier!(
    /// A shared folder with one journal.
    SpaceId
);
identifier!(
    /// A file or directory; stays the same through edits, renames and moves.
    FileId
);
identifier!(
    /// An upload session, which owns the right to commit the chunks it declared.
    SessionId
);
identifier!(
    /// Chosen by the client; makes a repeated commit harmless.
    CommitId
);
identifier!(
    /// A new value after any restore of the service's data, so that stale cursors are noticed.
    Epoch
);

impl FileId {
    /// The root directory of every space. It has no node row and can't be changed.
    pub fn root() -> Self {
        Self("root".to_owned())
    }

    pub fn is_root(&self) -> bool {
        self.0 == "root"
    }
}
