//! What a server is told at its first boot: settings, one a line, and the script behind them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::compare::Difference;
use super::intrinsic::{as_text, function};
use super::path::Step;

/// Name of the property of the launch template that holds it.
const PROPERTY: &str = "UserData";

/// The settings that differ, each a difference of its own below the property; the difference itself where it is
/// about something else, or in the script.
pub(super) fn by_setting(difference: Difference) -> Vec<Difference> {
    let is_boot = difference.path.steps().last() == Some(&Step::Name(PROPERTY.to_owned()));
    let told = |value: &Option<Value>| value.as_ref().filter(|_| is_boot).and_then(Told::read);
    let (Some(before), Some(after)) = (told(&difference.before), told(&difference.after)) else {
        return vec![difference];
    };
    let names = before.settings.keys().chain(after.settings.keys());
    let mut names: Vec<&String> =
        names.filter(|name| before.settings.get(*name) != after.settings.get(*name)).collect();
    names.sort();
    names.dedup();
    // Where the release lies follows from its digest.
    names.retain(|name| *name != "RELEASE_KEY" || !differs(&before, &after, "RELEASE"));
    let at = |told: &Told, name: &str| told.settings.get(name).map(|it| Value::from(it.as_str()));
    let setting = |name: &String| Difference {
        path: difference.path.then(Step::Item("Name", name.clone())),
        before: at(&before, name),
        after: at(&after, name),
    };
    let mut found: Vec<Difference> = names.into_iter().map(setting).collect();
    if before.script != after.script || found.is_empty() {
        found.push(difference);
    }
    found
}

struct Told {
    settings: BTreeMap<String, String>,
    script: Vec<String>,
}

impl Told {
    /// `None` for anything that is not written as our templates write it.
    fn read(value: &Value) -> Option<Self> {
        let (_, text) = function(value).filter(|(name, _)| *name == "Fn::Base64")?;
        let lines: Vec<String> = match function(text) {
            Some(("Fn::Join", parts)) => {
                let items = parts[1].as_array()?.iter();
                items.map(|item| as_text(item).unwrap_or_else(|| item.to_string())).collect()
            }
            _ => text.as_str()?.lines().map(str::to_owned).collect(),
        };
        let mut told = Self { settings: BTreeMap::new(), script: Vec::new() };
        for line in lines {
            match setting(&line) {
                // A setting that is given twice is none of ours.
                Some((name, value)) if !told.settings.contains_key(name) => {
                    told.settings.insert(name.to_owned(), value.to_owned());
                }
                _ => told.script.push(line),
            }
        }
        Some(told)
    }
}

fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let is_name = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_';
    let is_setting = !name.is_empty() && name.bytes().all(is_name) && !value.contains('\n');
    is_setting.then(|| (name, value.trim_matches('"')))
}

fn differs(before: &Told, after: &Told, name: &str) -> bool {
    before.settings.get(name) != after.settings.get(name)
}

#[cfg(test)]
mod tests {
    use super::super::compare::Difference;
    use super::super::path::Path;
    use super::by_setting;
    use serde_json::{Value, json};

    fn difference(before: &[&str], after: &[&str]) -> Vec<(String, Option<Value>, Option<Value>)> {
        let told = |lines: &[&str]| Some(json!({"Fn::Base64": {"Fn::Join": ["\n", lines]}}));
        let path = Path::default().name("Properties").name("UserData");
        let found = by_setting(Difference { path, before: told(before), after: told(after) });
        found.into_iter().map(|it| (it.path.to_string(), it.before, it.after)).collect()
    }

    #[test]
    fn a_setting_is_told_apart_from_the_script() {
        let found = difference(
            &["#!/bin/bash", "RELEASE=1", "RELEASE_KEY=releases/1", "URL=x", "echo A=1\nexit"],
            &["#!/bin/bash", "RELEASE=2", "RELEASE_KEY=releases/2", "URL=x", "echo A=1\nexit"],
        );
        let path = "Properties.UserData[RELEASE]".to_owned();
        assert_eq!(found, [(path, Some(json!("1")), Some(json!("2")))]);
        let found = difference(&["A=1", "echo 1"], &["A=1", "B=\"2\"", "echo 2"]);
        let paths: Vec<&str> = found.iter().map(|(path, ..)| path.as_str()).collect();
        assert_eq!(paths, ["Properties.UserData[B]", "Properties.UserData"]);
        assert_eq!((&found[0].1, &found[0].2), (&None, &Some(json!("2"))));
    }
}
