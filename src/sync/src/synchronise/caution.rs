//! What a plan may not do yet: acting on an absence that only one scan saw.

use std::collections::BTreeSet;

use protocol::id::FileId;

use crate::plan::Action;
use crate::tree::Synced;

/// A scan takes time, and a file that moves from a place not yet looked at to one already passed
/// is missed by it. So nothing is concluded from an absence before the next scan saw it as well;
/// a file that this one finds under another name has moved.
#[derive(Default)]
pub(super) struct Caution {
    /// What the plan before this one took for removed.
    absent: BTreeSet<FileId>,
}

impl Caution {
    /// Takes out what rests on an absence seen for the first time, and tells whether there was
    /// any: then there has to be another round.
    pub(super) fn admit(&mut self, actions: &mut Vec<Action>, synced: &Synced) -> bool {
        let absent = actions.iter().filter_map(|action| taken_for_absent(action, synced));
        let before = std::mem::replace(&mut self.absent, absent.cloned().collect());
        let planned = actions.len();
        actions.retain(|action| {
            taken_for_absent(action, synced).is_none_or(|id| before.contains(id))
        });
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
        assert!(caution.admit(&mut first, &synced));
        assert!(first.is_empty());
        let mut second = vec![remove(2), remove(3)];
        assert!(caution.admit(&mut second, &synced));
        assert_eq!(second, [remove(2)]);
        let mut third = vec![remove(1), remove(3)];
        assert!(caution.admit(&mut third, &synced), "1 was there in between");
        assert_eq!(third, [remove(3)]);
    }

    #[test]
    fn what_was_never_here_is_fetched_at_once() {
        let path: protocol::name::SpacePath = "/a".parse().unwrap();
        let id = FileId::from_random(1);
        let mut actions = vec![Action::Fetch { id, path, replaces: None }];
        assert!(!Caution::default().admit(&mut actions, &Synced::new()));
        assert_eq!(actions.len(), 1);
    }
}
