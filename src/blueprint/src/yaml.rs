//! Bytes to a small tree of nodes with positions, within fixed bounds.
//!
//! The parser behind this delivers events one at a time, so nothing here recurses over the input and nothing
//! grows beyond [`MOST_BYTES`]. Aliases are refused, not expanded: each value then has exactly one
//! place, and an alias bomb is only a list of refusals.

mod build;
mod text;

pub(crate) use build::build;
pub(crate) use text::decode;

use crate::source::Span;

/// Largest text in bytes. The reference blueprint, with a comment on every key, takes a twentieth of it.
pub const MOST_BYTES: usize = 256 * 1024;
/// Deepest nesting; the format itself needs four levels.
pub(crate) const MOST_LEVELS: usize = 16;
/// Most values in one text.
pub(crate) const MOST_NODES: usize = 4_000;
/// Longest single value in bytes.
pub(crate) const LONGEST_SCALAR: usize = 4_096;

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: NodeKind,
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    /// Nothing at all, or `~` or `null` without quotes.
    Empty,
    Scalar {
        text: String,
        quoted: bool,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
    /// Something that was already complained about.
    Refused,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) span: Span,
    pub(crate) value: Node,
}
