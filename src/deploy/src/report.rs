//! A [`Plan`](crate::plan::Plan) as people and programs read it: text for a terminal, Markdown for a pull request,
//! JSON for everything else.
//!
//! All three say the same, because what they say is decided once ([`words`], [`names`], [`labels`], [`rows`]).
//! Names, tags and values come from others; each form escapes them in one place ([`escape`]).

mod concern;
mod creation;
mod drifts;
mod escape;
mod json;
mod labels;
mod markdown;
pub(crate) mod names;
mod paint;
mod rows;
#[cfg(test)]
pub(crate) mod sample;
mod tags;
mod text;
mod values;
mod words;

pub use creation::with_properties;
pub use json::{Document, FORMAT, SCHEMA, Summary, json};
pub use markdown::{MARKDOWN_BYTES, markdown};
pub use paint::{Paint, Plain, Tone};
pub use text::text;
