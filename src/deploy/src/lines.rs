//! Which key of the blueprint is behind a property of a template.

mod table;
#[cfg(test)]
mod tests;

use blueprint::{Origin, Resolved};
use serde_json::Value;

use crate::plan::{Change, PropertyChange, TagChange};
use table::{PARAMETERS, PROPERTIES, RESOURCES};

/// The key behind a property: `servers.min` behind the group's `MinSize`. Paths may begin with `Properties.`; list
/// positions (`Rules[0]`, `Rules.0`) do not count. An empty type fits every resource of that id. `None` where the
/// blueprint says nothing about it.
#[must_use]
pub fn line_of(resource_type: &str, logical_id: &str, property_path: &str) -> Option<&'static str> {
    let path = plain(property_path);
    let id = pattern(logical_id);
    let of_resource = PROPERTIES.iter().filter(|row| {
        row.id == id && (resource_type.is_empty() || row.resource_type == resource_type)
    });
    // The longest path wins: `UpdatePolicy` as a whole is less than what is in it.
    let fits = of_resource.filter(|row| is_within(&path, row.path) || is_within(row.path, &path));
    let best = fits.max_by_key(|row| (is_within(&path, row.path), row.path.len()))?;
    // A whole that several keys are in belongs to none of them.
    let is_whole = !is_within(&path, best.path);
    let inside = PROPERTIES.iter().filter(|row| row.id == id && is_within(row.path, &path));
    let is_shared = is_whole && inside.clone().any(|row| row.key != best.key);
    (!is_shared).then_some(best.key)
}

/// The key that decides whether and how a resource is there at all; `None` where several or none do.
#[must_use]
pub fn key_of(logical_id: &str) -> Option<&'static str> {
    let id = pattern(logical_id);
    RESOURCES.iter().find(|(resource, _)| *resource == id).map(|(_, key)| *key)
}

/// `syncctl.yaml:12 servers.min`; the key alone where it has its default.
#[must_use]
pub fn written(resolved: &Resolved, key: &str) -> String {
    match resolved.origin(key) {
        None | Some(Origin::Default) => key.to_owned(),
        // `--set servers.min` names the key already.
        Some(Origin::Flag { flag }) if flag.ends_with(key) => flag.clone(),
        Some(Origin::Flag { flag }) => format!("{flag} {key}"),
        Some(origin) => format!("{origin} {key}"),
    }
}

/// [`written`] for a key that exists on this target; `None` for any other.
#[must_use]
pub fn of_key(resolved: &Resolved, key: &str) -> Option<String> {
    resolved.origin(key).map(|_| written(resolved, key))
}

/// Gives each property of a change its line, where the blueprint has one.
pub fn attach(change: &mut Change, resolved: &Resolved) {
    let (kind, id) = (&change.resource_type, &change.logical_id);
    let is_open = |property: &&mut PropertyChange| {
        property.line.is_none() && !follows(property.cause.as_deref())
    };
    for property in change.properties.iter_mut().filter(is_open) {
        let tag = property.path.split_once(".Tags[").map(|(_, tag)| tag.trim_end_matches(']'));
        let tag = tag.and_then(|tag| of_key(resolved, &format!("tags.{tag}")));
        property.line = match network(property) {
            Some(key) => of_key(resolved, key),
            None => tag.or_else(|| line(resolved, kind, id, &property.path)),
        };
    }
}

/// Gives each tag its line, where the blueprint has one.
#[must_use]
pub fn of_tags(tags: Vec<TagChange>, resolved: &Resolved) -> Vec<TagChange> {
    let with_line = |tag: TagChange| {
        let line = of_key(resolved, &format!("tags.{}", tag.key));
        TagChange { line, ..tag }
    };
    tags.into_iter().map(with_line).collect()
}

/// Whether a value comes from another resource, which has the line.
fn follows(cause: Option<&str>) -> bool {
    cause.is_some_and(|cause| !cause.split(", ").all(|it| PARAMETERS.contains(&it)))
}

/// As many networks as before are other networks, and not more zones or fewer: servers have another way out, or the
/// networks other addresses.
fn network(property: &PropertyChange) -> Option<&'static str> {
    if property.path.ends_with("[SYNCD_TRUSTED_PROXIES]") {
        let number = |value: &Option<Value>| Some(value.as_ref()?.as_str()?.split(',').count());
        return (number(&property.before) == number(&property.after)).then_some("network.cidr");
    }
    let rest = property.path.strip_prefix("Properties.VPCZoneIdentifier")?;
    let number = |value: &Option<Value>| Some(value.as_ref()?.as_array()?.len());
    let is_same = !rest.is_empty() || number(&property.before) == number(&property.after);
    is_same.then_some("network.egress")
}

/// [`line_of`] and [`written`] in one.
#[must_use]
pub fn line(
    resolved: &Resolved,
    resource_type: &str,
    logical_id: &str,
    property_path: &str,
) -> Option<String> {
    line_of(resource_type, logical_id, property_path).map(|key| written(resolved, key))
}

/// Without `Properties.` and list positions.
fn plain(path: &str) -> String {
    let path = path.trim_start_matches('/').replace(['/', '['], ".").replace(']', "");
    let steps = path.split('.').filter(|step| step.parse::<usize>().is_err() && !step.is_empty());
    let steps: Vec<&str> = steps.collect();
    match steps.as_slice() {
        ["Properties", rest @ ..] => rest.join("."),
        steps => steps.join("."),
    }
}

/// A logical id with `#` for a zone's number, and without the digest of a launch template.
fn pattern(logical_id: &str) -> String {
    const LAUNCH_TEMPLATE: &str = "LaunchTemplate";
    if logical_id.starts_with(LAUNCH_TEMPLATE) {
        return LAUNCH_TEMPLATE.to_owned();
    }
    let is_numbered =
        ["PublicSubnet", "PrivateSubnet", "Dkim"].iter().any(|it| logical_id.starts_with(it));
    if !is_numbered {
        return logical_id.to_owned();
    }
    logical_id.chars().map(|it| if it.is_ascii_digit() { '#' } else { it }).collect()
}

fn is_within(path: &str, whole: &str) -> bool {
    path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
