//! The engines through the real AWS SDK, on real listeners.

#![allow(clippy::unwrap_used, reason = "helpers of tests may, as tests do")]

mod access;
mod attributes;
mod conditional;
mod crash;
mod durability;
mod full;
mod ground;
mod integrity;
mod listing;
mod mail;
mod metadata;
mod multipart;
mod stalled;
mod tokens;
