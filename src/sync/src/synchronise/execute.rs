//! Carrying out a plan.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use protocol::file::NodeKind;
use protocol::id::{FileId, SpaceId};
use protocol::name::SpacePath;

use super::caution::Caution;
use super::doubt::doubtful;
use super::root::Root;
use super::{MassDelete, SyncSummary, hashing};
use crate::clock::Clock;
use crate::error::{IoContext as _, Result};
use crate::fs::Stamp;
use crate::plan::{Action, LeftOut};
use crate::report::{Event, Problem, Reporter};
use crate::service::Service;
use crate::trash::Trash;
use crate::tree::{Local, Remote, Synced, SyncedEntry};

pub(super) struct Run {
    pub(super) service: Arc<dyn Service>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reporter: Arc<dyn Reporter>,
    pub(super) space: SpaceId,
    pub(super) root: Root,
    pub(super) trash: Trash,
    pub(super) local: Local,
    /// What each local file looked like when it was scanned.
    pub(super) stamps: HashMap<SpacePath, Stamp>,
    pub(super) remote: Remote,
    pub(super) synced: Synced,
    pub(super) summary: SyncSummary,
    /// Problems of this round; those of earlier rounds may be solved.
    pub(super) problems: Vec<Problem>,
    /// Problems of the scan, found anew each round.
    scan_problems: Vec<Problem>,
    /// Device and inode of what the scan found under a name that can't be sent.
    unnamable: Vec<(u64, u64)>,
    /// What the last plan could not settle.
    pub(super) left_out: Vec<LeftOut>,
    /// Whether this round changed anything, or found out that it has to look again.
    pub(super) progress: bool,
    /// The last row of the journal that this run wrote.
    pub(super) committed: u64,
    /// Whether somebody else's commit refused one of this round's.
    pub(super) overtaken: bool,
    pub(super) caution: Caution,
    /// Why nothing can be sent, once the space said so.
    pub(super) read_only: Option<String>,
    traffic: Arc<Traffic>,
}

impl Run {
    pub(super) fn new(
        service: Arc<dyn Service>,
        clock: Arc<dyn Clock>,
        reporter: Arc<dyn Reporter>,
        space: SpaceId,
        root: Root,
    ) -> Self {
        let trash = Trash::new(&root.directory, clock.now());
        let traffic = Arc::new(Traffic { inner: reporter, sums: Mutex::default() });
        Self {
            service,
            clock,
            reporter: traffic.clone(),
            space,
            root,
            trash,
            local: Local::default(),
            stamps: HashMap::new(),
            remote: Remote::default(),
            synced: Synced::new(),
            summary: SyncSummary::default(),
            problems: Vec::new(),
            scan_problems: Vec::new(),
            unnamable: Vec::new(),
            left_out: Vec::new(),
            progress: false,
            committed: 0,
            overtaken: false,
            caution: Caution::default(),
            read_only: None,
            traffic,
        }
    }

    pub(super) async fn scan(&mut self) -> Result<()> {
        let directory = self.root.directory.clone();
        let known = self.root.state.hashes()?;
        let task = move || hashing::scan(&directory, &known).map(|scanned| (scanned, known));
        let (scanned, known) = tokio::task::spawn_blocking(task).await??;
        let same = scanned.hashes.len() == known.len()
            && scanned.hashes.iter().all(|(path, found)| {
                known.get(path).is_some_and(|known| known.at_ns == found.at_ns)
            });
        if !same {
            self.root.state.replace_hashes(&scanned.hashes)?;
        }
        self.local = scanned.local;
        self.stamps = scanned.stamps;
        self.scan_problems = scanned.problems;
        self.unnamable = scanned.unnamable;
        self.root.check()
    }

    /// Keeps what is missing for another reason than a deletion from being taken for one. Only a
    /// volume that is away may be meant to be deleted.
    pub(super) fn hold_doubtful(&mut self, synced: &Synced, deletes: MassDelete) -> Result<()> {
        let directory = &self.root.directory;
        let device = match deletes {
            MassDelete::Stop => {
                Some(Stamp::of(&std::fs::metadata(directory).at("read", directory)?).device)
            }
            MassDelete::Allow => None,
        };
        for (path, reason) in doubtful(synced, &self.local, &self.unnamable, device) {
            self.scan_problems.push(Problem::failed(&path, reason));
            self.local.unreadable.push(path);
        }
        Ok(())
    }

    /// Returns whether another round makes sense.
    pub(super) async fn carry_out(
        &mut self,
        mut actions: Vec<Action>,
        remote: Remote,
        synced: Synced,
    ) -> Result<bool> {
        self.remote = remote;
        self.synced = synced;
        self.progress = false;
        self.overtaken = false;
        self.problems.clear();
        let held = self.caution.admit(&mut actions, &self.synced);
        for (path, reason) in held.left {
            self.problem(&path, reason);
        }
        self.announce(&actions);
        // Fetching comes before sending, so that somebody who may only read gets everything.
        self.local_changes(&actions)?;
        self.fetch(&actions).await?;
        self.root.check()?;
        self.send(&actions).await?;
        self.root.check()?;
        self.remove_here(&actions)?;
        Ok(self.progress || held.look_again)
    }

    /// The rounds ran out.
    pub(super) fn unsettled(&mut self) {
        let reason = "too much changed during the run; the rest is left for the next run";
        self.problem(&SpacePath::root(), reason);
    }

    fn announce(&self, actions: &[Action]) {
        let size = |action: &Action| match action {
            Action::Fetch { id, .. } => self.remote.nodes.get(id).map(|node| node.size),
            Action::SendNew { path, .. } | Action::SendEdit { path, .. } => {
                self.stamps.get(path).map(|stamp| stamp.size)
            }
            _ => None,
        };
        let sizes: Vec<u64> = actions.iter().filter_map(size).collect();
        if !sizes.is_empty() {
            self.reporter
                .event(Event::Planned { files: sizes.len() as u64, bytes: sizes.iter().sum() });
        }
    }

    pub(super) fn finish(&mut self) -> Result<SyncSummary> {
        let synced = self.root.state.synced()?;
        let files = synced.values().filter(|entry| entry.kind == NodeKind::File);
        self.summary.files = files.count() as u64;
        let sums = self.traffic.sums.lock().map_or((0, 0), |sums| *sums);
        (self.summary.uploaded_bytes, self.summary.downloaded_bytes) = sums;
        self.summary.problems.append(&mut self.scan_problems);
        self.reserved_name()?;
        self.summary.problems.append(&mut self.problems);
        self.tell_left_out();
        Ok(self.summary.clone())
    }

    /// What has our own folder's name in the space can't lie here.
    fn reserved_name(&mut self) -> Result<()> {
        let remote = self.root.state.remote()?;
        let private = remote.private_folders();
        if private.is_empty() {
            return Ok(());
        }
        let paths = remote.paths();
        for path in private.into_iter().filter_map(|id| paths.get(id)) {
            let reason = "the name is reserved for this program; rename it in the space";
            self.summary.problems.push(Problem::skipped(path, reason));
        }
        Ok(())
    }

    pub(super) fn on_disk(&self, path: &SpacePath) -> PathBuf {
        let names = path.names().iter().map(|name| name.as_str());
        self.root.directory.join(names.collect::<PathBuf>())
    }

    pub(super) fn remember(&mut self, id: FileId, entry: Option<SyncedEntry>) -> Result<()> {
        self.remember_all(vec![(id, entry)])
    }

    pub(super) fn remember_all(
        &mut self,
        changes: Vec<(FileId, Option<SyncedEntry>)>,
    ) -> Result<()> {
        self.root.state.remember(&changes)?;
        for (id, entry) in changes {
            match entry {
                Some(entry) => self.synced.insert(id, entry),
                None => self.synced.remove(&id),
            };
        }
        self.progress = true;
        Ok(())
    }

    pub(super) fn problem(&mut self, path: &SpacePath, reason: impl ToString) {
        let path = crate::report::shown(&self.on_disk(path));
        self.problems.push(Problem::failed(path, reason));
    }

    pub(super) fn note(&self, text: String) {
        self.reporter.event(Event::Note(text));
    }
}

/// Passes events on and keeps the sums for the summary.
struct Traffic {
    inner: Arc<dyn Reporter>,
    sums: Mutex<(u64, u64)>,
}

impl Reporter for Traffic {
    fn event(&self, event: Event) {
        if let Ok(mut sums) = self.sums.lock() {
            match &event {
                Event::Uploaded { bytes } => sums.0 += bytes,
                Event::Downloaded { bytes } => sums.1 += bytes,
                _ => {}
            }
        }
        self.inner.event(event);
    }
}
