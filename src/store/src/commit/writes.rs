//! From a plan to the items of one transaction, each with its condition.

use jiff::Timestamp;
use protocol::changes::JournalEntry;
use protocol::commit::Op;
use protocol::file::Node;
use protocol::hash::ContentHash;
use protocol::id::CommitId;

use super::COMMIT_ID_LIFETIME;
use super::content::Content;
use super::plan::{Place, Plan};
use crate::Identity;
use crate::row::journal::{CommitIdRow, JournalRow};
use crate::row::mail::PendingRow;
use crate::row::member::{MemberRow, role_text};
use crate::row::node::{ClaimRow, NodeRow};
use crate::row::session::SessionRow;
use crate::row::space::SpaceRow;
use crate::row::version::VersionRow;
use crate::session::still_open;
use crate::table::{Expression, Write};
use protocol::id::FileId;
use protocol::space::Role;

/// Everything about a commit but its operations.
pub(super) struct Ticket<'a> {
    pub(super) identity: &'a Identity,
    pub(super) space: &'a SpaceRow,
    pub(super) session: Option<&'a SessionRow>,
    pub(super) commit: &'a CommitId,
    pub(super) payload: ContentHash,
    pub(super) seq: u64,
    pub(super) now: Timestamp,
    pub(super) longest_path: Option<u64>,
}

impl Ticket<'_> {
    /// At most 5 items of its own and [`Op::cost`] for each operation.
    pub(super) fn writes(&self, plan: Plan, ops: &[Op], content: &Content) -> Vec<Write> {
        let mut writes = vec![self.journal(plan.changes), self.commit_id(), self.still_member()];
        writes.extend(self.session.map(|session| still_open(&session.session)));
        if self.space.subscribers > 0 {
            writes.push(self.outbox());
        }
        writes.extend(plan.nodes.into_iter().map(|(node, base)| self.node(node, base)));
        writes.extend(plan.claims.into_iter().map(|change| self.claim(change)));
        writes.extend(ops.iter().filter_map(|op| self.version(op, content)));
        writes
    }

    fn journal(&self, changes: Vec<protocol::changes::Change>) -> Write {
        let row = JournalRow {
            space: self.space.space.clone(),
            entry: JournalEntry {
                seq: self.seq,
                commit: self.commit.clone(),
                user: self.identity.user.clone(),
                device: self.identity.device.clone(),
                time: self.now.to_string(),
                changes,
            },
            longest_path: self.longest_path,
        };
        Write::put_if(&row, Expression::absent())
    }

    fn commit_id(&self) -> Write {
        let row = CommitIdRow {
            space: self.space.space.clone(),
            commit: self.commit.clone(),
            seq: self.seq,
            payload: self.payload,
            expires_at: self.now + COMMIT_ID_LIFETIME,
        };
        let free = "attribute_not_exists(#pk) OR #expires_at <= :now";
        let free = Expression::new(free).number(":now", self.now.as_second());
        Write::put_if(&row, free)
    }

    fn still_member(&self) -> Write {
        Write::Check {
            key: MemberRow::key_of(&self.space.space, &self.identity.user),
            condition: Expression::new("#role IN (:editor, :owner)")
                .text(":editor", role_text(Role::Editor))
                .text(":owner", role_text(Role::Owner)),
        }
    }

    fn outbox(&self) -> Write {
        let update = "SET #first_seq = if_not_exists(#first_seq, :seq), \
                      #since = if_not_exists(#since, :now), #last_seq = :seq";
        Write::Update {
            key: PendingRow::key_of(&self.space.space),
            update: Expression::new(update)
                .number(":seq", self.seq)
                .number(":now", self.now.as_second()),
            condition: None,
        }
    }

    fn node(&self, node: Node, base: Option<u64>) -> Write {
        let row = NodeRow { space: self.space.space.clone(), node };
        let condition = match base {
            None => Expression::absent(),
            Some(base) => Expression::new("#rev = :base").number(":base", base),
        };
        Write::put_if(&row, condition)
    }

    fn claim(&self, (place, before, after): (Place, Option<FileId>, Option<FileId>)) -> Write {
        let (parent, name_key) = place;
        let condition = match before {
            None => Expression::absent(),
            Some(holder) => Expression::new("#file = :holder").text(":holder", holder),
        };
        let space = &self.space.space;
        match after {
            Some(file) => {
                let space = space.clone();
                let row = ClaimRow { space, parent, name_key, file };
                Write::put_if(&row, condition)
            }
            None => Write::Delete {
                key: ClaimRow::key_of(space, &parent, &name_key),
                condition: Some(condition),
            },
        }
    }

    fn version(&self, op: &Op, content: &Content) -> Option<Write> {
        let claimed = op.content()?;
        let row = VersionRow {
            space: self.space.space.clone(),
            file: op.file().clone(),
            rev: self.seq,
            hash: claimed.hash,
            size: claimed.size,
            user: self.identity.user.clone(),
            device: self.identity.device.clone(),
            time: self.now,
            extents: content.source(op.file()),
        };
        Some(Write::put_if(&row, Expression::absent()))
    }
}
