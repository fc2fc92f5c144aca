//! The push itself, in rounds: what could not settle in one is prepared again in the next.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::{StreamExt, iter};
use protocol::commit::{Content, Op};
use tokio::time::timeout;

use super::prepare::{Job, Prepared, prepare};
use super::{Push, PushSummary};
use crate::chunk::hash_reader;
use crate::clock::Clock;
use crate::commit::{Committed, Committer, Refusal, new_id};
use crate::error::{Result, SyncError};
use crate::fs::open_regular;
use crate::report::{Event, Problem, Reporter, shown};
use crate::service::Service;
use crate::session::Session;
use crate::upload::{self, Source, Stored};

/// Files that change under us or lose a race get this many chances.
const ROUNDS: u32 = 3;

/// How long a commit that is not full waits for company.
const LINGER: Duration = Duration::from_millis(10);

/// What an operation was for.
enum Purpose {
    Directory,
    File(usize),
}

pub(super) async fn run(
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    reporter: Arc<dyn Reporter>,
    request: Push,
) -> Result<PushSummary> {
    let counter = Arc::new(Counter::new(reporter));
    let mut summary = PushSummary::default();
    let mut planned = false;
    for round in 1..=ROUNDS {
        let prepared = prepare(&service, &request).await?;
        if !planned {
            planned = true;
            counter.event(Event::Planned {
                files: prepared.jobs.len() as u64,
                bytes: prepared.jobs.iter().map(|job| job.stamp.size).sum(),
            });
        }
        let session = Session::new(service.clone(), clock.clone(), request.space.clone());
        let session = Arc::new(session);
        let mut attempt = Attempt {
            committer: Committer::new(service.clone(), session.clone(), request.space.clone()),
            summary: PushSummary::default(),
            again: false,
            last: round == ROUNDS,
            jobs: prepared.jobs.clone(),
            reporter: counter.clone(),
        };
        attempt.run(session, prepared).await?;
        let again = attempt.again && !attempt.last;
        // What an earlier round did shows up as unchanged in a later one.
        let done_before = summary.created + summary.updated;
        summary.created += attempt.summary.created;
        summary.updated += attempt.summary.updated;
        summary.directories_created += attempt.summary.directories_created;
        summary.unchanged = attempt.summary.unchanged.saturating_sub(done_before);
        summary.files = attempt.summary.files;
        summary.bytes = attempt.summary.bytes;
        summary.commits += attempt.committer.commits;
        summary.problems = attempt.summary.problems;
        if !again {
            break;
        }
    }
    (summary.uploaded_bytes, summary.already_there_bytes) = counter.sums();
    for problem in &summary.problems {
        counter.event(Event::Problem(problem.clone()));
    }
    Ok(summary)
}

struct Attempt {
    committer: Committer<Purpose>,
    summary: PushSummary,
    again: bool,
    /// Whether there is no other round to leave anything to.
    last: bool,
    jobs: Vec<Job>,
    reporter: Arc<Counter>,
}

impl Attempt {
    async fn run(&mut self, session: Arc<Session>, prepared: Prepared) -> Result<()> {
        self.summary.problems = prepared.problems;
        for op in prepared.directories {
            let committed = self.committer.add(op, Purpose::Directory).await?;
            self.settle_some(committed);
        }
        let sources = self.drop_unchanged().await?;
        if self.again {
            // A directory was refused. Another round finds out what stands there instead.
            let left = if self.last { sources } else { Vec::new() };
            for source in left {
                let reason = "a directory could not be made in the space; push it again";
                self.fail(source.index, reason);
            }
            return Ok(());
        }
        let reporter: Arc<dyn Reporter> = self.reporter.clone();
        let (mut stored, task) = upload::start(session, sources, reporter);
        while let Some(first) = stored.recv().await {
            self.take(first).await?;
            while let Ok(Some(next)) = timeout(LINGER, stored.recv()).await {
                self.take(next).await?;
            }
            // Nothing more is ready: what is, becomes visible now.
            let committed = self.committer.flush().await?;
            self.settle(committed);
        }
        task.await??;
        let committed = self.committer.flush().await?;
        self.settle(committed);
        Ok(())
    }

    /// Leaves out files whose bytes the space has under their name: a file of the same size is
    /// read and compared before any session is opened.
    async fn drop_unchanged(&mut self) -> Result<Vec<Source>> {
        let (same_size, others): (Vec<_>, Vec<_>) = (0..self.jobs.len()).partition(|&index| {
            let job = &self.jobs[index];
            job.existing.as_ref().is_some_and(|node| node.size == job.stamp.size)
        });
        let mut sources: Vec<usize> = others;
        let hashing = same_size.into_iter().map(|index| {
            let path = self.jobs[index].path.clone();
            async move {
                let read = move || open_regular(&path).and_then(hash_reader);
                let cut = tokio::task::spawn_blocking(read).await?;
                Ok::<_, SyncError>((index, cut))
            }
        });
        let parallel = std::thread::available_parallelism().map_or(2, usize::from);
        let mut hashed = iter(hashing.collect::<Vec<_>>()).buffer_unordered(parallel);
        while let Some(result) = hashed.next().await {
            let (index, cut) = result?;
            let job = &self.jobs[index];
            let there = job.existing.as_ref().and_then(|node| node.hash);
            match cut {
                Ok(cut) if Some(cut.hash) == there => {
                    self.reporter.event(Event::Read { bytes: cut.size });
                    self.reporter.event(Event::AlreadyThere { bytes: cut.size });
                    self.reporter.event(Event::Done { files: 1 });
                    self.summary.unchanged += 1;
                    self.summary.files += 1;
                    self.summary.bytes += cut.size;
                }
                // The upload reports what can't be read.
                _ => sources.push(index),
            }
        }
        sources.sort_unstable();
        let sources =
            sources.into_iter().map(|index| Source { index, path: self.jobs[index].path.clone() });
        Ok(sources.collect())
    }

    async fn take(&mut self, stored: Stored) -> Result<()> {
        match stored {
            Stored::Ready { index, content, stamp } => {
                let op = self.operation(index, content, stamp.meta());
                let committed = self.committer.add(op, Purpose::File(index)).await?;
                self.settle_some(committed);
            }
            Stored::Changing { index } => {
                self.again = true;
                let reason = "it kept changing while it was read; push it again later";
                self.fail(index, reason);
            }
            Stored::Unreadable { index, error } => self.fail(index, error),
        }
        Ok(())
    }

    fn operation(&self, index: usize, content: Content, meta: protocol::commit::Meta) -> Op {
        let job = &self.jobs[index];
        match &job.existing {
            Some(node) => Op::Edit { file: node.file.clone(), base: node.rev, content, meta },
            None => Op::Create {
                file: new_id(),
                parent: job.parent.clone(),
                name: job.name.clone(),
                content,
                meta,
            },
        }
    }

    fn settle_some(&mut self, committed: Option<Committed<Purpose>>) {
        if let Some(committed) = committed {
            self.settle(committed);
        }
    }

    fn settle(&mut self, committed: Committed<Purpose>) {
        for (op, purpose) in committed.done {
            match (purpose, &op) {
                (Purpose::Directory, _) => self.summary.directories_created += 1,
                (Purpose::File(_), Op::Edit { content, .. }) => {
                    self.summary.updated += 1;
                    self.done(content.size);
                }
                (Purpose::File(_), op) => {
                    self.summary.created += 1;
                    self.done(op.content().map_or(0, |content| content.size));
                }
            }
        }
        for (op, purpose, refusal) in committed.refused {
            // A lost race is settled by looking again: the other side may have brought the very
            // same bytes.
            self.again |= !matches!(refusal, Refusal::TooLarge(_));
            match purpose {
                Purpose::Directory => {
                    let Op::Mkdir { name, .. } = op else { continue };
                    self.summary.problems.push(Problem::failed(name, refusal.reason()));
                }
                Purpose::File(index) => self.refuse(index, &op, &refusal),
            }
        }
    }

    fn refuse(&mut self, index: usize, op: &Op, refusal: &Refusal) {
        let ours = op.content().map(|content| content.hash);
        let theirs = match refusal {
            Refusal::Conflict(conflict) => conflict.node.as_ref().and_then(|node| node.hash),
            Refusal::ContentMissing | Refusal::TooLarge(_) => None,
        };
        if ours.is_some() && ours == theirs {
            self.summary.unchanged += 1;
            self.done(op.content().map_or(0, |content| content.size));
            return;
        }
        self.fail(index, refusal.reason());
    }

    fn done(&mut self, bytes: u64) {
        self.summary.files += 1;
        self.summary.bytes += bytes;
        self.reporter.event(Event::Done { files: 1 });
    }

    fn fail(&mut self, index: usize, reason: impl ToString) {
        let path = shown(&self.jobs[index].path);
        self.summary.problems.push(Problem::failed(path, reason));
    }
}

/// Passes events on and keeps the sums for the summary.
struct Counter {
    inner: Arc<dyn Reporter>,
    sums: Mutex<(u64, u64)>,
}

impl Counter {
    fn new(inner: Arc<dyn Reporter>) -> Self {
        Self { inner, sums: Mutex::default() }
    }

    fn sums(&self) -> (u64, u64) {
        self.sums.lock().map_or((0, 0), |sums| *sums)
    }
}

impl Reporter for Counter {
    fn event(&self, event: Event) {
        if let Ok(mut sums) = self.sums.lock() {
            match &event {
                Event::Uploaded { bytes } => sums.0 += bytes,
                Event::AlreadyThere { bytes } => sums.1 += bytes,
                _ => {}
            }
        }
        self.inner.event(event);
    }
}

#[cfg(test)]
mod tests;
