//! Previews: deployments that have an end. Lists them, extends them, and collects what has expired.
//!
//! What is a preview, and whether it may go, is decided over plain data ([`judge`]); whoever is not sure leaves it.

pub mod collect;
mod evidence;
pub mod extend;
pub mod judge;
pub mod list;
mod mark;
pub mod pair;
mod quiet;
pub mod skip;
#[cfg(test)]
mod tests;

pub(crate) use mark::may_become_one;
pub use mark::{PREVIEW_TAG, blueprint_of};
