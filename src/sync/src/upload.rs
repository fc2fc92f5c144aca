//! The upload pipeline: one thread reads and cuts, others hash, many requests upload.
//!
//! ```text
//! reader thread ──blocks──► hashing (blocking pool) ──► declare ──► uploads ──► stored files
//!        ▲                                                             │
//!        └────────────────── a budget of bytes in memory ◄─────────────┘
//! ```
//!
//! A file comes out once every byte of it is in the object store and its own state on disk was the
//! same before and after reading.

mod coordinator;
mod reader;

use std::path::PathBuf;
use std::sync::Arc;

use protocol::commit::Content;
use tokio::sync::{Semaphore, mpsc};

use crate::error::Result;
use crate::fs::Stamp;
use crate::report::Reporter;
use crate::session::Session;

/// Bytes read but not yet stored. Together with the reader's own buffers this keeps the whole
/// process below 200 MB.
const MEMORY_KIB: usize = 80 * 1024;
/// Objects on their way at once.
const PARALLEL_UPLOADS: usize = 8;

/// A file to bring.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) index: usize,
    pub(crate) path: PathBuf,
}

/// How it went, for one [`Source`].
#[derive(Debug)]
pub(crate) enum Stored {
    Ready {
        index: usize,
        content: Content,
        stamp: Stamp,
    },
    /// Somebody keeps writing to it.
    Changing {
        index: usize,
    },
    Unreadable {
        index: usize,
        error: std::io::Error,
    },
}

/// Starts the pipeline; files come out of the receiver as they are ready, in no fixed order.
///
/// The task ends with an error if the service or the object store can't be used at all.
pub(crate) fn start(
    session: Arc<Session>,
    sources: Vec<Source>,
    reporter: Arc<dyn Reporter>,
) -> (mpsc::Receiver<Stored>, tokio::task::JoinHandle<Result<()>>) {
    let (stored_sender, stored) = mpsc::channel(1024);
    let (block_sender, blocks) = mpsc::channel(64);
    let memory = Arc::new(Semaphore::new(MEMORY_KIB));
    let reading = reader::Reader::new(block_sender, memory, reporter.clone());
    std::thread::spawn(move || reading.run(&sources));
    let task = tokio::spawn(coordinator::run(session, blocks, stored_sender, reporter));
    (stored, task)
}
