//! A [`blueprint::Deployment`] to what CloudFormation builds it from: two templates with their parameters and tags,
//! and a diagram of the result.
//!
//! Values go in, text comes out. This crate calls no service and reads no file, environment or clock; what has to
//! be looked up comes in as [`Resolved`]. The same values always give the same bytes.
//!
//! The files of `templates/stack` are CloudFormation in YAML, one concern each. Their structure follows the
//! blueprint, and so do the numbers it fixes; whatever is found when a deployment is planned, and then kept, is a
//! CloudFormation parameter.

mod canonical;
mod catalog;
mod check;
mod context;
mod environment;
mod error;
mod fragments;
pub mod graph;
mod launch_template;
mod literal;
mod names;
mod render;
mod resolved;
mod tags;
mod template;
mod user_data;

pub use check::{INLINE_BYTES, USER_DATA_BYTES};
pub use context::alarms::alarm_id;
pub use error::RenderError;
pub use names::{Purpose, bucket_name, stack_name};
pub use render::{EXPIRES, Rendered, Stack, StackKind, render};
pub use resolved::{Resolved, Sha256Digest, release_key};
pub use tags::tags;
pub use template::{DIGEST_OUTPUT, Template};
pub use user_data::longest_user_data;
