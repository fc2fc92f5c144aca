//! Messages between agents, servers and the web page, and the values they are made of.
//!
//! Everything here is plain data: no clock, no files, no network. What a string must look like is
//! decided once, at the door, by the constructors of [`id`], [`hash`] and [`name`].

pub mod account;
pub mod changes;
pub mod commit;
pub mod error;
pub mod file;
pub mod hash;
pub mod id;
pub mod name;
pub mod space;
pub mod upload;

/// The version of this protocol, the `v1` of every path. A server refuses what it does not know.
pub const PROTOCOL_VERSION: u32 = 1;
