//! The local target with real processes.
#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

#[path = "it/balancer.rs"]
mod balancer;
#[path = "it/data.rs"]
mod data;
#[path = "it/drills.rs"]
mod drills;
#[path = "it/rolls.rs"]
mod rolls;
#[path = "it/scaling.rs"]
mod scaling;
#[path = "it/supervision.rs"]
mod supervision;
#[path = "it/support.rs"]
mod support;
#[path = "it/up.rs"]
mod up;
