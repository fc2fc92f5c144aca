//! What CloudFormation lists although it comes to nothing.
//!
//! A change set names everything that refers to what changes, and says that it may be replaced: it is made before
//! anybody knows the values. Often they are known all the same. The id of a resource stays as long as the resource
//! does, and the templates say what becomes of a parameter. Only such values are judged here; a change with values
//! of its own, or with a cause that nobody can look through, stays what CloudFormation calls it.

use std::collections::BTreeSet;

use cloud::{ChangeDetail, ResourceChange};

use super::detail::{KNOWN_LATER, is_tag, property_name};
use crate::diff::effective::Effective;
use crate::plan::{Change, ChangeAction, Replacement, holds_data};
use crate::schemas;

/// Attributes that a resource has for as long as it is there. `LatestVersionNumber` is none of them.
const STEADY: [&str; 7] = [
    "Arn",
    "CanonicalHostedZoneID",
    "DNSName",
    "GroupId",
    "LoadBalancerFullName",
    "LoadBalancerName",
    "TargetGroupFullName",
];

/// A change set beside what the templates say about it.
pub(super) struct Staying<'a> {
    local: &'a [Change],
    after: &'a Effective,
    /// Resources of which nobody can say that they keep their id.
    unsettled: BTreeSet<&'a str>,
}

impl<'a> Staying<'a> {
    pub(super) fn new(
        changes: &'a [ResourceChange],
        local: &'a [Change],
        after: &'a Effective,
    ) -> Self {
        let is_open = |change: &&ResourceChange| {
            change.action != ChangeAction::Modify || change.replacement != Replacement::Never
        };
        let ids = |change: &'a ResourceChange| change.logical_id.as_str();
        let unsettled = changes.iter().filter(is_open).map(ids).collect();
        let mut found = Self { local, after, unsettled };
        // What stays lets others stay, so this goes on until nothing is added.
        loop {
            let settled: Vec<&str> = changes
                .iter()
                .filter(|change| found.unsettled.contains(ids(change)) && found.is_harmless(change))
                .map(ids)
                .collect();
            if settled.is_empty() {
                return found;
            }
            found.unsettled.retain(|id| !settled.contains(id));
        }
    }

    /// Whether a resource keeps its id.
    pub(super) fn stays(&self, change: &ResourceChange) -> bool {
        !self.unsettled.contains(change.logical_id.as_str())
    }

    /// Whether a detail refers to something that changes, and comes to the value that is there.
    pub(super) fn is_echo(&self, change: &ResourceChange, detail: &ChangeDetail) -> bool {
        let has_values = match (&detail.before, &detail.after) {
            (Some(before), Some(after)) => before != after && !after.contains(KNOWN_LATER),
            (None, Some(after)) => !after.contains(KNOWN_LATER),
            _ => false,
        };
        let cause = detail.cause.as_deref();
        // What CloudFormation cannot tell at all nobody else can.
        change.action == ChangeAction::Modify
            && !is_tag(detail)
            && !has_values
            && !self.is_said_by_templates(change, detail)
            && cause.is_some_and(|cause| self.is_steady(cause))
    }

    fn is_harmless(&self, change: &ResourceChange) -> bool {
        let local = self.local_of(change);
        let stays = local.is_some_and(|local| local.replacement == Replacement::Never);
        let is_decided = |detail: &ChangeDetail| {
            stays
                && change.replacement == Replacement::Conditional
                && property_name(detail)
                    .is_some_and(|name| schemas::is_decided(&change.resource_type, name))
        };
        let mut open =
            change.details.iter().filter(|it| it.recreation != Replacement::Never).peekable();
        // Where data hangs on it, CloudFormation's word stands.
        change.action == ChangeAction::Modify
            && !holds_data(&change.resource_type)
            && (local.is_none() || stays)
            && open.peek().is_some()
            && open.all(|detail| is_decided(detail) || self.is_echo(change, detail))
    }

    /// Whether the templates differ there, or anywhere in the same property: then it is no mere reference.
    fn is_said_by_templates(&self, change: &ResourceChange, detail: &ChangeDetail) -> bool {
        let place = match property_name(detail) {
            Some(name) => format!("Properties.{name}"),
            None => detail.attribute.clone(),
        };
        let paths = self.local_of(change).into_iter().flat_map(|local| &local.properties);
        let mut paths = paths.map(|property| property.path.as_str());
        paths.any(|path| {
            path.strip_prefix(&place)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// Whether what a detail names as its cause has the same value afterwards.
    fn is_steady(&self, cause: &str) -> bool {
        let (id, attribute) = match cause.split_once('.') {
            Some((id, attribute)) => (id, Some(attribute)),
            None => (cause, None),
        };
        if self.after.has(id) {
            let is_known = attribute.is_none_or(|attribute| STEADY.contains(&attribute));
            return is_known && !self.unsettled.contains(id);
        }
        // The templates were compared with its values, unless there was nothing to compare.
        attribute.is_none() && self.after.parameter(id).is_some() && !self.local.is_empty()
    }

    fn local_of(&self, change: &ResourceChange) -> Option<&'a Change> {
        self.local.iter().find(|local| local.logical_id == change.logical_id)
    }
}
