//! Mail about others' changes (FS-6): digests, taken from the store's outbox and handed to SES.

mod clean;
mod letter;
mod message;
mod render;
mod ses;
mod templates;
mod worker;

pub use letter::{Letter, Line, Person};
pub use message::Message;
pub use render::render;
pub use ses::{Mailer, SendError};
pub use worker::worker;
