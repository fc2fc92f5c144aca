//! The deployer's own functions against answers of AWS that no emulator gives. Each story names the page of AWS's
//! that it follows, for when something happens and what comes of it; where the page gives no words, the words are ours.
//! `tests/aws/README.md` says which story stands in for what.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what fails here is the test")]

mod deletions;
mod documented;
mod drift;
mod endpoints;
mod harm;
mod interruptions;
mod others;
mod preflight;
mod protection;
mod rollbacks;
mod rolls;
mod said;
mod scene;
mod validations;
mod world;
