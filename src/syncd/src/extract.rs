//! Extractors whose refusals look like every other error of this API.

mod caller;
mod json;
mod source;

pub(crate) use caller::{Caller, CallerSlot};
pub(crate) use json::{Json, Path, Query};
pub(crate) use source::Source;
