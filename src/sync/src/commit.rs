//! Batches of operations, one commit after another.

use std::collections::HashSet;
use std::sync::Arc;

use protocol::commit::{CommitRequest, ConflictReason, MAX_COMMIT_COST, Op, OpConflict};
use protocol::error::{ErrorBody, ErrorCode};
use protocol::hash::ContentHash;
use protocol::id::{CommitId, FileId, SpaceId};

use crate::error::{ApiError, Result};
use crate::service::Service;
use crate::session::{MOST_SESSIONS, Session};

/// Extents of one commit, so that its body stays small; a file with more goes alone.
const MOST_EXTENTS: usize = 20_000;

/// Sends operations in the order they come, as few commits as the limit allows.
pub(crate) struct Committer<T> {
    service: Arc<dyn Service>,
    session: Arc<Session>,
    space: SpaceId,
    batch: Vec<(Op, T)>,
    cost: usize,
    extents: usize,
    pub(crate) commits: u64,
}

/// What became of each operation of a batch.
pub(crate) struct Committed<T> {
    /// The last row of the journal that it wrote; 0 if it wrote none.
    pub(crate) seq: u64,
    pub(crate) done: Vec<(Op, T)>,
    pub(crate) refused: Vec<(Op, T, Refusal)>,
}

pub(crate) enum Refusal {
    Conflict(Box<OpConflict>),
    /// The service lost sight of the content; bring it again.
    ContentMissing,
    /// Beyond a limit of the service; its own words.
    TooLarge(String),
}

impl Refusal {
    pub(crate) fn reason(&self) -> String {
        let conflict = match self {
            Self::Conflict(conflict) => conflict,
            Self::ContentMissing => {
                return "the object store lost its content on the way; run it again".to_owned();
            }
            Self::TooLarge(reason) => return reason.clone(),
        };
        let what = match conflict.reason {
            ConflictReason::StaleBase => "somebody else changed it meanwhile",
            ConflictReason::NameTaken => "somebody else took its name meanwhile",
            ConflictReason::ParentMissing => "its directory was deleted meanwhile",
            ConflictReason::FileMissing => "somebody else deleted it meanwhile",
            ConflictReason::FileExists => "its id is taken",
            ConflictReason::NotEmpty => "the directory is not empty any more",
            ConflictReason::Cycle => "a directory can't move into itself",
            ConflictReason::WrongKind => "a directory stands where a file should, or the reverse",
        };
        format!("{what}; run it again")
    }
}

impl<T> Committer<T> {
    pub(crate) fn new(service: Arc<dyn Service>, session: Arc<Session>, space: SpaceId) -> Self {
        Self { service, session, space, batch: Vec::new(), cost: 0, extents: 0, commits: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Adds an operation; if it does not fit, the batch so far is committed first.
    pub(crate) async fn add(&mut self, op: Op, tag: T) -> Result<Option<Committed<T>>> {
        let extents = op.content().map_or(0, |content| content.extents.len());
        let mut committed = None;
        if self.cost + op.cost() > MAX_COMMIT_COST
            || self.extents > 0 && self.extents + extents > MOST_EXTENTS
        {
            committed = Some(self.flush().await?);
        }
        self.cost += op.cost();
        self.extents += extents;
        self.batch.push((op, tag));
        Ok(committed)
    }

    /// Commits what is waiting. Operations that do not fit any more are taken out and the others
    /// sent again, so that one stale file never holds up its neighbours.
    pub(crate) async fn flush(&mut self) -> Result<Committed<T>> {
        (self.cost, self.extents) = (0, 0);
        let mut committed = Committed { seq: 0, done: Vec::new(), refused: Vec::new() };
        // The next one is last.
        let mut batches = vec![std::mem::take(&mut self.batch)];
        let mut sessions = 0;
        while let Some(mut batch) = batches.pop() {
            let count = batch.len();
            if count == 0 {
                continue;
            }
            let chunks: HashSet<_> = batch.iter().flat_map(|(op, _)| chunks_of(op)).collect();
            let needs_session = batch.iter().any(|(op, _)| op.content().is_some());
            let session = if needs_session { self.session.pin(&chunks).await? } else { None };
            let request = CommitRequest {
                commit: CommitId::from_random(rand::random()),
                session: session.clone(),
                ops: batch.iter().map(|(op, _)| op.clone()).collect(),
            };
            let body = match self.service.commit(&self.space, &request).await {
                Ok(answer) => {
                    self.commits += 1;
                    committed.seq = committed.seq.max(answer.seq);
                    committed.done.append(&mut batch);
                    continue;
                }
                Err(ApiError::Refused(body)) => body,
                Err(error) => return Err(error.into()),
            };
            match body.code {
                ErrorCode::Conflict => {
                    batch = take_conflicts(batch, &body, &mut committed.refused);
                }
                ErrorCode::ContentMissing => {
                    let lost = body.chunks.iter().copied().collect();
                    batch = take_lost(batch, &lost, &mut committed.refused);
                }
                ErrorCode::SessionClosed | ErrorCode::UndeclaredContent
                    if sessions < MOST_SESSIONS =>
                {
                    sessions += 1;
                    self.session.give_up(session.as_ref()).await;
                    batches.push(batch);
                    continue;
                }
                ErrorCode::TooLarge if count > 1 => batches.push(batch.split_off(count / 2)),
                ErrorCode::TooLarge => {
                    let refusal = |(op, tag)| (op, tag, Refusal::TooLarge(body.message.clone()));
                    committed.refused.extend(batch.drain(..).map(refusal));
                }
                _ => return Err(ApiError::Refused(body).into()),
            }
            if batch.len() == count {
                // It names nothing that could be taken out.
                return Err(ApiError::Refused(body).into());
            }
            batches.push(batch);
        }
        Ok(committed)
    }
}

fn chunks_of(op: &Op) -> Vec<ContentHash> {
    let extents = op.content().map(|content| content.extents.as_slice());
    extents.unwrap_or_default().iter().map(|extent| extent.chunk).collect()
}

fn take_lost<T>(
    batch: Vec<(Op, T)>,
    lost: &HashSet<ContentHash>,
    refused: &mut Vec<(Op, T, Refusal)>,
) -> Vec<(Op, T)> {
    let mut kept = Vec::with_capacity(batch.len());
    for (op, tag) in batch {
        if chunks_of(&op).iter().any(|chunk| lost.contains(chunk)) {
            refused.push((op, tag, Refusal::ContentMissing));
        } else {
            kept.push((op, tag));
        }
    }
    kept
}

fn take_conflicts<T>(
    batch: Vec<(Op, T)>,
    body: &ErrorBody,
    refused: &mut Vec<(Op, T, Refusal)>,
) -> Vec<(Op, T)> {
    let mut kept = Vec::with_capacity(batch.len());
    for (index, (op, tag)) in batch.into_iter().enumerate() {
        match body.conflicts.iter().find(|conflict| conflict.index == index) {
            Some(conflict) => {
                refused.push((op, tag, Refusal::Conflict(Box::new(conflict.clone()))));
            }
            None => kept.push((op, tag)),
        }
    }
    kept
}

pub(crate) fn new_id() -> FileId {
    FileId::from_random(rand::random())
}

#[cfg(test)]
mod tests;
