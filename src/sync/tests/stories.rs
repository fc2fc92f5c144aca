//! Push, pull and sync against a real server and real engines in this process.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "stories/both_ways.rs"]
mod both_ways;
#[path = "stories/interrupted.rs"]
mod interrupted;
#[path = "stories/long.rs"]
mod long;
#[path = "stories/moments.rs"]
mod moments;
#[path = "stories/nested.rs"]
mod nested;
#[path = "stories/one_way.rs"]
mod one_way;
#[path = "stories/random.rs"]
mod random;
#[path = "stories/unsteady.rs"]
mod unsteady;
#[path = "stories/world.rs"]
mod world;
