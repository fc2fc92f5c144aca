//! The real program in a closed world: cleared environment, a home of its own, free ports.
//!
//! Each test's whole output is a snapshot, so that a change in any word is a decision.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod world;

mod blueprint_commands;
mod command_line;
mod hints;
mod life_of_a_service;
mod refusals;
mod releases;
