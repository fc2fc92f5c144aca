//! The store against the real engines, through the real SDK: one story per rule.

#![expect(clippy::unwrap_used, reason = "a story that can't go on fails")]

mod accounts;
mod commits;
mod content;
mod files;
mod mail;
mod paths;
mod races;
mod spaces;
mod world;
