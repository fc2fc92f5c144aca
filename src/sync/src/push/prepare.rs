//! What to bring, what is there, and what is left to do.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::commit::Op;
use protocol::file::{Node, NodeKind};
use protocol::id::{FileId, SpaceId};
use protocol::name::{EntryName, MAX_PATH_BYTES, SpacePath};
use unicode_normalization::UnicodeNormalization as _;

use super::Push;
use crate::commit::new_id;
use crate::error::{IoContext, Result, SyncError};
use crate::fs::{Stamp, utf8};
use crate::listing::{self, Listing};
use crate::local_name::collision_name;
use crate::report::{Problem, shown};
use crate::scan::{self, Walked};
use crate::service::Service;
use crate::tree::text_bytes;

const TOO_LONG: &str = "its path in the space would be longer than 4000 bytes";

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

/// A local file and where it wants to go.
#[derive(Clone)]
struct Wanted {
    parent: SpacePath,
    name: EntryName,
    local: PathBuf,
    stamp: Stamp,
}

type Index = HashMap<Vec<String>, Node>;

#[derive(Default)]
struct Planner {
    directories: Vec<SpacePath>,
    files: Vec<Wanted>,
    problems: Vec<Problem>,
    /// Who took each place, by its key.
    taken: HashMap<Vec<String>, PathBuf>,
    /// Local directories and their paths in the space.
    places: HashMap<PathBuf, SpacePath>,
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
        self.places.insert(source.to_owned(), base.clone());
        for directory in walked.directories {
            let Some((parent, name)) = self.wish(base, &directory.path, &directory.relative) else {
                continue;
            };
            let path = self.place_directory(&parent, &name, &directory.path);
            self.places.insert(directory.path, path.clone());
            self.directories.push(path);
        }
        for file in walked.files {
            if let Some((parent, name)) = self.wish(base, &file.path, &file.relative) {
                let (local, stamp) = (file.path, file.stamp);
                self.files.push(Wanted { parent, name, local, stamp });
            }
        }
    }

    fn wish(
        &self,
        base: &SpacePath,
        local: &Path,
        relative: &SpacePath,
    ) -> Option<(SpacePath, EntryName)> {
        let Some((_, name)) = relative.split() else {
            return base.split().map(|(parent, name)| (parent, name.clone()));
        };
        let parent = local.parent().and_then(|parent| self.places.get(parent));
        Some((parent.unwrap_or(base).clone(), name.clone()))
    }

    /// The second of two directories whose names differ only in case gets a mark. What the space
    /// has under either name is filled.
    fn place_directory(&mut self, parent: &SpacePath, name: &EntryName, local: &Path) -> SpacePath {
        for number in 0.. {
            let path = parent.join(numbered(name, number));
            let owner = self.taken.entry(key_of(&path)).or_insert_with(|| local.to_owned());
            if owner == local {
                if number > 0 {
                    let kept = numbered(name, number);
                    let reason = "a directory beside it differs only in case or Unicode form";
                    self.problems.push(Problem::renamed(shown(local), reason, &kept));
                }
                return path;
            }
        }
        unreachable!("numbers do not end")
    }

    /// A file never takes the place of another one, be that one from here or in the space: where
    /// the names differ in case, they are two files.
    fn place_file(&mut self, wanted: &Wanted, there: &Index) -> SpacePath {
        let mut reason = String::new();
        for number in 0.. {
            let name = numbered(&wanted.name, number);
            let path = wanted.parent.join(name.clone());
            let key = key_of(&path);
            let other = there.get(&key).filter(|node| is_other_file(node, &name));
            let owner = self.taken.get(&key).filter(|owner| **owner != wanted.local);
            match (owner, other) {
                (None, None) => {
                    self.taken.insert(key, wanted.local.clone());
                    if number > 0 {
                        let local = shown(&wanted.local);
                        self.problems.push(Problem::renamed(local, reason, &name));
                    }
                    return path;
                }
                (_, Some(node)) if number == 0 => {
                    reason = format!("the space has {}, which differs only in case", node.name);
                }
                (Some(owner), _) if number == 0 => {
                    reason = format!("{} takes the same name in the space", shown(owner));
                }
                _ => {}
            }
        }
        unreachable!("numbers do not end")
    }

    async fn resolve(mut self, service: &Arc<dyn Service>, space: &SpaceId) -> Result<Prepared> {
        let wanted: HashSet<Vec<String>> = self.directories.iter().map(key_of).collect();
        let there = listing::list_tree(service, space, &SpacePath::root(), |path| {
            wanted.contains(&key_of(path))
        })
        .await?;
        let mut index = Index::new();
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
        // Whoever has the very name of something there has the first right to it.
        let mut files = std::mem::take(&mut self.files);
        files.sort_by_key(|file| {
            let node = index.get(&key_of(&file.parent.join(file.name.clone())));
            node.is_none_or(|node| node.name != file.name)
        });
        for file in files {
            let parent = key_of(&file.parent);
            if blocked.iter().any(|above: &Vec<String>| parent.starts_with(above)) {
                // Its directory stands for it.
                continue;
            }
            let path = self.place_file(&file, &index);
            prepared.file(path, file.local, file.stamp, &index, &ids);
        }
        prepared.problems.extend(self.problems);
        Ok(prepared)
    }
}

fn numbered(name: &EntryName, number: u32) -> EntryName {
    if number == 0 { name.clone() } else { collision_name(name, number) }
}

/// Whether a node that holds this name's place in the space has another one. The same letters in
/// another Unicode form are the same name: systems exchange one for the other by themselves.
fn is_other_file(node: &Node, name: &EntryName) -> bool {
    node.kind == NodeKind::File && !node.name.as_str().nfc().eq(name.as_str().nfc())
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
        if text_bytes(path) > MAX_PATH_BYTES {
            self.problems.push(Problem::failed(path, TOO_LONG));
            blocked.insert(key);
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
        if text_bytes(&path) > MAX_PATH_BYTES {
            self.problems.push(Problem::failed(shown(&local), TOO_LONG));
            return;
        }
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
