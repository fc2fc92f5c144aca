//! What a plan may not do yet, or not again in this run.

use std::collections::{BTreeSet, HashMap};

use protocol::id::FileId;
use protocol::name::SpacePath;

use crate::plan::{Action, Reason};
use crate::tree::Synced;

/// How often one path's content is brought before the next run has to.
const MOST_ATTEMPTS: u32 = 3;

const STILL_CHANGING: &str = "it is still changing; the rest is left for the next run";
const NOT_TAKEN: &str = "the space did not take it; it is left for the next run";

/// A scan takes time, and a file that moves from a place not yet looked at to one already passed
/// is missed by it. So nothing is concluded from an absence before the next scan saw it as well;
/// a file that this one finds under another name has moved.
///
/// A file that somebody writes to all the time is different in every round. One send and one
/// conflict copy are enough for one run. Where somebody brings new files all the time, those that
/// come late are the next run's.
#[derive(Default)]
pub(super) struct Caution {
    /// What the plan before this one took for removed.
    absent: BTreeSet<FileId>,
    attempts: HashMap<SpacePath, u32>,
    /// Files that are not sent any more, with the reason why.
    sent: HashMap<SpacePath, String>,
    set_aside: BTreeSet<SpacePath>,
    /// What was here when it became late.
    in_time: Option<BTreeSet<SpacePath>>,
}

/// What was taken out of a plan.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// Whether anything rests on an absence seen for the first time: then there has to be another
    /// round.
    pub(super) look_again: bool,
    /// Files that wait for the next run, with the reason why.
    pub(super) left: Vec<(SpacePath, String)>,
}

impl Caution {
    /// Content of this path was brought, whether or not the space takes it.
    pub(super) fn tried(&mut self, path: &SpacePath) {
        let attempts = self.attempts.entry(path.clone()).or_default();
        *attempts += 1;
        if *attempts >= MOST_ATTEMPTS {
            self.sent.insert(path.clone(), NOT_TAKEN.to_owned());
        }
    }

    pub(super) fn sent(&mut self, path: &SpacePath) {
        self.sent.insert(path.clone(), STILL_CHANGING.to_owned());
    }

    /// It is of no use to bring it once more.
    pub(super) fn refused(&mut self, path: &SpacePath, reason: &str) {
        self.sent.insert(path.clone(), reason.to_owned());
    }

    pub(super) fn set_aside(&mut self, path: &SpacePath) {
        self.set_aside.insert(path.clone());
    }

    /// Whatever comes after these is too late for this run.
    pub(super) fn close<'a>(&mut self, paths: impl Iterator<Item = &'a SpacePath>) {
        self.in_time = Some(paths.cloned().collect());
    }

    pub(super) fn admit(&mut self, actions: &mut Vec<Action>, synced: &Synced) -> Held {
        let mut held = Held::default();
        actions.retain(|action| !self.is_late(action));
        actions.retain(|action| match self.is_enough(action) {
            None => true,
            Some((path, reason)) => {
                held.left.push((path.clone(), reason.to_owned()));
                false
            }
        });
        held.look_again = self.hold_absent(actions, synced);
        held
    }

    fn is_late(&self, action: &Action) -> bool {
        let (Action::SendNew { path, .. } | Action::MakeThere { path }) = action else {
            return false;
        };
        self.in_time.as_ref().is_some_and(|paths| !paths.contains(path))
    }

    /// The file that had its share of this run, and why no more is done.
    fn is_enough<'a>(&'a self, action: &'a Action) -> Option<(&'a SpacePath, &'a str)> {
        match action {
            Action::SendNew { path, .. } | Action::SendEdit { path, .. } => {
                Some((path, self.sent.get(path)?.as_str()))
            }
            Action::SetAside { from, reason: Reason::Conflict, .. } => {
                self.set_aside.contains(from).then_some((from, STILL_CHANGING))
            }
            _ => None,
        }
    }

    /// Whether the plan rests on an absence that only this scan saw; the next one is asked first.
    pub(super) fn is_first_sight(&mut self, actions: &[Action], synced: &Synced) -> bool {
        self.hold_absent(&mut actions.to_vec(), synced)
    }

    fn hold_absent(&mut self, actions: &mut Vec<Action>, synced: &Synced) -> bool {
        let absent = actions.iter().filter_map(|action| taken_for_absent(action, synced));
        let before = std::mem::replace(&mut self.absent, absent.cloned().collect());
        let planned = actions.len();
        actions
            .retain(|action| taken_for_absent(action, synced).is_none_or(|id| before.contains(id)));
        actions.len() < planned
    }
}

/// The remembered node whose absence here the action rests on.
fn taken_for_absent<'a>(action: &'a Action, synced: &Synced) -> Option<&'a FileId> {
    match action {
        // Of those, some do not rest on it; they lose nothing but a round.
        Action::RemoveThere { id, .. } | Action::Forget { id } => Some(id),
        Action::Fetch { id, replaces: None, .. } | Action::MakeHere { id, .. } => {
            synced.contains_key(id).then_some(id)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use protocol::file::NodeKind;

    use super::*;

    fn remove(number: u128) -> Action {
        Action::RemoveThere { id: FileId::from_random(number), base: 1, kind: NodeKind::File }
    }

    #[test]
    fn what_is_absent_twice_in_a_row_is_gone() {
        let mut caution = Caution::default();
        let synced = Synced::new();
        let mut first = vec![remove(1), remove(2)];
        assert!(caution.admit(&mut first, &synced).look_again);
        assert!(first.is_empty());
        let mut second = vec![remove(2), remove(3)];
        assert!(caution.admit(&mut second, &synced).look_again);
        assert_eq!(second, [remove(2)]);
        let mut third = vec![remove(1), remove(3)];
        assert!(caution.admit(&mut third, &synced).look_again, "1 was there in between");
        assert_eq!(third, [remove(3)]);
    }

    #[test]
    fn what_was_never_here_is_fetched_at_once() {
        let path: protocol::name::SpacePath = "/a".parse().unwrap();
        let id = FileId::from_random(1);
        let mut actions = vec![Action::Fetch { id, path, replaces: None }];
        assert_eq!(Caution::default().admit(&mut actions, &Synced::new()), Held::default());
        assert_eq!(actions.len(), 1);
    }

    #[test]
    fn a_file_has_one_send_and_one_conflict_copy() {
        let path: SpacePath = "/log".parse().unwrap();
        let hash = protocol::hash::ContentHash::of(b"1");
        let send = Action::SendNew { path: path.clone(), hash };
        let copy: SpacePath = "/copy".parse().unwrap();
        let aside = |reason| Action::SetAside { from: path.clone(), to: copy.clone(), reason };
        let mut caution = Caution::default();
        let admitted = |caution: &mut Caution, action: &Action| {
            let mut actions = vec![action.clone()];
            let held = caution.admit(&mut actions, &Synced::new());
            assert_eq!(held.left.is_empty(), actions.len() == 1);
            actions.len() == 1
        };
        caution.tried(&path);
        assert!(admitted(&mut caution, &send), "what was refused is brought again");
        caution.sent(&path);
        assert!(!admitted(&mut caution, &send));
        assert!(admitted(&mut caution, &aside(Reason::Conflict)));
        caution.set_aside(&path);
        assert!(!admitted(&mut caution, &aside(Reason::Conflict)));
        assert!(admitted(&mut caution, &aside(Reason::SameName)));
    }
}
