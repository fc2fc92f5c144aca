use super::{Problem, quote};
use serde::Serialize;
use std::fmt;

/// A share in whole percent, written `50` or `50%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Percent(u32);

impl Percent {
    /// Reads a whole number, with or without a percent sign.
    ///
    /// # Errors
    /// When it is no whole number.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let number = text.strip_suffix('%').unwrap_or(text).trim_end();
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        match number.parse::<u32>() {
            Ok(value) if plain => Ok(Self(value)),
            _ => Err(Problem::new(format!("{} is not a whole percentage", quote(text)))),
        }
    }

    /// The number before the percent sign.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}
