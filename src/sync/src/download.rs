//! Fetching content straight from the object store into verified temporary files.
//!
//! A file comes out as a path in a staging directory: complete, its hash checked, flushed to disk,
//! with its modification time set. Where it goes from there is the caller's business.

mod large;
mod parts;
mod small;

pub(crate) use parts::sweep as sweep_parts;

use std::path::PathBuf;
use std::sync::Arc;

use futures::stream::{StreamExt, iter};
use protocol::commit::Meta;
use protocol::file::{LocateItem, LocateRequest, Location};
use protocol::hash::ContentHash;
use protocol::id::{FileId, SpaceId};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::error::{Result, SyncError};
use crate::fs::create_directories;
use crate::gate::Gate;
use crate::halves;
use crate::report::Reporter;
use crate::service::Service;

/// The server's limit for one `locate`.
const LOCATE_ITEMS: usize = 100;
/// Files that are looked up, fetched and finished before the next ones.
const WINDOW: usize = 2_000;
/// Requests on their way at once.
const PARALLEL: usize = 8;
/// Bytes per request.
const PIECE_BYTES: u64 = 8 * 1024 * 1024;

/// One version of one file.
#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) index: usize,
    pub(crate) file: FileId,
    pub(crate) content_rev: u64,
    pub(crate) hash: ContentHash,
    pub(crate) size: u64,
    pub(crate) meta: Meta,
}

pub(crate) type Fetched = (usize, Result<PathBuf>);

/// What all downloads of a run share.
#[derive(Clone)]
pub(crate) struct Downloader {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) space: SpaceId,
    gate: Arc<Gate>,
    /// On the file system where the files will lie.
    staging: PathBuf,
    reporter: Arc<dyn Reporter>,
}

impl Downloader {
    pub(crate) fn new(
        service: Arc<dyn Service>,
        clock: Arc<dyn Clock>,
        space: SpaceId,
        staging: PathBuf,
        reporter: Arc<dyn Reporter>,
    ) -> Self {
        let gate = Arc::new(Gate::reader(service.clone(), clock, space.clone()));
        Self { service, space, gate, staging, reporter }
    }

    /// Fetches everything; results come in no fixed order.
    pub(crate) fn start(self, wants: Vec<Want>) -> mpsc::Receiver<Fetched> {
        let (sender, receiver) = mpsc::channel(256);
        tokio::spawn(async move {
            let mut wants = wants.into_iter();
            loop {
                let window: Vec<_> = wants.by_ref().take(WINDOW).collect();
                if window.is_empty() || self.window(window, &sender).await.is_err() {
                    return;
                }
            }
        });
        receiver
    }

    async fn window(&self, wants: Vec<Want>, sender: &mpsc::Sender<Fetched>) -> Result<(), ()> {
        let staging = self.staging.clone();
        let made = tokio::task::spawn_blocking(move || create_directories(&staging)).await;
        if let Ok(Err(error)) = made {
            return fail_all(wants, &error.to_string(), sender).await;
        }
        let batches: Vec<Vec<Want>> = wants.chunks(LOCATE_ITEMS).map(<[_]>::to_vec).collect();
        let lookups = batches.into_iter().map(|batch| self.locate(batch));
        let located: Vec<_> = iter(lookups.collect::<Vec<_>>()).buffer_unordered(4).collect().await;
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for batch in located {
            let (batch, locations) = match batch {
                Ok(located) => located,
                Err((batch, error)) => {
                    fail_all(batch, &error.to_string(), sender).await?;
                    continue;
                }
            };
            for (want, location) in batch.into_iter().zip(locations) {
                match location.filter(|found| found.hash == want.hash && found.size == want.size) {
                    None => {
                        let error = SyncError::NotFound {
                            what: "content of version",
                            name: format!("{} of {}", want.content_rev, want.file),
                        };
                        sender.send((want.index, Err(error))).await.map_err(drop)?;
                    }
                    Some(location) if small::fits(&location) => small.push((want, location)),
                    Some(location) => large.push((want, location)),
                }
            }
        }
        small::fetch(self, small, sender).await?;
        let fetches = large.into_iter().map(|(want, location)| async move {
            let index = want.index;
            let result = large::fetch(self, want, location).await;
            sender.send((index, result)).await.map_err(drop)
        });
        let mut fetches = iter(fetches.collect::<Vec<_>>()).buffer_unordered(2);
        while let Some(sent) = fetches.next().await {
            sent?;
        }
        Ok(())
    }

    async fn locate(
        &self,
        batch: Vec<Want>,
    ) -> Result<(Vec<Want>, Vec<Option<Location>>), (Vec<Want>, SyncError)> {
        let items =
            batch.iter().map(|want| LocateItem { file: want.file.clone(), rev: want.content_rev });
        let items: Vec<_> = items.collect();
        let located = halves::ask(&items, LOCATE_ITEMS, |items| async move {
            let answer = self.service.locate(&self.space, &LocateRequest { items }).await?;
            Ok(answer.items)
        });
        match located.await {
            Ok(located) => Ok((batch, located)),
            Err(error) => Err((batch, error)),
        }
    }
}

async fn fail_all(
    wants: Vec<Want>,
    reason: &str,
    sender: &mpsc::Sender<Fetched>,
) -> Result<(), ()> {
    for want in wants {
        let error = SyncError::Refused(reason.to_owned());
        sender.send((want.index, Err(error))).await.map_err(drop)?;
    }
    Ok(())
}

/// Found bytes with another digest than the server promised.
fn damaged(want: &Want) -> SyncError {
    crate::error::ContentError::Damaged {
        key: want.file.to_string(),
        message: "the bytes do not have the promised SHA-256".to_owned(),
    }
    .into()
}
