//! The local target with real processes.
#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

#[path = "it/balancer.rs"]
mod balancer;
#[path = "it/bench.rs"]
mod bench;
#[path = "it/data.rs"]
mod data;
#[path = "it/drills.rs"]
mod drills;
#[path = "it/patience.rs"]
mod patience;
#[path = "it/rolls.rs"]
mod rolls;
#[path = "it/scaling.rs"]
mod scaling;
#[path = "it/smuggling.rs"]
mod smuggling;
#[path = "it/streams.rs"]
mod streams;
#[path = "it/supervision.rs"]
mod supervision;
#[path = "it/support.rs"]
mod support;
#[path = "it/tls.rs"]
mod tls;
#[path = "it/up.rs"]
mod up;
