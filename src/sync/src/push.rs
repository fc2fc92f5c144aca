//! Bringing local files into a space, one way.
//!
//! What is there already with the same bytes is left alone, so a push that was interrupted is
//! finished by running it again, and running it once more does nothing.

mod prepare;
mod run;

use std::path::PathBuf;
use std::sync::Arc;

use protocol::id::SpaceId;
use protocol::name::SpacePath;
use serde::Serialize;

use crate::clock::Clock;
use crate::error::Result;
use crate::report::{Problem, Reporter};
use crate::service::Service;

/// What to bring where.
///
/// A directory lands under its own name in `to`; written with a trailing slash, its contents do.
/// A single file lands in `to` if that is a directory or ends in a slash, and else as `to`.
#[derive(Clone, Debug)]
pub struct Push {
    pub sources: Vec<PathBuf>,
    pub space: SpaceId,
    pub to: SpacePath,
    /// Whether `to` was written with a trailing slash.
    pub into_directory: bool,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct PushSummary {
    /// Files now in the space as they are here.
    pub files: u64,
    pub bytes: u64,
    /// New in the space.
    pub created: u64,
    /// New content for a file that was there.
    pub updated: u64,
    /// There already with the same bytes.
    pub unchanged: u64,
    pub directories_created: u64,
    /// Sent to the object store.
    pub uploaded_bytes: u64,
    /// Not sent, because the service had the same bytes.
    pub already_there_bytes: u64,
    pub commits: u64,
    pub problems: Vec<Problem>,
}

/// Runs a push. Safe to interrupt at any point and to run again.
pub async fn push(
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    reporter: Arc<dyn Reporter>,
    request: Push,
) -> Result<PushSummary> {
    run::run(service, clock, reporter, request).await
}
