//! What is derived from templates: the local plan and the policies.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what fails here is the test")]

mod blueprints;
mod laws;
mod merge;
mod permissions;
mod schemas;
mod stories;

#[path = "../../../stack/examples/render_all/generator.rs"]
mod generator;
