//! Values with rules: each type has one constructor, and holding one means that the rules are kept.

mod address;
mod arn;
mod cidr;
mod duration;
mod instance;
mod machine;
mod mail;
mod name;
mod percent;
mod region;
mod web;

pub use address::Address;
pub use arn::Arn;
pub use cidr::Cidr;
pub use duration::Duration;
pub use instance::{Architecture, InstanceType};
pub use machine::{Certificate, FilePath, Image, Release, StorageKey};
pub use mail::{EmailAddress, MailIdentity};
pub use name::StackName;
pub use percent::Percent;
pub use region::Region;
pub use web::{Domain, HostedZone, HttpPath, Url};

use std::fmt;

/// Why a text is no value of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, as the end of a sentence: "`5` has no unit".
    pub message: String,
    /// What to write instead, when that can be guessed.
    pub instead: Option<String>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), instead: None }
    }

    pub(crate) fn instead(mut self, instead: impl Into<String>) -> Self {
        self.instead = Some(instead.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// Shows a typed text inside a message: short, in backquotes.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() > LONGEST {
        let start: String = text.chars().take(LONGEST).collect();
        format!("`{start}…`")
    } else {
        format!("`{text}`")
    }
}

/// Gives a type made of text its reading and writing: `as_str`, `Display`, `FromStr`, `Serialize`.
macro_rules! text_value {
    ($type:ident) => {
        impl $type {
            /// The value as written in a blueprint.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        crate::values::display_value!($type);
    };
}

/// As `text_value`, for a type that brings its own `Display`.
macro_rules! display_value {
    ($type:ident) => {
        impl std::str::FromStr for $type {
            type Err = crate::values::Problem;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

pub(crate) use {display_value, text_value};
