//! What holds for any two stacks.

use std::collections::BTreeSet;

use deploy::diff::{Deployed, diff, tags};
use deploy::plan::{ChangeAction, Replacement};
use proptest::prelude::*;
use serde_json::Value;
use stack::{Rendered, Stack};

use crate::blueprints::{changes, generated, physical_ids};

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn nothing_leads_from_a_stack_to_itself(seed in 0..10_000_u64) {
        for stack in both(generated(seed)) {
            prop_assert_eq!(changes(&stack, &stack), []);
        }
    }

    #[test]
    fn everything_that_comes_or_goes_is_reported(one in 0..10_000_u64, other in 0..10_000_u64) {
        for (before, after) in both(generated(one)).into_iter().zip(both(generated(other))) {
            let (old, new) = (ids(&before), ids(&after));
            let found = changes(&before, &after);
            let with = |action: ChangeAction| -> BTreeSet<String> {
                let such = found.iter().filter(|change| change.action == action);
                such.map(|change| change.logical_id.clone()).collect()
            };
            // The launch template goes and comes, and is one change.
            let is_launch_template = |id: &&String| id.starts_with("LaunchTemplate");
            let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| -> BTreeSet<String> {
                one.difference(other).filter(|id| !is_launch_template(id)).cloned().collect()
            };
            prop_assert_eq!(with(ChangeAction::Remove), only(&old, &new));
            prop_assert_eq!(with(ChangeAction::Add), only(&new, &old));
            let modified = with(ChangeAction::Modify);
            prop_assert!(modified.is_subset(&new));
            let launch_templates: Vec<&String> = modified.iter().filter(is_launch_template).collect();
            prop_assert_eq!(launch_templates.len(), usize::from(old.intersection(&new).all(|id| !is_launch_template(&id)) && old.iter().any(|id| is_launch_template(&id))));
        }
    }

    #[test]
    fn the_order_of_keys_and_the_day_make_no_difference(one in 0..10_000_u64, other in 0..10_000_u64) {
        for (before, after) in both(generated(one)).into_iter().zip(both(generated(other))) {
            let ids = physical_ids(&before);
            let read = |text: &str| {
                let deployed = Deployed {
                    template: text,
                    parameters: &before.parameters,
                    physical_ids: &ids,
                };
                diff(Some(deployed), &after).unwrap()
            };
            let straight = read(&before.template.to_text());
            prop_assert_eq!(&straight, &read(&before.template.to_text()));
            prop_assert_eq!(&straight, &read(&backwards(before.template.as_json())));
        }
    }

    #[test]
    fn a_change_has_a_property_or_is_the_whole_resource(one in 0..10_000_u64, other in 0..10_000_u64) {
        for (before, after) in both(generated(one)).into_iter().zip(both(generated(other))) {
            for change in changes(&before, &after) {
                let is_modify = change.action == ChangeAction::Modify;
                prop_assert_eq!(change.properties.is_empty(), !is_modify, "{:?}", &change);
                let strongest = change.properties.iter().map(|it| it.recreation).max();
                prop_assert_eq!(change.replacement, strongest.unwrap_or(Replacement::Never));
                let goes = !matches!(change.action, ChangeAction::Add)
                    && (!is_modify || change.replacement != Replacement::Never);
                prop_assert_eq!(change.policy.is_some(), goes);
                let paths: BTreeSet<&String> = change.properties.iter().map(|it| &it.path).collect();
                prop_assert_eq!(paths.len(), change.properties.len());
                for property in &change.properties {
                    prop_assert!(property.before != property.after || property.cause.is_some(), "{:?}", property);
                    let length = property.after.as_ref().map_or(0, |value| value.to_string().len());
                    prop_assert!(length < 2_000, "{} is a wall of text", property.path);
                }
            }
        }
    }
}

#[test]
fn a_stack_that_is_not_there_is_all_new() {
    for stack in both(generated(7)) {
        let found = diff(None, &stack).unwrap();
        assert_eq!(found.len(), stack.template.resources().len());
        assert!(found.iter().all(|change| change.action == ChangeAction::Add));
    }
}

#[test]
fn what_the_stack_does_not_hold_is_made() {
    let stack = generated(7).data;
    let mut ids = physical_ids(&stack);
    ids.remove("ContentPolicy");
    let text = stack.template.to_text();
    let deployed = Deployed { template: &text, parameters: &stack.parameters, physical_ids: &ids };
    let found = diff(Some(deployed), &stack).unwrap();
    let found: Vec<_> = found.iter().map(|it| (it.logical_id.as_str(), it.action)).collect();
    assert_eq!(found, [("ContentPolicy", ChangeAction::Add)]);
}

#[test]
fn somebody_elses_template_is_an_error() {
    let stack = generated(7).data;
    let (parameters, physical_ids) = (&stack.parameters, &physical_ids(&stack));
    let deployed = Deployed { template: "Resources:\n  A: 1\n", parameters, physical_ids };
    let error = diff(Some(deployed), &stack).unwrap_err();
    assert!(error.to_string().contains("not JSON"), "{error}");
}

#[test]
fn tags_come_change_and_go() {
    let values = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let found = tags(
        &values(&[("a", "1"), ("b", "1"), ("c", "1")]),
        &values(&[("b", "2"), ("c", "1"), ("d", "1")]),
    );
    let found: Vec<_> = found
        .iter()
        .map(|tag| (tag.key.as_str(), tag.before.as_deref(), tag.after.as_deref()))
        .collect();
    assert_eq!(
        found,
        [("a", Some("1"), None), ("b", Some("1"), Some("2")), ("d", None, Some("1"))]
    );
}

fn both(rendered: Rendered) -> [Stack; 2] {
    [rendered.data, rendered.app]
}

fn ids(stack: &Stack) -> BTreeSet<String> {
    stack.template.resources().keys().cloned().collect()
}

/// The same document, every key after those that come after it.
fn backwards(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_by(|one, other| other.cmp(one));
            let entries = keys
                .into_iter()
                .map(|key| format!("{}:{}", Value::from(key.as_str()), backwards(&map[key])));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(backwards).collect::<Vec<_>>().join(","))
        }
        scalar => scalar.to_string(),
    }
}
