//! Changes to the space: content first, then commits, deletions last.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::commit::{Meta, Op};
use protocol::error::ErrorCode;
use protocol::file::NodeKind;
use protocol::id::FileId;
use protocol::name::SpacePath;
use tokio::time::timeout;

use super::execute::Run;
use crate::commit::{Committed, Committer, Refusal, new_id};
use crate::error::{IoContext as _, Result, SyncError};
use crate::fs::{Stamp, stamp};
use crate::plan::Action;
use crate::report::Event;
use crate::session::Session;
use crate::tree::SyncedEntry;
use crate::upload::{self, Source, Stored};

const LINGER: Duration = Duration::from_millis(10);

/// What to remember once an operation is committed.
enum Done {
    Entry(SyncedEntry),
    Moved(SpacePath),
    Removed(NodeKind),
}

/// A file on its way up.
struct Job {
    path: SpacePath,
    /// The file and the revision it replaces; a new file has none.
    edits: Option<(FileId, u64)>,
}

impl Run {
    /// Somebody who may only read is told what can't be sent, and everything else goes on.
    pub(super) async fn send(&mut self, actions: &[Action]) -> Result<()> {
        if self.read_only.is_none() {
            match self.send_all(actions).await {
                Err(SyncError::Api(error)) if error.code() == Some(ErrorCode::Forbidden) => {
                    self.read_only = Some(error.to_string());
                }
                other => return other,
            }
        }
        let reason = self.read_only.clone().unwrap_or_default();
        for action in actions {
            let (path, what) = match action {
                Action::RemoveThere { id, .. } => {
                    let Some(entry) = self.synced.get(id) else { continue };
                    (entry.path.clone(), "it is removed here only")
                }
                Action::MakeThere { path }
                | Action::SendNew { path, .. }
                | Action::SendEdit { path, .. }
                | Action::MoveThere { path, .. }
                | Action::MetaThere { path, .. } => (path.clone(), "your change stays here only"),
                _ => continue,
            };
            self.problem(&path, format!("{reason}; {what}"));
        }
        Ok(())
    }

    async fn send_all(&mut self, actions: &[Action]) -> Result<()> {
        let session = Session::new(self.service.clone(), self.clock.clone(), self.space.clone());
        let session = Arc::new(session);
        let mut committer =
            Committer::new(self.service.clone(), session.clone(), self.space.clone());
        let mut directories = self.directories_there();
        for action in actions {
            if let Some((op, done)) = self.plain_op(action, &mut directories) {
                let committed = committer.add(op, done).await?;
                self.settle_commit(committed)?;
            }
        }
        let jobs: Vec<Job> = actions.iter().filter_map(job).collect();
        if !jobs.is_empty() {
            self.send_content(&jobs, session, &mut committer, &directories).await?;
        }
        self.flush(&mut committer).await?;
        // Whatever else was done took time; the next round looks again before it removes anything.
        if !self.progress {
            self.send_removals(actions, &mut committer).await?;
        }
        self.summary.commits += committer.commits;
        Ok(())
    }

    async fn send_removals(
        &mut self,
        actions: &[Action],
        committer: &mut Committer<Done>,
    ) -> Result<()> {
        for action in actions {
            let Action::RemoveThere { id, base, kind } = action else { continue };
            match self.is_still_absent(id) {
                Ok(true) => {}
                Ok(false) => {
                    self.progress = true;
                    continue;
                }
                Err(error) => {
                    let path = self.synced.get(id).map(|entry| entry.path.clone());
                    self.problem(&path.unwrap_or_default(), error);
                    continue;
                }
            }
            let op = Op::Delete { file: id.clone(), base: *base };
            let committed = committer.add(op, Done::Removed(*kind)).await?;
            self.settle_commit(committed)?;
        }
        self.flush(committer).await
    }

    /// Whether the place where it lay is still as the scan saw it: empty, or taken by another.
    fn is_still_absent(&self, id: &FileId) -> Result<bool> {
        let Some(entry) = self.synced.get(id) else { return Ok(false) };
        let path = self.on_disk(&entry.path);
        let key = |stamp: &Stamp| (stamp.device, stamp.inode);
        let now = stamp(&path).at("read", &path)?;
        Ok(now.as_ref().map(key) == self.stamps.get(&entry.path).map(key))
    }

    async fn flush(&mut self, committer: &mut Committer<Done>) -> Result<()> {
        if committer.is_empty() {
            return Ok(());
        }
        let committed = committer.flush().await?;
        self.settle_commit(Some(committed))
    }

    /// The ids of the directories that both sides have, by local path.
    fn directories_there(&self) -> HashMap<SpacePath, FileId> {
        let known = self.synced.iter().filter(|(id, entry)| {
            entry.kind == NodeKind::Directory && self.remote.nodes.contains_key(*id)
        });
        let mut directories: HashMap<_, _> =
            known.map(|(id, entry)| (entry.path.clone(), id.clone())).collect();
        directories.insert(SpacePath::root(), FileId::root());
        directories
    }

    fn plain_op(
        &self,
        action: &Action,
        directories: &mut HashMap<SpacePath, FileId>,
    ) -> Option<(Op, Done)> {
        match action {
            Action::MakeThere { path } => {
                let (parent, name) = path.split()?;
                let entry = self.local.entries.get(path)?;
                let file = new_id();
                let op = Op::Mkdir {
                    file: file.clone(),
                    parent: directories.get(&parent)?.clone(),
                    name: name.clone(),
                    meta: Meta::default(),
                };
                directories.insert(path.clone(), file);
                let done = Done::Entry(SyncedEntry {
                    path: path.clone(),
                    kind: NodeKind::Directory,
                    hash: None,
                    executable: false,
                    inode: entry.inode,
                });
                Some((op, done))
            }
            Action::MoveThere { id, base, parent, name, path } => {
                let op = Op::Move {
                    file: id.clone(),
                    base: *base,
                    parent: parent.clone(),
                    name: name.clone(),
                };
                Some((op, Done::Moved(path.clone())))
            }
            Action::MetaThere { id, base, path } => {
                let stamp = self.stamps.get(path)?;
                let mut entry = self.synced.get(id)?.clone();
                entry.executable = stamp.executable;
                let op = Op::Meta { file: id.clone(), base: *base, meta: stamp.meta() };
                Some((op, Done::Entry(entry)))
            }
            _ => None,
        }
    }

    async fn send_content(
        &mut self,
        jobs: &[Job],
        session: Arc<Session>,
        committer: &mut Committer<Done>,
        directories: &HashMap<SpacePath, FileId>,
    ) -> Result<()> {
        let sources = jobs
            .iter()
            .enumerate()
            .map(|(index, job)| Source { index, path: self.on_disk(&job.path) });
        let sources = sources.collect();
        let (mut stored, task) = upload::start(session, sources, self.reporter.clone());
        let mut waiting = stored.recv().await;
        while let Some(next) = waiting {
            self.take(next, jobs, committer, directories).await?;
            waiting = match timeout(LINGER, stored.recv()).await {
                Ok(next) => next,
                Err(_) => {
                    let committed = committer.flush().await?;
                    self.settle_commit(Some(committed))?;
                    stored.recv().await
                }
            };
        }
        task.await?
    }

    async fn take(
        &mut self,
        stored: Stored,
        jobs: &[Job],
        committer: &mut Committer<Done>,
        directories: &HashMap<SpacePath, FileId>,
    ) -> Result<()> {
        let (index, content, stamp) = match stored {
            Stored::Ready { index, content, stamp } => (index, content, stamp),
            Stored::Changing { index } => {
                let reason = "it kept changing while it was read; it is left for the next run";
                self.caution.refused(&jobs[index].path, reason);
                self.problem(&jobs[index].path, reason);
                return Ok(());
            }
            Stored::Unreadable { index, error } => {
                self.problem(&jobs[index].path, error);
                return Ok(());
            }
        };
        let job = &jobs[index];
        self.caution.tried(&job.path);
        let entry = SyncedEntry {
            path: job.path.clone(),
            kind: NodeKind::File,
            hash: Some(content.hash),
            executable: stamp.executable,
            inode: (stamp.device, stamp.inode),
        };
        let meta = stamp.meta();
        let op = match &job.edits {
            Some((file, base)) => Op::Edit { file: file.clone(), base: *base, content, meta },
            None => {
                let place = job.path.split();
                let place = place.and_then(|(parent, name)| {
                    Some((directories.get(&parent)?.clone(), name.clone()))
                });
                let Some((parent, name)) = place else { return Ok(()) };
                Op::Create { file: new_id(), parent, name, content, meta }
            }
        };
        let committed = committer.add(op, Done::Entry(entry)).await?;
        self.settle_commit(committed)
    }

    /// Remembers what is committed. What was refused shows up in the journal, and the next round
    /// plans with it.
    fn settle_commit(&mut self, committed: Option<Committed<Done>>) -> Result<()> {
        let Some(committed) = committed else { return Ok(()) };
        for (_, done, refusal) in &committed.refused {
            match (refusal, done) {
                // Nobody but the user can help here, so another round makes no sense.
                (
                    Refusal::TooLarge(reason),
                    Done::Entry(SyncedEntry { path, .. }) | Done::Moved(path),
                ) => {
                    self.caution.refused(path, reason);
                    self.problem(path, reason);
                }
                _ => {
                    self.progress = true;
                    self.overtaken = true;
                }
            }
        }
        self.committed = self.committed.max(committed.seq);
        let mut changes = Vec::new();
        for (op, done) in committed.done {
            let id = op.file().clone();
            match done {
                Done::Entry(entry) => {
                    if op.content().is_some() {
                        self.caution.sent(&entry.path);
                        self.summary.sent += 1;
                        self.reporter.event(Event::Done { files: 1 });
                    }
                    self.summary.modes_sent += u64::from(matches!(op, Op::Meta { .. }));
                    changes.push((id, Some(entry)));
                }
                Done::Moved(path) => {
                    self.summary.moved_there += 1;
                    self.moved(&id, &path)?;
                }
                Done::Removed(kind) => {
                    self.summary.deleted_there += u64::from(kind == NodeKind::File);
                    changes.push((id, None));
                }
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.remember_all(changes)
    }
}

fn job(action: &Action) -> Option<Job> {
    match action {
        Action::SendNew { path, .. } => Some(Job { path: path.clone(), edits: None }),
        Action::SendEdit { id, base, path, .. } => {
            Some(Job { path: path.clone(), edits: Some((id.clone(), *base)) })
        }
        _ => None,
    }
}
