//! Directories of a space, page by page and many at once.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::{FuturesUnordered, StreamExt};
use protocol::error::ErrorCode;
use protocol::file::{EntriesQuery, EntriesResponse, Node, NodeKind};
use protocol::id::SpaceId;
use protocol::name::{MAX_PATH_BYTES, SpacePath};

use crate::error::{ApiError, Result};
use crate::service::Service;
use crate::tree::text_bytes;

/// Requests on their way at once.
const PARALLEL: usize = 8;

/// What lies at one path.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    /// Absent for the root.
    pub(crate) node: Option<Node>,
    pub(crate) entries: Vec<Node>,
}

impl Listing {
    pub(crate) fn is_directory(&self) -> bool {
        let kind = self.node.as_ref().map(|node| node.kind);
        kind.is_none_or(|kind| kind == NodeKind::Directory)
    }
}

/// Everything at a path; `None` if nothing is there.
pub(crate) async fn list(
    service: &dyn Service,
    space: &SpaceId,
    path: &SpacePath,
) -> Result<Option<Listing>> {
    let mut query = EntriesQuery { path: path.clone(), after: None, limit: None };
    let mut entries = Vec::new();
    loop {
        let page: EntriesResponse = match service.entries(space, &query).await {
            Ok(page) => page,
            // The space itself was found before, so this is about the path.
            Err(ApiError::Refused(body)) if body.code == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        entries.extend(page.entries.into_iter().filter(|node| !node.deleted));
        match page.next {
            Some(next) => query.after = Some(next),
            None => {
                return Ok(Some(Listing { node: page.node, entries }));
            }
        }
    }
}

/// Lists a directory and those below it for which `enter` says yes, by path. Those whose path is too
/// long to be asked for are among the entries of the one above, and not entered.
pub(crate) async fn list_tree(
    service: &Arc<dyn Service>,
    space: &SpaceId,
    start: &SpacePath,
    enter: impl Fn(&SpacePath) -> bool,
) -> Result<HashMap<SpacePath, Listing>> {
    let mut found = HashMap::new();
    let mut waiting = vec![start.clone()];
    let mut work = FuturesUnordered::new();
    loop {
        while work.len() < PARALLEL
            && let Some(path) = waiting.pop()
        {
            let (service, space) = (service.clone(), space.clone());
            work.push(async move {
                let listing = list(service.as_ref(), &space, &path).await;
                (path, listing)
            });
        }
        let Some((path, listing)) = work.next().await else {
            return Ok(found);
        };
        let Some(listing) = listing? else { continue };
        if listing.is_directory() {
            for node in &listing.entries {
                let below = path.join(node.name.clone());
                if node.kind == NodeKind::Directory
                    && text_bytes(&below) <= MAX_PATH_BYTES
                    && enter(&below)
                {
                    waiting.push(below);
                }
            }
        }
        found.insert(path, listing);
    }
}
