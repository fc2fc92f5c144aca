//! Changes to the local directory. Each one looks again right before it acts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use protocol::file::NodeKind;
use protocol::id::FileId;
use protocol::name::SpacePath;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::execute::Run;
use crate::download::{Downloader, Want};
use crate::error::{IoContext, Result, SyncError};
use crate::fs::{Stamp, inherit_mode, rename_new, stamp, sync_directory, with_executable};
use crate::local_name::{INCOMING, OWN_DIRECTORY};
use crate::plan::{Action, Reason};
use crate::report::{Event, shown};
use crate::tree::SyncedEntry;

impl Run {
    /// Everything local that needs no content, in the plan's order.
    pub(super) fn local_changes(&mut self, actions: &[Action]) -> Result<()> {
        for action in actions {
            let done = match action {
                Action::Forget { id } => self.remember(id.clone(), None),
                Action::Adopt { id, path } => self.adopt(id, path),
                Action::Remember { id, path } => self.moved(id, path),
                Action::SetAside { from, to, reason } => self.set_aside(from, to, *reason),
                Action::DropDuplicate { path, .. } => self.trash_file(path).map(drop),
                Action::MoveHere { id, from, to } => self.move_here(id, from, to),
                Action::MakeHere { id, path } => self.make_here(id, path),
                Action::MetaHere { id, path } => self.meta_here(id, path),
                _ => Ok(()),
            };
            self.settle(action_path(action), done)?;
        }
        Ok(())
    }

    /// A failed step is reported and the others go on; a broken state file ends the run.
    fn settle(&mut self, path: Option<&SpacePath>, done: Result<()>) -> Result<()> {
        match (done, path) {
            (Ok(()), _) => Ok(()),
            (Err(error @ (SyncError::Io { .. } | SyncError::Refused(_))), Some(path)) => {
                self.problem(path, error);
                Ok(())
            }
            (Err(error), _) => Err(error),
        }
    }

    fn adopt(&mut self, id: &FileId, path: &SpacePath) -> Result<()> {
        let Some(entry) = self.local.entries.get(path) else { return Ok(()) };
        let entry = SyncedEntry {
            path: path.clone(),
            kind: entry.kind,
            hash: entry.hash,
            executable: entry.executable,
            inode: entry.inode,
        };
        self.remember(id.clone(), Some(entry))
    }

    fn set_aside(&mut self, from: &SpacePath, to: &SpacePath, reason: Reason) -> Result<()> {
        let (source, target) = (self.on_disk(from), self.on_disk(to));
        self.rename(&source, &target)?;
        self.progress = true;
        let path = from;
        let (from, to) = (shown(&source), shown(&target));
        match reason {
            Reason::Conflict => {
                self.caution.set_aside(path);
                self.summary.conflicts += 1;
                self.note(format!("conflict: both sides changed {from}; yours is now {to}"));
            }
            Reason::SameName => self.note(format!(
                "renamed {from} to {to}: a name beside it differs only in case or Unicode form, and \
                 macOS and Windows can't tell the two apart; nothing else was changed"
            )),
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.plain_parent(to)?;
        rename_new(from, to).at("rename", from)?;
        for directory in [from.parent(), to.parent()].into_iter().flatten() {
            sync_directory(directory).at("flush", directory)?;
        }
        Ok(())
    }

    fn move_here(&mut self, id: &FileId, from: &SpacePath, to: &SpacePath) -> Result<()> {
        self.rename(&self.on_disk(from), &self.on_disk(to))?;
        self.summary.moved_here += 1;
        self.moved(id, to)
    }

    /// Remembers a node's new path and, of a directory, the paths below it.
    pub(super) fn moved(&mut self, id: &FileId, to: &SpacePath) -> Result<()> {
        let Some(SyncedEntry { path: old, kind, .. }) = self.synced.get(id).cloned() else {
            return Ok(());
        };
        let below = self.synced.iter().filter(|(other, entry)| {
            *other == id
                || kind == NodeKind::Directory
                    && entry.path.names().len() > old.names().len()
                    && entry.path.names().starts_with(old.names())
        });
        let changes = below.map(|(other, entry)| {
            let rest = entry.path.names().get(old.names().len()..).unwrap_or_default();
            let path = to.names().iter().chain(rest).cloned().collect();
            let mut entry = entry.clone();
            entry.path = path;
            (other.clone(), Some(entry))
        });
        let changes = changes.collect();
        self.remember_all(changes)
    }

    fn make_here(&mut self, id: &FileId, path: &SpacePath) -> Result<()> {
        let target = self.on_disk(path);
        self.plain_parent(&target)?;
        fs::create_dir(&target).at("create", &target)?;
        let parent = target.parent().unwrap_or(&target);
        sync_directory(parent).at("flush", parent)?;
        let stamp = stamp(&target).at("read", &target)?;
        let inode = stamp.map_or((0, 0), |stamp| (stamp.device, stamp.inode));
        let entry = SyncedEntry {
            path: path.clone(),
            kind: NodeKind::Directory,
            hash: None,
            executable: false,
            inode,
        };
        self.remember(id.clone(), Some(entry))
    }

    fn meta_here(&mut self, id: &FileId, path: &SpacePath) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let Some(node) = self.remote.nodes.get(id) else { return Ok(()) };
        let executable = node.meta.executable;
        let target = self.on_disk(path);
        let mode = fs::symlink_metadata(&target).at("read", &target)?.permissions().mode();
        let mode = with_executable(mode, executable);
        fs::set_permissions(&target, fs::Permissions::from_mode(mode)).at("change", &target)?;
        let Some(mut entry) = self.synced.get(id).cloned() else { return Ok(()) };
        entry.executable = executable;
        self.summary.modes_received += 1;
        self.remember(id.clone(), Some(entry))
    }

    pub(super) async fn fetch(&mut self, actions: &[Action]) -> Result<()> {
        let mut jobs = Vec::new();
        let mut wants = Vec::new();
        for action in actions {
            let Action::Fetch { id, path, replaces } = action else { continue };
            let Some(node) = self.remote.nodes.get(id) else { continue };
            let Some(hash) = node.hash else { continue };
            wants.push(Want {
                index: jobs.len(),
                file: id.clone(),
                content_rev: node.content_rev,
                hash,
                size: node.size,
                meta: node.meta,
            });
            jobs.push((id.clone(), path.clone(), replaces.is_some()));
        }
        if jobs.is_empty() {
            return Ok(());
        }
        let own = self.root.directory.join(OWN_DIRECTORY);
        let downloader = Downloader::new(
            self.service.clone(),
            self.clock.clone(),
            self.space.clone(),
            own.join(INCOMING),
            self.reporter.clone(),
        );
        let mut fetched = downloader.start(wants);
        let mut arrived = 0;
        while let Some((index, result)) = fetched.recv().await {
            arrived += 1;
            let (id, path, replaces) = &jobs[index];
            let placed = result.and_then(|temporary| self.place(id, path, *replaces, &temporary));
            match placed {
                Ok(()) => {
                    self.summary.received += 1;
                    self.reporter.event(Event::Done { files: 1 });
                }
                Err(error @ (SyncError::State { .. } | SyncError::RootLost { .. })) => {
                    return Err(error);
                }
                Err(error) => self.problem(path, error),
            }
        }
        if arrived < jobs.len() {
            return Err(SyncError::Task("the download stopped".to_owned()));
        }
        Ok(())
    }

    /// Gives the finished file its name. What stands there gives way only if it is still what the
    /// plan saw; it goes to the trash.
    fn place(
        &mut self,
        id: &FileId,
        path: &SpacePath,
        replaces: bool,
        temporary: &Path,
    ) -> Result<()> {
        let target = self.on_disk(path);
        self.plain_parent(&target)?;
        let new = stamp(temporary).at("read", temporary)?;
        inherit_mode(temporary, replaces.then_some(&target)).at("change", temporary)?;
        if replaces {
            self.exchange(path, &target, temporary)?;
        } else {
            rename_new(temporary, &target).at("put in place", &target)?;
        }
        let parent = target.parent().unwrap_or(&target);
        sync_directory(parent).at("flush", parent)?;
        let Some(node) = self.remote.nodes.get(id) else { return Ok(()) };
        let entry = SyncedEntry {
            path: path.clone(),
            kind: NodeKind::File,
            hash: node.hash,
            executable: node.meta.executable,
            inode: new.map_or((0, 0), |stamp| (stamp.device, stamp.inode)),
        };
        self.remember(id.clone(), Some(entry))
    }

    fn exchange(&self, path: &SpacePath, target: &Path, temporary: &Path) -> Result<()> {
        let scanned = self.stamps.get(path);
        if stamp(target).at("read", target)?.as_ref() != scanned {
            return Err(changed(target));
        }
        let relative: PathBuf = path.names().iter().map(|name| name.as_str()).collect();
        match renameat_with(CWD, temporary, CWD, target, RenameFlags::EXCHANGE) {
            Ok(()) => {
                // The name was never without a file. Was it still the old one at that moment?
                let old = stamp(temporary).at("read", temporary)?;
                if !same_bytes(old.as_ref(), scanned) {
                    renameat_with(CWD, temporary, CWD, target, RenameFlags::EXCHANGE)
                        .map_err(io::Error::from)
                        .at("put back", target)?;
                    return Err(changed(target));
                }
                self.trash.take(temporary, &relative).map(drop)
            }
            Err(_) => {
                self.trash.take(target, &relative)?;
                rename_new(temporary, target).at("put in place", target)
            }
        }
    }

    pub(super) fn remove_here(&mut self, actions: &[Action]) -> Result<()> {
        for action in actions {
            let Action::RemoveHere { id, path, hash } = action else { continue };
            let removed =
                if hash.is_some() { self.trash_file(path) } else { self.remove_directory(path) };
            match removed {
                Ok(true) => {
                    self.summary.deleted_here += u64::from(hash.is_some());
                    self.remember(id.clone(), None)?;
                }
                Ok(false) => {}
                Err(error) => self.settle(Some(path), Err(error))?,
            }
        }
        Ok(())
    }

    /// `false` if the file is not what the scan saw, which the next round looks into.
    fn trash_file(&mut self, path: &SpacePath) -> Result<bool> {
        let target = self.on_disk(path);
        let scanned = self.stamps.get(path);
        if stamp(&target).at("read", &target)?.as_ref() != scanned {
            return Ok(false);
        }
        let relative: PathBuf = path.names().iter().map(|name| name.as_str()).collect();
        let trashed = self.trash.take(&target, &relative)?;
        let now = stamp(&trashed).at("read", &trashed)?;
        if !same_bytes(now.as_ref(), scanned) {
            // Somebody wrote to it in the last moment: it comes back.
            rename_new(&trashed, &target).at("put back", &target)?;
            return Ok(false);
        }
        self.progress = true;
        Ok(true)
    }

    fn remove_directory(&self, path: &SpacePath) -> Result<bool> {
        let target = self.on_disk(path);
        match fs::remove_dir(&target) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            // Something we do not synchronise is in it; it stays as an ordinary directory.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                return Ok(!self.holds_files(&target));
            }
            Err(error) => return Err(error).at("remove", &target),
        }
        let parent = target.parent().unwrap_or(&target);
        sync_directory(parent).at("flush", parent)?;
        Ok(true)
    }

    fn holds_files(&self, directory: &Path) -> bool {
        let walk = walkdir::WalkDir::new(directory).min_depth(1).into_iter();
        walk.flatten().any(|entry| entry.file_type().is_file() || entry.file_type().is_dir())
    }

    /// Refuses to go through anything that is not a directory of its own: a symbolic link could
    /// lead out.
    fn plain_parent(&self, target: &Path) -> Result<()> {
        let inside = target.strip_prefix(&self.root.directory).unwrap_or(target);
        let mut path = self.root.directory.clone();
        for component in inside.parent().into_iter().flat_map(Path::components) {
            path.push(component);
            if !fs::symlink_metadata(&path).at("read", &path)?.is_dir() {
                return Err(SyncError::Refused(format!("{} is not a directory", shown(&path))));
            }
        }
        self.root.check()
    }
}

fn changed(path: &Path) -> SyncError {
    SyncError::Refused(format!("{} changed during the run; run it again", shown(path)))
}

/// A rename changes the change time; everything else tells whether it is the same file.
fn same_bytes(now: Option<&Stamp>, scanned: Option<&Stamp>) -> bool {
    let key = |stamp: &Stamp| (stamp.size, stamp.mtime_ns, stamp.device, stamp.inode);
    matches!((now, scanned), (Some(now), Some(scanned)) if key(now) == key(scanned))
}

fn action_path(action: &Action) -> Option<&SpacePath> {
    match action {
        Action::Adopt { path, .. }
        | Action::Remember { path, .. }
        | Action::DropDuplicate { path, .. }
        | Action::MakeHere { path, .. }
        | Action::MetaHere { path, .. }
        | Action::SetAside { from: path, .. }
        | Action::MoveHere { from: path, .. } => Some(path),
        _ => None,
    }
}
