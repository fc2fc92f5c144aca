//! One attempt at journal row n + 1.

use protocol::commit::CommitRequest;
use protocol::hash::ContentHash;
use protocol::id::SpaceId;
use protocol::space::Role;

use super::content::Content;
use super::plan::plan;
use super::writes::Ticket;
use crate::error::{Result, StoreError};
use crate::member::Access;
use crate::row::journal::CommitIdRow;
use crate::row::member::MemberRow;
use crate::row::session::SessionRow;
use crate::row::space::SpaceRow;
use crate::{Identity, Store};

/// What a commit rests on besides the tree. The transaction checks all of it again.
pub(super) struct Base {
    pub(super) access: Access,
    /// Only where the operations name chunks.
    pub(super) session: Option<SessionRow>,
    /// The commit happened already.
    pub(super) done: Option<CommitIdRow>,
}

impl Store {
    /// Space, membership, session and commit id in one read.
    pub(super) async fn base(
        &self,
        identity: &Identity,
        space: &SpaceId,
        request: &CommitRequest,
    ) -> Result<Base> {
        let space_key = SpaceRow::key_of(space);
        let member_key = MemberRow::key_of(space, &identity.user);
        let commit_key = CommitIdRow::key_of(space, &request.commit);
        let session_key = request.session.as_ref().map(SessionRow::key_of);
        let keys = [&space_key, &member_key, &commit_key].map(Clone::clone);
        let keys = keys.into_iter().chain(session_key.clone());
        let mut rows = self.inner.table.batch_get(keys).await?;
        let (space_row, member) = (rows.take(&space_key)?, rows.take(&member_key)?);
        let access = Access::checked(space_row, member, Role::Editor)?;
        let done = rows.take::<CommitIdRow>(&commit_key)?;
        let done = done.filter(|row| row.expires_at > self.now());
        let names_chunks = request
            .ops
            .iter()
            .filter_map(|op| op.content())
            .any(|content| !content.extents.is_empty());
        let session = match session_key {
            // A repetition is answered even after its session ended.
            Some(key) if names_chunks && done.is_none() => {
                Some(self.usable(rows.take(&key)?, identity, space)?)
            }
            _ => None,
        };
        Ok(Base { access, session, done })
    }
}

pub(super) struct Attempt<'a> {
    pub(super) store: &'a Store,
    pub(super) identity: &'a Identity,
    pub(super) space: &'a SpaceId,
    pub(super) request: &'a CommitRequest,
    pub(super) payload: ContentHash,
    pub(super) base: &'a Base,
    pub(super) content: &'a Content,
}

impl Attempt<'_> {
    /// The sequence number, or `None` where something moved and it is worth looking again.
    pub(super) async fn run(&self) -> Result<Option<u64>> {
        let Self { store, space, .. } = self;
        let ops = &self.request.ops;
        let head = store.journal_head(space).await?;
        let seq = head.seq + 1;
        let state = store.load(space, ops).await?;
        let plan = match plan(&state, ops, seq) {
            Ok(plan) => plan,
            Err(conflicts) => return self.refuse(seq, &state, conflicts).await,
        };
        let longest_path = store.check_paths(space, head, &state, &plan, ops).await?;
        let ticket = Ticket {
            identity: self.identity,
            space: &self.base.access.space,
            session: self.base.session.as_ref(),
            commit: &self.request.commit,
            payload: self.payload,
            seq,
            now: store.now(),
            longest_path,
        };
        let writes = ticket.writes(plan, ops, self.content);
        let outcome = store.inner.table.transact_now(writes).await?;
        Ok(outcome.is_done().then_some(seq))
    }

    /// The reads were several, so a conflict counts only if the journal stood still meanwhile: a
    /// half-seen commit of somebody else must not look like one (I7).
    async fn refuse(
        &self,
        seq: u64,
        state: &super::plan::State,
        conflicts: Vec<protocol::commit::OpConflict>,
    ) -> Result<Option<u64>> {
        let ops = &self.request.ops;
        let conflicts = self.store.explain(self.space, state, ops, conflicts).await?;
        if self.store.head(self.space).await? + 1 != seq {
            return Ok(None);
        }
        // This very commit may be what stands in the way: its first reply was lost.
        let base = self.store.base(self.identity, self.space, self.request).await?;
        if base.done.is_some() {
            return Ok(None);
        }
        Err(StoreError::Conflict(conflicts))
    }
}
