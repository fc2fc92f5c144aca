//! The bundled sync server: the HTTP API over `store`, and nothing that outlives a process.
//!
//! Every server is the same and keeps no state of its own: tokens, sessions, the journal and the
//! outbox of mail lie in the table, so that any server answers any request and any of them may be
//! killed. Uploaded bytes never pass through here (FS-4).
//!
//! [`app`] is the router, [`serve`] runs it until it is told to leave.

pub mod cli;
pub mod config;
pub mod drain;
pub mod error;
pub mod mail;
pub mod metrics;
pub mod telemetry;
pub mod watch;

mod content;
mod extract;
mod limits;
mod middleware;
mod openapi;
mod readiness;
mod router;
mod routes;
mod run;
mod server;
mod state;

pub use router::{api_document, app};
pub use run::{RunError, run};
pub use server::serve;
pub use state::{App, AppState};
