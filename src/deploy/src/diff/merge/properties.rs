//! The properties of a change, with values from the change set or else from the local plan.

use cloud::{ChangeDetail, ResourceChange};
use serde_json::Value;

use super::detail::{is_tag, later, property};
use super::staying::Staying;
use crate::diff::effective::Effective;
use crate::diff::intrinsic::references;
use crate::plan::PropertyChange;

pub(super) struct Properties<'a> {
    pub(super) change: &'a ResourceChange,
    pub(super) staying: &'a Staying<'a>,
    pub(super) after: &'a Effective,
    pub(super) merged: Vec<PropertyChange>,
}

impl Properties<'_> {
    /// What the change set names, or what the local plan does where the change set names nothing.
    pub(super) fn collect(&mut self, local: &[PropertyChange]) {
        let has_tags = local.iter().any(|it| it.path.starts_with("Properties.Tags"));
        let details = self.change.details.iter().filter(|detail| has_tags || !is_tag(detail));
        for detail in details {
            for property in self.values(detail, local) {
                // A property has one detail for each reason.
                match self.merged.iter_mut().find(|it| it.path == property.path) {
                    Some(same) => complete(same, property),
                    None => self.merged.push(property),
                }
            }
        }
        if self.merged.is_empty() {
            self.merged = local.to_vec();
        }
        self.merged.sort_by(|one, other| one.path.cmp(&other.path));
    }

    /// What a detail says, in the words of the local plan where that is finer or knows more.
    fn values(&self, detail: &ChangeDetail, local: &[PropertyChange]) -> Vec<PropertyChange> {
        let mut said = property(detail);
        said.is_echo = self.staying.is_echo(self.change, detail);
        let below: Vec<&PropertyChange> =
            local.iter().filter(|it| is_within(&it.path, &said.path)).collect();
        let knows_more = later(detail).is_some() && !below.iter().any(|it| is_open(it));
        if below.is_empty() || !(is_vague(&said) || knows_more) {
            said.cause = self.cause(&said);
            if said.after.is_none() && said.cause.is_none() {
                said.after = later(detail);
            }
            return vec![said];
        }
        let known_before =
            |property: &PropertyChange| said.before.clone().filter(|_| property.path == said.path);
        let with = |property: &PropertyChange| PropertyChange {
            recreation: said.recreation,
            before: property.before.clone().or_else(|| known_before(property)),
            ..property.clone()
        };
        below.into_iter().map(with).collect()
    }

    /// The one resource that the template names at this place. A change set gives every reason for every item of a
    /// list.
    fn cause(&self, said: &PropertyChange) -> Option<String> {
        let cause = said.cause.clone();
        let resource = self.after.get(&self.change.logical_id).map(|it| &it.resolved);
        let Some(value) = resource.and_then(|resource| at(resource, &said.path)) else {
            return cause;
        };
        let named: Vec<String> =
            references(value).into_iter().filter(|id| self.after.has(id)).collect();
        match named.as_slice() {
            [one] if said.after.is_none() => {
                let is_same = |cause: &String| cause.split('.').next() == Some(one);
                cause.filter(is_same).or_else(|| Some(one.clone()))
            }
            _ => cause,
        }
    }
}

/// Whether the change set gives no values, or nothing smaller than an object or a list.
fn is_vague(said: &PropertyChange) -> bool {
    let is_whole = |value: &Value| value.is_object() || value.is_array();
    [&said.before, &said.after].into_iter().flatten().all(is_whole)
}

/// Whether the local plan has a reference where a value should be.
fn is_open(local: &PropertyChange) -> bool {
    local.after.as_ref().is_some_and(|value| value.to_string().contains("${"))
}

fn is_within(path: &str, whole: &str) -> bool {
    let rest = path.strip_prefix(whole);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The value at `Properties.A[0].B`.
fn at<'v>(resource: &'v Value, path: &str) -> Option<&'v Value> {
    let steps = path.split(['.', '[']).map(|step| step.trim_end_matches(']'));
    steps.into_iter().try_fold(resource, |value, step| match step.parse::<usize>() {
        Ok(index) => value.get(index),
        Err(_) => value.get(step),
    })
}

fn complete(property: &mut PropertyChange, other: PropertyChange) {
    property.before = property.before.take().or(other.before);
    property.after = property.after.take().or(other.after);
    property.cause = property.cause.take().or(other.cause);
    property.recreation = property.recreation.max(other.recreation);
    property.is_echo &= other.is_echo;
}
