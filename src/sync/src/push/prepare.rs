//! What to bring, what is there, and what is left to do.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::commit::Op;
use protocol::file::{Node, NodeKind};
use protocol::id::{FileId, SpaceId};
use protocol::name::{EntryName, SpacePath};

use super::Push;
use crate::commit::new_id;
use crate::error::{IoContext, Result, SyncError};
use crate::fs::{Stamp, utf8};
use crate::listing::{self, Listing};
use crate::local_name::collision_name;
use crate::report::{Problem, shown};
use crate::scan::{self, Walked};
use crate::service::Service;

/// One local file and where it goes.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    pub(super) parent: FileId,
    pub(super) name: EntryName,
    /// The file that is there now.
    pub(super) existing: Option<Node>,
}

#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// In an order in which parents come first.
    pub(super) directories: Vec<Op>,
    pub(super) jobs: Vec<Job>,
    pub(super) problems: Vec<Problem>,
}

/// Looks at both sides and pairs them up.
pub(super) async fn prepare(service: &Arc<dyn Service>, request: &Push) -> Result<Prepared> {
    let target = listing::list(service.as_ref(), &request.space, &request.to).await?;
    if target.as_ref().is_some_and(|target| !target.is_directory()) && needs_directory(request)? {
        return Err(SyncError::Refused(format!(
            "{} is a file in the space, and a directory or several files can't take its place; \
             name another place",
            request.to
        )));
    }
    let mut plan = Planner::default();
    for source in &request.sources {
        let path = source.clone();
        let walked = tokio::task::spawn_blocking(move || scan::walk(&path)).await??;
        let base = base_of(request, source, target.as_ref())?;
        plan.add(source, &base, walked);
    }
    plan.resolve(service, &request.space).await
}

/// Whether what is brought can lie only in a directory.
fn needs_directory(request: &Push) -> Result<bool> {
    let [source] = &request.sources[..] else { return Ok(true) };
    Ok(request.into_directory || std::fs::metadata(source).at("read", source)?.is_dir())
}

/// The path in the space that stands for the source itself.
fn base_of(request: &Push, source: &Path, target: Option<&Listing>) -> Result<SpacePath> {
    let is_file = std::fs::metadata(source).at("read", source)?.is_file();
    let names_itself = is_file
        && request.sources.len() == 1
        && !request.into_directory
        && !request.to.is_root()
        && !target.is_some_and(Listing::is_directory);
    let contents_only = !is_file && source.as_os_str().as_encoded_bytes().ends_with(b"/");
    if names_itself || contents_only {
        return Ok(request.to.clone());
    }
    // `.` and `..` have a name only once they are resolved.
    let resolved = std::fs::canonicalize(source).at("read", source)?;
    let given = source.file_name().or_else(|| resolved.file_name());
    let name = given.and_then(utf8).ok_or_else(|| {
        SyncError::Refused(format!("{} has no name that a space can hold", shown(source)))
    })?;
    let name =
        name.parse().map_err(|error| SyncError::Name { path: shown(source), source: error })?;
    Ok(request.to.join(name))
}

#[derive(Default)]
struct Planner {
    directories: Vec<SpacePath>,
    files: Vec<(SpacePath, PathBuf, Stamp)>,
    problems: Vec<Problem>,
    /// Which spelling took each place, by the parent's path and the name's key.
    taken: HashMap<(SpacePath, String), (EntryName, PathBuf)>,
    /// Local directories whose name had to change.
    renamed: HashMap<PathBuf, SpacePath>,
}

impl Planner {
    fn add(&mut self, source: &Path, base: &SpacePath, walked: Walked) {
        self.problems.extend(walked.problems);
        let is_file = walked.files.first().is_some_and(|file| file.relative.is_root());
        let above =
            if is_file { base.split().map(|(parent, _)| parent) } else { Some(base.clone()) };
        for depth in 1..=above.as_ref().map_or(0, |path| path.names().len()) {
            let path: SpacePath = base.names()[..depth].iter().cloned().collect();
            self.directories.push(path);
        }
        self.renamed.insert(source.to_owned(), base.clone());
        for directory in walked.directories {
            let path = self.place(base, &directory.path, &directory.relative);
            self.renamed.insert(directory.path, path.clone());
            self.directories.push(path);
        }
        for file in walked.files {
            let path = self.place(base, &file.path, &file.relative);
            self.files.push((path, file.path, file.stamp));
        }
    }

    /// The path in the space; the second of two names that differ only in case gets a mark.
    fn place(&mut self, base: &SpacePath, local: &Path, relative: &SpacePath) -> SpacePath {
        let Some((_, name)) = relative.split() else {
            return base.clone();
        };
        let parent = local.parent().and_then(|parent| self.renamed.get(parent));
        let parent = parent.unwrap_or(base).clone();
        let mut candidate = name.clone();
        let mut number = 0;
        loop {
            let place = (parent.clone(), candidate.key());
            match self.taken.get(&place) {
                Some((_, owner)) if owner != local => {
                    number += 1;
                    candidate = collision_name(name, number);
                }
                _ => {
                    self.taken.insert(place, (candidate.clone(), local.to_owned()));
                    break;
                }
            }
        }
        if candidate != *name {
            let reason =
                format!("differs from a sibling only in case or Unicode form; kept as {candidate}");
            self.problems.push(Problem::skipped(shown(local), reason));
        }
        parent.join(candidate)
    }

    async fn resolve(mut self, service: &Arc<dyn Service>, space: &SpaceId) -> Result<Prepared> {
        let wanted: HashSet<Vec<String>> = self.directories.iter().map(key_of).collect();
        let there = listing::list_tree(service, space, &SpacePath::root(), |path| {
            wanted.contains(&key_of(path))
        })
        .await?;
        let mut index: HashMap<Vec<String>, Node> = HashMap::new();
        for (path, listing) in there {
            for node in listing.entries {
                index.insert(key_of(&path.join(node.name.clone())), node);
            }
        }
        let mut prepared = Prepared::default();
        let mut ids: HashMap<Vec<String>, FileId> = HashMap::from([(Vec::new(), FileId::root())]);
        let mut blocked = HashSet::new();
        for path in &self.directories {
            prepared.directory(path, &index, &mut ids, &mut blocked);
        }
        for (path, local, stamp) in std::mem::take(&mut self.files) {
            if blocked.iter().any(|above: &Vec<String>| key_of(&path).starts_with(above)) {
                // Its directory stands for it.
                continue;
            }
            prepared.file(path, local, stamp, &index, &ids);
        }
        prepared.problems.extend(self.problems);
        Ok(prepared)
    }
}

impl Prepared {
    fn directory(
        &mut self,
        path: &SpacePath,
        index: &HashMap<Vec<String>, Node>,
        ids: &mut HashMap<Vec<String>, FileId>,
        blocked: &mut HashSet<Vec<String>>,
    ) {
        let key = key_of(path);
        let Some((parent, name)) = path.split() else {
            return;
        };
        if ids.contains_key(&key) || blocked.contains(&key) {
            return;
        }
        let Some(parent) = ids.get(&key_of(&parent)).cloned() else {
            return;
        };
        match index.get(&key) {
            Some(node) if node.kind == NodeKind::Directory => {
                ids.insert(key, node.file.clone());
            }
            Some(_) => {
                let reason = "the space has a file of this name, so nothing in this directory was \
                              sent; move one of them away first";
                self.problems.push(Problem::failed(path, reason));
                blocked.insert(key);
            }
            None => {
                let file = new_id();
                self.directories.push(Op::Mkdir {
                    file: file.clone(),
                    parent,
                    name: name.clone(),
                    meta: protocol::commit::Meta::default(),
                });
                ids.insert(key, file);
            }
        }
    }

    fn file(
        &mut self,
        path: SpacePath,
        local: PathBuf,
        stamp: Stamp,
        index: &HashMap<Vec<String>, Node>,
        ids: &HashMap<Vec<String>, FileId>,
    ) {
        let existing = index.get(&key_of(&path)).cloned();
        let Some((parent, name)) = path.split() else {
            return;
        };
        if existing.as_ref().is_some_and(|node| node.kind == NodeKind::Directory) {
            let reason = "the space has a directory of this name; move it away first";
            self.problems.push(Problem::failed(shown(&local), reason));
            return;
        }
        let Some(parent) = ids.get(&key_of(&parent)).cloned() else {
            let reason = "its directory could not be made in the space";
            self.problems.push(Problem::failed(shown(&local), reason));
            return;
        };
        self.jobs.push(Job { path: local, stamp, parent, name: name.clone(), existing });
    }
}

fn key_of(path: &SpacePath) -> Vec<String> {
    path.names().iter().map(EntryName::key).collect()
}
