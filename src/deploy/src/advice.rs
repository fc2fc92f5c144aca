//! What to do about an error of AWS.
//!
//! The entries are data ([`table`]); an entry matches by AWS's code or by pieces of its message, and the names in
//! the message (an action, a number, a zone) go into the advice. The first match wins, so the special stands before
//! the general.

mod extract;
mod table;
#[cfg(test)]
mod tests;

use cloud::CloudError;

use extract::fill;
use table::{ENTRIES, Entry, When};

/// What helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// One or two sentences, commands in backticks.
    pub text: String,
    /// Key of the blueprint that has to do with it.
    pub key: Option<&'static str>,
}

/// What helps against an error with this code and message; `None` where nothing better is known than to read it.
/// The message may still be wrapped in CloudFormation's words.
#[must_use]
pub fn advice(code: Option<&str>, message: &str) -> Option<Advice> {
    let entry = ENTRIES.iter().find(|entry| matches(entry, code, message))?;
    Some(Advice { text: fill(entry.advice, message), key: entry.key })
}

/// [`advice`] for a call that failed, as text.
#[must_use]
pub fn of_call(error: &CloudError) -> Option<String> {
    advice(error.code.as_deref(), &error.message).map(|advice| advice.text)
}

fn matches(entry: &Entry, code: Option<&str>, message: &str) -> bool {
    entry.when.iter().any(|when| match when {
        When::Code(known) => code == Some(*known),
        When::Says(pieces) => pieces.iter().all(|piece| contains(message, piece)),
        When::Both(known, pieces) => {
            code == Some(*known) && pieces.iter().all(|piece| contains(message, piece))
        }
    })
}

/// Services do not agree on capitals.
fn contains(message: &str, piece: &str) -> bool {
    message.to_lowercase().contains(&piece.to_lowercase())
}
