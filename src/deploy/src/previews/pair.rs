//! Stacks by the deployment that their names belong to.

use std::collections::BTreeMap;

use cloud::{StackStatus, StackSummary};
use stack::StackKind;

use super::mark::claims;

/// What stands under `NAME` and `NAME-data`, whoever made it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// The deployment's name, if it is one.
    pub name: String,
    /// The stack called `NAME-data`.
    pub data: Option<StackSummary>,
    /// The stack called `NAME`.
    pub app: Option<StackSummary>,
}

impl Pair {
    /// What there is of the two, data first.
    pub fn stacks(&self) -> impl Iterator<Item = (StackKind, &StackSummary)> {
        let data = self.data.iter().map(|stack| (StackKind::Data, stack));
        data.chain(self.app.iter().map(|stack| (StackKind::App, stack)))
    }
}

/// The pairs of which at least one stack has a tag of ours, sorted by name. The other one comes along even without:
/// whoever decides about a name has to know everything that stands under it.
#[must_use]
pub fn pairs(stacks: Vec<StackSummary>) -> Vec<Pair> {
    let mut found: BTreeMap<String, Pair> = BTreeMap::new();
    for stack in stacks.into_iter().filter(|it| it.status != StackStatus::new("DELETE_COMPLETE")) {
        let (name, is_data) = match stack.name.strip_suffix("-data") {
            Some(name) => (name.to_owned(), true),
            None => (stack.name.clone(), false),
        };
        let pair = found.entry(name.clone()).or_insert(Pair { name, ..Pair::default() });
        if is_data {
            pair.data = Some(stack);
        } else {
            pair.app = Some(stack);
        }
    }
    let ours = |pair: &Pair| pair.stacks().any(|(_, stack)| claims(stack));
    found.into_values().filter(ours).collect()
}
