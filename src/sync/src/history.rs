//! What a path held before: earlier versions of a file, and files that were deleted.
//!
//! A version is kept under its file's id, deleted or not. Which file once had a path, only the
//! journal knows, so looking for deleted files reads all of it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use protocol::changes::{Action, Change, ChangesQuery};
use protocol::commit::Meta;
use protocol::error::ErrorCode;
use protocol::file::{Node, NodeKind, Version, VersionList};
use protocol::id::{DeviceId, FileId, SpaceId, UserId};
use protocol::name::{EntryName, SpacePath};
use serde::Serialize;

use crate::browse::not_found;
use crate::clock::Clock;
use crate::error::{IoContext, Result, SyncError};
use crate::fs::{create_private_directory, temporary_name};
use crate::listing;
use crate::pull::{self, Different, Pull, PullSummary};
use crate::push::{Push, PushSummary, push};
use crate::report::{Reporter, Silent};
use crate::service::Service;
use crate::tree::path_key;

/// Rows of the journal asked for at once.
const PAGE: u32 = 1_000;
/// After which a folder in the staging directory belongs to nobody any more.
const LEFTOVER_AGE: SignedDuration = SignedDuration::from_hours(48);

/// A file that was deleted: where it lay, and by whom and when.
#[derive(Clone, Debug, Serialize)]
pub struct Deleted {
    pub file: FileId,
    pub path: SpacePath,
    /// The last version.
    pub rev: u64,
    pub size: u64,
    pub user: UserId,
    pub device: DeviceId,
    /// RFC 3339, UTC.
    pub time: String,
    #[serde(skip)]
    meta: Meta,
}

/// One version of a file, and the name under which it is known.
#[derive(Clone, Debug)]
pub struct Selected {
    pub path: SpacePath,
    pub file: FileId,
    pub version: Version,
    /// Of a file that is there, its own now: versions have none.
    meta: Meta,
    /// Whether the file is deleted.
    pub deleted: bool,
}

/// What there is to tell about a path.
#[derive(Clone, Debug)]
pub enum Past {
    /// Of the file that is there, or of the one that lay there last.
    File { list: Box<VersionList>, deleted: Option<Deleted> },
    /// What was deleted below a directory, which may be deleted itself.
    Directory(Vec<Deleted>),
}

pub async fn past(service: &Arc<dyn Service>, space: &SpaceId, path: &SpacePath) -> Result<Past> {
    let listing = listing::list(service.as_ref(), space, path).await?;
    let is_gone = listing.is_none();
    let node = listing.and_then(|listing| listing.node);
    if let Some(node) = node.filter(|node| node.kind == NodeKind::File) {
        let list = Box::new(service.versions(space, &node.file).await?);
        return Ok(Past::File { list, deleted: None });
    }
    let deleted = deleted_below(service, space, path).await?;
    if !is_gone {
        return Ok(Past::Directory(deleted));
    }
    match at(deleted.clone(), path).into_iter().next() {
        Some(deleted) => {
            let list = Box::new(service.versions(space, &deleted.file).await?);
            Ok(Past::File { list, deleted: Some(deleted) })
        }
        None if deleted.is_empty() => Err(not_found(path)),
        None => Ok(Past::Directory(deleted)),
    }
}

/// Every file that was deleted at a path or below it, the latest first, whatever is there now.
pub async fn deleted_below(
    service: &Arc<dyn Service>,
    space: &SpaceId,
    path: &SpacePath,
) -> Result<Vec<Deleted>> {
    let above = path_key(path);
    let mut places: HashMap<FileId, (FileId, EntryName)> = HashMap::new();
    let mut deleted: BTreeMap<u64, Vec<Deleted>> = BTreeMap::new();
    let mut query = ChangesQuery { limit: Some(PAGE), ..ChangesQuery::default() };
    loop {
        let page = service.changes(space, &query).await.map_err(|error| match error.code() {
            Some(ErrorCode::CursorReset) => SyncError::Refused(
                "the space keeps no record of deletions from its beginning any more; files are \
                 found by path only while they are there"
                    .to_owned(),
            ),
            _ => error.into(),
        })?;
        for entry in page.entries {
            for change in &entry.changes {
                let place = (change.parent.clone(), change.name.clone());
                places.insert(change.file.clone(), place);
            }
            let gone = entry.changes.into_iter().filter(|change| change.action == Action::Delete);
            for change in gone.filter(|change| change.kind == NodeKind::File) {
                let Some(path) = place_of(&places, &change) else { continue };
                if !path_key(&path).starts_with(&above) {
                    continue;
                }
                deleted.entry(entry.seq).or_default().push(Deleted {
                    file: change.file,
                    path,
                    rev: change.content_rev,
                    size: change.size,
                    user: entry.user.clone(),
                    device: entry.device.clone(),
                    time: entry.time.clone(),
                    meta: change.meta,
                });
            }
        }
        if !page.more {
            return Ok(deleted.into_values().rev().flatten().collect());
        }
        query.after = page.cursor;
        query.epoch = Some(page.epoch);
    }
}

/// Where a node lay when it was deleted. Directories that were deleted are remembered, too.
fn place_of(places: &HashMap<FileId, (FileId, EntryName)>, change: &Change) -> Option<SpacePath> {
    let mut names = vec![change.name.clone()];
    let mut at = &change.parent;
    while !at.is_root() {
        let (parent, name) = places.get(at)?;
        names.push(name.clone());
        if names.len() > places.len() + 1 {
            return None;
        }
        at = parent;
    }
    names.reverse();
    Some(names.into_iter().collect())
}

fn at(deleted: Vec<Deleted>, path: &SpacePath) -> Vec<Deleted> {
    let key = path_key(path);
    deleted.into_iter().filter(|deleted| path_key(&deleted.path) == key).collect()
}

/// A version of what is, or was, at a path. Without a revision, the last one of a deleted file.
pub async fn select(
    service: &Arc<dyn Service>,
    space: &SpaceId,
    path: &SpacePath,
    revision: Option<u64>,
) -> Result<Selected> {
    let listing = listing::list(service.as_ref(), space, path).await?;
    let node = listing.map(|listing| listing.node);
    if let Some(node) = &node {
        let Some(node) = node.as_ref().filter(|node| node.kind == NodeKind::File) else {
            return Err(SyncError::Refused(format!(
                "{path} is a directory; name a file in it (`versions` lists the deleted ones)"
            )));
        };
        let Some(revision) = revision else {
            return Err(SyncError::Refused(format!(
                "{path} is there; name one of its earlier versions with --revision (`versions` \
                 lists them)"
            )));
        };
        let list = service.versions(space, &node.file).await?;
        if let Some(version) = list.versions.into_iter().find(|found| found.rev == revision) {
            let path = named(path, &node.name);
            let (file, meta) = (node.file.clone(), node.meta);
            return Ok(Selected { path, file, version, meta, deleted: false });
        }
    }
    for deleted in at(deleted_below(service, space, path).await?, path) {
        let wanted = revision.unwrap_or(deleted.rev);
        let list = service.versions(space, &deleted.file).await?;
        if let Some(version) = list.versions.into_iter().find(|found| found.rev == wanted) {
            let Deleted { path, file, meta, .. } = deleted;
            return Ok(Selected { path, file, version, meta, deleted: true });
        }
    }
    Err(match (node, revision) {
        (_, Some(revision)) => {
            SyncError::NotFound { what: "version", name: format!("r{revision} of {path}") }
        }
        _ => not_found(path),
    })
}

/// The path with the spelling that the space has.
fn named(path: &SpacePath, name: &EntryName) -> SpacePath {
    path.split().map_or_else(SpacePath::root, |(parent, _)| parent.join(name.clone()))
}

/// Brings one version into a directory, under this name.
pub async fn fetch(
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    reporter: Arc<dyn Reporter>,
    space: SpaceId,
    selected: &Selected,
    place: (&Path, EntryName),
    different: Different,
) -> Result<PullSummary> {
    let (directory, name) = place;
    let version = &selected.version;
    let current = Meta { mtime_ns: None, ..selected.meta };
    let node = Node {
        file: selected.file.clone(),
        parent: FileId::root(),
        name: name.clone(),
        kind: NodeKind::File,
        rev: version.rev,
        content_rev: version.rev,
        hash: Some(version.hash),
        size: version.size,
        meta: if selected.deleted { selected.meta } else { current },
        deleted: false,
    };
    let from = SpacePath::root().join(name);
    let to = directory.to_owned();
    let request = Pull { space, from: from.clone(), contents_only: false, to, different };
    pull::bring(service, clock, reporter, request, vec![(from, node)]).await
}

/// Where a version comes back, and through which directory on this machine.
pub struct Restore {
    pub space: SpaceId,
    /// A file of the same space, or nothing.
    pub to: SpacePath,
    /// Created for the time being, on a disk with room for the file.
    pub staging: PathBuf,
}

/// Makes a version the newest one, here or at another path. What is the newest now stays in the
/// history; a file that never was this one is not replaced.
pub async fn restore(
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    reporter: Arc<dyn Reporter>,
    selected: &Selected,
    request: Restore,
) -> Result<PushSummary> {
    let Restore { space, to, staging } = request;
    let there = listing::list(service.as_ref(), &space, &to).await?;
    let same_place = path_key(&to) == path_key(&selected.path);
    let taken = there.is_some_and(|there| there.is_directory() || !same_place);
    let Some((_, name)) = to.split().filter(|_| !taken) else {
        return Err(SyncError::Refused(format!("{to} is there already; name another place")));
    };
    create_private_directory(&staging).at("create", &staging)?;
    sweep(&staging, clock.now());
    let folder = staging.join(temporary_name());
    std::fs::create_dir(&folder).at("create", &folder)?;
    let outcome = async {
        let (fetching, quiet) = (service.clone(), Arc::new(Silent));
        let place = (folder.as_path(), name.clone());
        let space_here = space.clone();
        let fetched =
            fetch(fetching, clock.clone(), quiet, space_here, selected, place, Different::Keep)
                .await?;
        if let Some(problem) = fetched.problems.into_iter().next() {
            return Err(SyncError::Refused(format!("{to}: {}", problem.reason)));
        }
        let sources = vec![folder.join(name.as_str())];
        let request = Push { sources, space, to: to.clone(), into_directory: false };
        push(service.clone(), clock, reporter, request).await
    };
    let outcome = outcome.await;
    std::fs::remove_dir_all(&folder).at("remove", &folder)?;
    let _ = std::fs::remove_dir(&staging);
    outcome
}

/// Removes what a run that was cut short left behind; one that goes on is younger.
fn sweep(staging: &Path, now: Timestamp) {
    let entries = std::fs::read_dir(staging).into_iter().flatten().flatten();
    for entry in entries {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let modified = modified.ok().and_then(|time| Timestamp::try_from(time).ok());
        if modified.is_some_and(|modified| now.duration_since(modified) > LEFTOVER_AGE) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
