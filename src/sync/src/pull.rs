//! Bringing files of a space here, one way.

mod place;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::file::{Node, NodeKind};
use protocol::id::SpaceId;
use protocol::name::{MAX_PATH_BYTES, SpacePath};
use serde::Serialize;

use crate::browse::not_found;
use crate::clock::Clock;
use crate::download::{Downloader, Want, sweep_parts};
use crate::error::{IoContext, Result, SyncError};
use crate::fs::{exists, sync_directory};
use crate::listing;
use crate::local_name::{INCOMING, MARKER, OWN_DIRECTORY};
use crate::report::{Event, Problem, Reporter, shown};
use crate::service::Service;
use crate::synchronise::lock_out;
use crate::trash::Trash;
use crate::tree::text_bytes;
use place::{Placing, There};

/// What to do with a local file that holds other bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Different {
    /// Leave it and report it.
    Keep,
    /// Move it to `.sync-agent/trash` and put the space's file in its place.
    Replace,
}

#[derive(Clone, Debug)]
pub struct Pull {
    pub space: SpaceId,
    /// A file, or a directory, which lands under its own name.
    pub from: SpacePath,
    /// Written with a trailing slash: the directory's contents land directly in `to`.
    pub contents_only: bool,
    /// Created if it does not exist.
    pub to: PathBuf,
    pub different: Different,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct PullSummary {
    /// Files that are now here as they are in the space.
    pub files: u64,
    pub bytes: u64,
    pub downloaded: u64,
    pub downloaded_bytes: u64,
    /// Here already with the same bytes.
    pub unchanged: u64,
    /// Moved to the trash to make room.
    pub replaced: u64,
    pub problems: Vec<Problem>,
}

/// A file of the space and where it goes.
struct Item {
    node: Node,
    relative: PathBuf,
    replaces: bool,
}

/// Runs a pull. Safe to interrupt at any point and to run again.
pub async fn pull(
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    reporter: Arc<dyn Reporter>,
    request: Pull,
) -> Result<PullSummary> {
    let tree = listing::list_tree(&service, &request.space, &request.from, |_| true).await?;
    if tree.is_empty() {
        return Err(not_found(&request.from));
    }
    let mut nodes = Vec::new();
    for (directory, listing) in tree {
        if !listing.is_directory() {
            nodes.extend(listing.node.map(|node| (directory, node)));
            continue;
        }
        let entries = listing.entries.into_iter();
        nodes.extend(entries.map(|node| (directory.join(node.name.clone()), node)));
    }
    nodes.sort_by(|a, b| a.0.cmp(&b.0));
    bring(service, clock, reporter, request, nodes).await
}

/// The same for nodes that were found in another way.
pub(crate) async fn bring(
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    reporter: Arc<dyn Reporter>,
    request: Pull,
    nodes: Vec<(SpacePath, Node)>,
) -> Result<PullSummary> {
    refuse_file(&request.to)?;
    let _lock = lock_out(&request.to)?;
    let staging = request.to.join(OWN_DIRECTORY).join(INCOMING);
    // Those of another pull to this directory may be of further use.
    sweep_parts(&staging, clock.now(), |_, _| true)?;
    let placing = Placing::new(&request.to);
    let (items, mut summary) = {
        let request = request.clone();
        let reporter = reporter.clone();
        let look = move || look(&placing, &request, nodes, reporter.as_ref());
        tokio::task::spawn_blocking(look).await??
    };
    let unchanged = summary.unchanged;
    reporter.event(Event::Planned {
        files: items.len() as u64 + unchanged,
        bytes: items.iter().map(|item| item.node.size).sum(),
    });
    reporter.event(Event::Done { files: unchanged });
    fetch(service, clock, reporter.clone(), &request, items, &mut summary).await?;
    for problem in &summary.problems {
        reporter.event(Event::Problem(problem.clone()));
    }
    Ok(summary)
}

/// What is pulled lands in a directory, never as one.
fn refuse_file(to: &Path) -> Result<()> {
    if !exists(to).at("read", to)? || to.is_dir() {
        return Ok(());
    }
    let parent = to.parent().filter(|parent| *parent != Path::new(""));
    Err(SyncError::Refused(format!(
        "{} is not a directory to put things in; pull into {} instead, with --overwrite if files \
         there may be replaced",
        shown(to),
        shown(parent.unwrap_or(Path::new(".")))
    )))
}

/// Makes the directories and finds out which files are missing or different.
fn look(
    placing: &Placing,
    request: &Pull,
    nodes: Vec<(SpacePath, Node)>,
    reporter: &dyn Reporter,
) -> Result<(Vec<Item>, PullSummary)> {
    let mut summary = PullSummary::default();
    let mut items = Vec::new();
    let above = request.from.names().len();
    // The directory itself keeps its name unless only its contents are wanted.
    let is_file = matches!(&nodes[..], [(path, _)] if *path == request.from);
    let keep = usize::from(!request.contents_only || is_file);
    let base = above.saturating_sub(keep);
    if !is_file {
        let own: PathBuf = request.from.names()[base..].iter().map(|name| name.as_str()).collect();
        placing.directory(&own)?;
    }
    let private = private_folders(&nodes);
    for (path, node) in nodes {
        let relative: PathBuf = path.names()[base..].iter().map(|name| name.as_str()).collect();
        if text_bytes(&path) > MAX_PATH_BYTES {
            let reason = "its path is longer than 4000 bytes, so it is left out with what is in \
                          it; move it in the space";
            summary.problems.push(Problem::failed(&path, reason));
            continue;
        }
        let within = |folder: &SpacePath| path.names().starts_with(folder.names());
        if relative.starts_with(OWN_DIRECTORY) || private.iter().any(within) {
            let reason = "the name is reserved for this program; rename it in the space";
            summary.problems.push(Problem::failed(&path, reason));
            continue;
        }
        let looked = if node.kind == NodeKind::Directory {
            placing.directory(&relative).map(|()| None)
        } else {
            placing.look(&relative, &node).map(Some)
        };
        match looked {
            Err(error) => summary.problems.push(Problem::failed(&path, error)),
            Ok(None) => {}
            Ok(Some(There::Same)) => {
                summary.unchanged += 1;
                summary.files += 1;
                summary.bytes += node.size;
                reporter.event(Event::AlreadyThere { bytes: node.size });
            }
            Ok(Some(There::Different)) if request.different == Different::Keep => {
                let local = shown(&request.to.join(&relative));
                let reason = "holds other bytes than the space; left as it is (--overwrite \
                              moves it to the trash and replaces it)";
                summary.problems.push(Problem::failed(local, reason));
            }
            Ok(Some(there)) => {
                items.push(Item { node, relative, replaces: there == There::Different });
            }
        }
    }
    Ok((items, summary))
}

/// Those of synchronised directories inside others that got into the space.
fn private_folders(nodes: &[(SpacePath, Node)]) -> Vec<SpacePath> {
    let markers = nodes.iter().filter(|(_, node)| node.name.as_str() == MARKER);
    let folders = markers.filter_map(|(path, _)| path.split().map(|(folder, _)| folder));
    folders
        .filter(|folder| folder.split().is_some_and(|(_, name)| name.as_str() == OWN_DIRECTORY))
        .collect()
}

async fn fetch(
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    reporter: Arc<dyn Reporter>,
    request: &Pull,
    items: Vec<Item>,
    summary: &mut PullSummary,
) -> Result<()> {
    let own = request.to.join(OWN_DIRECTORY);
    let staging = own.join(INCOMING);
    let trash = Trash::new(&request.to, clock.now());
    let wants = items.iter().enumerate().filter_map(|(index, item)| {
        Some(Want {
            index,
            file: item.node.file.clone(),
            content_rev: item.node.content_rev,
            hash: item.node.hash?,
            size: item.node.size,
            meta: item.node.meta,
        })
    });
    let wants = wants.collect();
    let space = request.space.clone();
    let downloader = Downloader::new(service, clock, space, staging.clone(), reporter.clone());
    let mut fetched = downloader.start(wants);
    let mut changed = BTreeSet::new();
    let mut arrived = 0;
    while let Some((index, result)) = fetched.recv().await {
        arrived += 1;
        let item = &items[index];
        let target = request.to.join(&item.relative);
        let placed = result.and_then(|temporary| {
            place::put(&temporary, &target, item.replaces.then_some(&trash), &item.relative)
        });
        match placed {
            Ok(()) => {
                changed.extend(target.parent().map(Path::to_owned));
                summary.files += 1;
                summary.bytes += item.node.size;
                summary.downloaded += 1;
                summary.downloaded_bytes += item.node.size;
                summary.replaced += u64::from(item.replaces);
                reporter.event(Event::Done { files: 1 });
            }
            Err(error) => {
                let problem = Problem::failed(shown(&target), error);
                summary.problems.push(problem);
            }
        }
    }
    if arrived < items.len() {
        return Err(SyncError::Task("the download stopped".to_owned()));
    }
    for directory in &changed {
        sync_directory(directory).at("flush", directory)?;
    }
    // What is not empty is left: a part to resume from, or the trash.
    let _ = std::fs::remove_dir(&staging);
    let _ = std::fs::remove_dir(&own);
    Ok(())
}
