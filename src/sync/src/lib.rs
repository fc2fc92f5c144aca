//! The client engine: scan, three-tree planner, transfer, local state.
//!
//! Nothing here prints, asks or parses arguments; progress goes through [`report::Reporter`]. The
//! network and the clock stand behind small traits ([`service::Service`], [`service::Content`],
//! [`clock::Clock`]), so that a test can drive the engine with its own.
//!
//! Content never passes through the server: chunks go straight to the object store with a
//! temporary credential, and only a commit, which names them, makes a file appear.

pub mod api;
pub mod browse;
pub mod chunk;
pub mod clock;
mod commit;
pub mod compare;
mod content;
mod download;
pub mod error;
mod fs;
mod gate;
mod halves;
pub mod history;
pub mod home;
mod listing;
pub mod local_name;
pub mod plan;
pub mod pull;
pub mod push;
pub mod report;
mod scan;
#[cfg(test)]
mod scripted;
pub mod secret;
pub mod service;
mod session;
mod state;
pub mod synchronise;
mod trash;
pub mod tree;
mod upload;
