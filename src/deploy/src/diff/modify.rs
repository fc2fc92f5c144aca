//! What changes about a resource that both templates have.

use std::collections::BTreeMap;

use serde_json::Value;

use super::RENAMED;
use super::boot::by_setting;
use super::compare::{Difference, compare, is_same};
use super::effective::{Effective, Resource};
use super::intrinsic::{function, references};
use super::launch_template::Renamed;
use super::path::{Path, Step};
use super::policy::{on_removal, on_replacement};
use super::show::shown;
use crate::plan::{Change, ChangeAction, Harm, PropertyChange, Replacement};
use crate::schemas;

/// Parts of a resource that CloudFormation acts on.
pub(super) const ATTRIBUTES: [&str; 6] = [
    "CreationPolicy",
    "DeletionPolicy",
    "Metadata",
    "Properties",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// Two states of a stack, side by side.
pub(super) struct Comparison<'a> {
    pub(super) old: &'a Effective,
    pub(super) new: &'a Effective,
    physical_ids: &'a BTreeMap<String, String>,
    renamed: Option<&'a Renamed>,
}

/// A change of a property, with its place.
pub(super) struct Located {
    pub(super) path: Path,
    pub(super) change: PropertyChange,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        old: &'a Effective,
        new: &'a Effective,
        physical_ids: &'a BTreeMap<String, String>,
        renamed: Option<&'a Renamed>,
    ) -> Self {
        Self { old, new, physical_ids, renamed }
    }

    pub(super) fn removed(&self, id: &str) -> Change {
        let policy = self.old.get(id).map(|resource| on_removal(&resource.resolved));
        Change {
            logical_id: id.to_owned(),
            physical_id: self.physical_ids.get(id).cloned(),
            resource_type: self.old.resource_type(id).to_owned(),
            action: ChangeAction::Remove,
            replacement: Replacement::Never,
            policy,
            harm: Harm::Safe,
            effects: Vec::new(),
            properties: Vec::new(),
        }
    }

    /// What differs in the templates themselves.
    pub(super) fn located(&self, id: &str) -> Vec<Located> {
        let (Some(old), Some(new)) = (self.old.get(id), self.new.get(id)) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for attribute in ATTRIBUTES {
            let path = Path::default().name(attribute);
            compare(&path, old.resolved.get(attribute), new.resolved.get(attribute), &mut found);
        }
        let renamed = self.renamed.filter(|renamed| renamed.new == id);
        let marker = renamed.map(marker).into_iter().chain(retyped(old, new));
        let found = found.into_iter().flat_map(by_setting);
        let properties = found.map(|difference| {
            let recreation = match renamed {
                Some(_) => Replacement::Always,
                None => judged(new, &difference),
            };
            self.property(difference, recreation, old, new)
        });
        marker.chain(properties).collect()
    }

    /// The change that these properties make; `None` without any.
    pub(super) fn modified(&self, id: &str, properties: Vec<Located>) -> Option<Change> {
        let (old, new) = (self.old.get(id)?, self.new.get(id)?);
        let replacement = replacement(&properties)?;
        let policy = (replacement != Replacement::Never)
            .then(|| on_replacement(&old.resolved, &new.resolved));
        Some(Change {
            logical_id: id.to_owned(),
            physical_id: self.physical_ids.get(id).cloned(),
            resource_type: new.resource_type.clone(),
            action: ChangeAction::Modify,
            replacement,
            policy,
            harm: Harm::Safe,
            effects: Vec::new(),
            properties: properties.into_iter().map(|located| located.change).collect(),
        })
    }

    /// Ids in the world, by logical id, but for resources that get another one.
    pub(super) fn known<'b>(&'b self, replaced: &[&str]) -> BTreeMap<&'b str, &'b str> {
        let ids = self.physical_ids.iter().map(|(id, physical)| (id.as_str(), physical.as_str()));
        ids.filter(|(id, _)| !replaced.contains(id)).collect()
    }

    fn property(
        &self,
        difference: Difference,
        recreation: Replacement,
        old: &Resource,
        new: &Resource,
    ) -> Located {
        let known = self.known(&[]);
        let change = PropertyChange {
            path: difference.path.to_string(),
            before: difference.before.map(|value| shown(&value, &known)),
            after: difference.after.map(|value| shown(&value, &known)),
            recreation,
            cause: self.cause(&difference.path, old, new),
            line: None,
            is_echo: false,
        };
        Located { path: difference.path, change }
    }

    /// The parameters behind a change, where the templates say the same.
    fn cause(&self, path: &Path, old: &Resource, new: &Resource) -> Option<String> {
        let (old, new) = (path.nearest(&old.written), path.nearest(&new.written));
        let changed = |name: &String| {
            let values = (self.old.parameter(name), self.new.parameter(name));
            matches!(values, (Some(old), Some(new)) if !is_same(old, new))
        };
        // A function stands for all that it gives; of what is inside only its own parameter is a cause.
        let is_inside = matches!(path.steps().last(), Some(Step::Item("Name", _)));
        let fits = |name: &String| !is_inside || path.to_string().contains(&name.to_uppercase());
        let names: Vec<String> = references(new).into_iter().filter(changed).filter(fits).collect();
        (is_same(old, new) && !names.is_empty()).then(|| names.join(", "))
    }
}

/// The strongest of all; `None` where nothing changes.
pub(super) fn replacement(properties: &[Located]) -> Option<Replacement> {
    properties.iter().map(|located| located.change.recreation).max()
}

/// Whether such a difference replaces the resource.
fn judged(new: &Resource, difference: &Difference) -> Replacement {
    let path = difference.path.in_schema();
    path.map_or(Replacement::Never, |path| {
        let values = [difference.before.as_ref(), difference.after.as_ref()];
        judged_below(new, &path, values)
    })
}

/// An object that comes or goes as a whole counts by what is in it.
fn judged_below(new: &Resource, path: &[&str], values: [Option<&Value>; 2]) -> Replacement {
    let inside = match values {
        [Some(value), None] | [None, Some(value)] if function(value).is_none() => value.as_object(),
        _ => None,
    };
    match inside.filter(|map| !map.is_empty()) {
        None => schemas::replacement(&new.resource_type, path, &new.resolved),
        Some(map) => {
            let judged = map.iter().map(|(key, value)| {
                let path: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
                judged_below(new, &path, [Some(value), None])
            });
            judged.max().unwrap_or(Replacement::Never)
        }
    }
}

/// Judges a place rather than a difference.
pub(super) fn judged_at(new: &Resource, path: &Path) -> Replacement {
    let path = path.in_schema();
    path.map_or(Replacement::Never, |path| {
        schemas::replacement(&new.resource_type, &path, &new.resolved)
    })
}

fn marker(renamed: &Renamed) -> Located {
    always(RENAMED, &renamed.old, &renamed.new)
}

/// CloudFormation refuses another type under the same id; the plan says it first.
fn retyped(old: &Resource, new: &Resource) -> Option<Located> {
    (old.resource_type != new.resource_type)
        .then(|| always("Type", &old.resource_type, &new.resource_type))
}

fn always(name: &str, before: &str, after: &str) -> Located {
    let change = PropertyChange {
        path: name.to_owned(),
        before: Some(before.into()),
        after: Some(after.into()),
        recreation: Replacement::Always,
        cause: None,
        line: None,
        is_echo: false,
    };
    Located { path: Path::default().name(name), change }
}
