//! The server over real HTTP, in this process, against the embedded engines.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "server/support.rs"]
mod support;

#[path = "server/content.rs"]
mod content;
#[path = "server/drain.rs"]
mod drain;
#[path = "server/hostile.rs"]
mod hostile;
#[path = "server/mail.rs"]
mod mail;
#[path = "server/members.rs"]
mod members;
#[path = "server/metrics.rs"]
mod metrics;
#[path = "server/openapi.rs"]
mod openapi;
#[path = "server/refusals.rs"]
mod refusals;
#[path = "server/story.rs"]
mod story;
#[path = "server/tokens.rs"]
mod tokens;
#[path = "server/waiting.rs"]
mod waiting;
