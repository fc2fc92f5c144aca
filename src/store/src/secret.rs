//! Secrets: made of 256 random bits, kept only as digests, and unable to print themselves.

use std::fmt;

use rand::Rng;
use subtle::ConstantTimeEq;

/// A text that must not reach a log. [`Secret::reveal`] is the only way out.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `prefix` and 256 random bits in hexadecimal.
    pub(crate) fn random(prefix: &str) -> Self {
        let bits: [u8; 32] = rand::rng().random();
        Self(format!("{prefix}{}", hex::encode(bits)))
    }

    /// What is stored instead. A plain digest is enough: nobody can guess 256 random bits.
    pub(crate) fn digest(text: &str) -> String {
        protocol::hash::ContentHash::of(text.as_bytes()).to_string()
    }

    /// Compares without telling by its duration where the texts differ.
    pub(crate) fn matches(&self, candidate: &str) -> bool {
        self.0.as_bytes().ct_eq(candidate.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// 128 random bits for an identifier.
pub(crate) fn random_bits() -> u128 {
    rand::rng().random()
}
