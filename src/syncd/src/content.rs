//! Answering for stored bytes as RFC 9110 asks: validators, ranges, names.

pub(crate) mod disposition;
pub(crate) mod paced;
pub(crate) mod precondition;
pub(crate) mod range;
