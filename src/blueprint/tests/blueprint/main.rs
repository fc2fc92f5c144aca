//! One program for all tests of the public surface, so that they link once.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail, read files and look at the clock"
)]

mod diagnostics;
mod hostile;
mod precedence;
mod presets;
mod properties;
mod reference;
mod replay;
mod schema;
mod support;
