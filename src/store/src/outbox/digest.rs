//! What a message says, looked up when it is about to be sent.

use std::collections::{BTreeMap, HashMap, HashSet};

use protocol::account::User;
use protocol::changes::{Change, JournalEntry};
use protocol::file::Node;
use protocol::id::{FileId, SpaceId, UserId};
use protocol::name::{EntryName, SpacePath};
use protocol::space::MailMode;

use super::{ChangeLine, Digest, MAX_LINES, Outbox, PersonChanges};
use crate::accounts::AccountState;
use crate::error::Result;
use crate::row::account::AccountRow;
use crate::row::journal::JournalRow;
use crate::row::mail::MessageRow;
use crate::row::member::MemberRow;
use crate::row::padded;
use crate::row::space::SpaceRow;
use crate::table::Query;

/// Journal rows held at the same time.
const PAGE: usize = 200;

/// Directories above one another that are looked up for a path.
const MAX_DEPTH: usize = 64;

/// What all messages about one space share.
struct About {
    space: Option<SpaceRow>,
    members: HashMap<UserId, MemberRow>,
}

/// A message that gathers what it tells, journal row by journal row.
struct Draft {
    row: MessageRow,
    member: MemberRow,
    /// In the order of their first change.
    people: Vec<Told>,
}

/// What one person did: as many changes as a digest names, and the number of the others.
struct Told {
    user: UserId,
    changes: Vec<Change>,
    more: usize,
}

impl Outbox {
    /// Digests, and the rows that have nothing to say or nobody to say it to: members who left,
    /// unsubscribed or were disabled, and members who did it all themselves.
    pub(super) async fn digests(
        &self,
        rows: Vec<MessageRow>,
    ) -> Result<(Vec<Digest>, Vec<MessageRow>)> {
        let table = &self.store.inner.table;
        let key = |row: &MessageRow| AccountRow::key_of(&row.user);
        let mut accounts = table.batch_get(rows.iter().map(key)).await?;
        let mut active = HashSet::new();
        for row in &rows {
            if let Some(account) = accounts.take::<AccountRow>(&key(row))?
                && account.state == AccountState::Active
            {
                active.insert(account.user);
            }
        }
        let mut ranges = BTreeMap::new();
        for row in rows {
            let range = (row.space.clone(), row.from, row.to);
            ranges.entry(range).or_insert_with(Vec::new).push(row);
        }
        let (mut digests, mut empty) = (Vec::new(), Vec::new());
        for ((space, from, to), rows) in ranges {
            let about = self.about(&space).await?;
            let mut drafts = Vec::new();
            for row in rows {
                let member = about.subscriber(&row.user).filter(|_| active.contains(&row.user));
                match member.cloned() {
                    Some(member) => drafts.push(Draft { row, member, people: Vec::new() }),
                    None => empty.push(row),
                }
            }
            if !drafts.is_empty() {
                self.gather(&space, from, to, &mut drafts).await?;
            }
            let directories = self.directories(&space, &drafts).await?;
            for draft in drafts {
                match about.digest(&draft, &directories) {
                    Some(digest) => digests.push(digest),
                    None => empty.push(draft.row),
                }
            }
        }
        Ok((digests, empty))
    }

    async fn about(&self, space: &SpaceId) -> Result<About> {
        let key = SpaceRow::key_of(space);
        let (space, members) = tokio::try_join!(
            self.store.inner.table.get::<SpaceRow>(&key),
            self.store.member_rows(space)
        )?;
        let members = members.into_iter().map(|row| (row.user.clone(), row)).collect();
        Ok(About { space, members })
    }

    /// Reads the range page by page, so that a long one takes time but not memory.
    async fn gather(
        &self,
        space: &SpaceId,
        from: u64,
        to: u64,
        drafts: &mut [Draft],
    ) -> Result<()> {
        let mut next = from;
        while next <= to {
            let query = Query::new(JournalRow::partition(space)).from(padded(next)).limit(PAGE);
            let page = self.store.inner.table.query(query).await?;
            for row in page.rows::<JournalRow>()? {
                next = row.entry.seq + 1;
                if row.entry.seq <= to {
                    drafts.iter_mut().for_each(|draft| draft.hear(&row.entry));
                }
            }
            if !page.more {
                break;
            }
        }
        Ok(())
    }

    /// The directories above everything that is named, a batch per level.
    async fn directories(
        &self,
        space: &SpaceId,
        drafts: &[Draft],
    ) -> Result<HashMap<FileId, Node>> {
        let people = drafts.iter().flat_map(|draft| &draft.people);
        let changes = people.flat_map(|told| &told.changes);
        let mut wanted: HashSet<FileId> = changes.map(|change| change.parent.clone()).collect();
        let mut known: HashMap<FileId, Node> = HashMap::new();
        for _ in 0..MAX_DEPTH {
            wanted.retain(|file| !file.is_root() && !known.contains_key(file));
            if wanted.is_empty() {
                break;
            }
            let found = self.store.nodes(space, wanted.drain()).await?;
            wanted.extend(found.values().map(|node| node.parent.clone()));
            known.extend(found);
        }
        Ok(known)
    }
}

impl Draft {
    /// Notes what others did after the member subscribed.
    fn hear(&mut self, entry: &JournalEntry) {
        if entry.user == self.row.user || entry.seq <= self.member.mail_after {
            return;
        }
        let known = self.people.iter().position(|told| told.user == entry.user);
        let at = known.unwrap_or_else(|| {
            let user = entry.user.clone();
            self.people.push(Told { user, changes: Vec::new(), more: 0 });
            self.people.len() - 1
        });
        let told = &mut self.people[at];
        let room = MAX_LINES - told.changes.len();
        told.changes.extend(entry.changes.iter().take(room).cloned());
        told.more += entry.changes.len().saturating_sub(room);
    }
}

impl About {
    fn subscriber(&self, user: &UserId) -> Option<&MemberRow> {
        self.members.get(user).filter(|member| member.mail == MailMode::Digest)
    }

    fn digest(&self, draft: &Draft, directories: &HashMap<FileId, Node>) -> Option<Digest> {
        if draft.people.is_empty() {
            return None;
        }
        let (row, member) = (&draft.row, &draft.member);
        let people = draft.people.iter().map(|told| PersonChanges {
            login: self.members.get(&told.user).map(|member| member.login.clone()),
            changes: told.changes.iter().map(|change| line(change, directories)).collect(),
            more: told.more,
        });
        Some(Digest {
            to: User { id: row.user.clone(), login: member.login.clone() },
            space: row.space.clone(),
            space_name: self.space.as_ref()?.name.clone(),
            first_seq: row.from,
            last_seq: row.to,
            people: people.collect(),
            unsubscribe: member.unsubscribe.clone(),
            row: row.clone(),
        })
    }
}

fn line(change: &Change, directories: &HashMap<FileId, Node>) -> ChangeLine {
    let up = |file: &&FileId| directories.get(*file).map(|node| &node.parent);
    let parents = std::iter::successors(Some(&change.parent), up).take(MAX_DEPTH);
    let names = parents.filter_map(|file| directories.get(file)).map(|node| &node.name);
    let mut names: Vec<EntryName> = names.cloned().collect();
    names.reverse();
    names.push(change.name.clone());
    ChangeLine {
        action: change.action,
        kind: change.kind,
        path: names.into_iter().collect::<SpacePath>(),
    }
}
