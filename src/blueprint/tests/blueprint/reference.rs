//! The reference blueprint cannot fall behind the format (DP-1, DP-5).

use std::collections::BTreeMap;

/// One key of the reference: its value and the comment above it.
struct Explained {
    value: String,
    comment: String,
    active: bool,
}

fn reference() -> &'static str {
    blueprint::Preset::find("reference").unwrap().text
}

/// Reads keys with their comments, also the commented-out keys, whose `#` has no blank behind it.
fn explained() -> BTreeMap<String, Vec<Explained>> {
    let mut keys: BTreeMap<String, Vec<Explained>> = BTreeMap::new();
    let mut levels: Vec<(usize, String)> = Vec::new();
    let mut comment = String::new();
    for line in reference().lines() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            comment.clear();
            continue;
        }
        if let Some(text) = trimmed.strip_prefix("# ") {
            comment.push_str(text);
            comment.push(' ');
            continue;
        }
        if trimmed == "#" {
            continue;
        }
        let (active, key) = match trimmed.strip_prefix('#') {
            Some(rest) => (false, rest),
            None => (true, trimmed),
        };
        let indent = line.len() - trimmed.len();
        let (name, value) = key.split_once(':').unwrap_or_else(|| panic!("no key: {line}"));
        levels.retain(|(level, _)| *level < indent);
        levels.push((indent, name.to_owned()));
        let path: Vec<&str> = levels.iter().map(|(_, name)| name.as_str()).collect();
        let explained = Explained {
            value: value.trim().to_owned(),
            comment: std::mem::take(&mut comment),
            active,
        };
        keys.entry(path.join(".")).or_default().push(explained);
    }
    keys
}

/// Every key of the schema with its description and default, by dotted path; levels have no default text.
fn schema_keys(
    schema: &serde_json::Value,
    prefix: &str,
    found: &mut BTreeMap<String, serde_json::Value>,
) {
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    for (name, schema) in properties {
        let path = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        schema_keys(&schema, &path, found);
        for form in schema["anyOf"].as_array().cloned().unwrap_or_default() {
            schema_keys(&form, &path, found);
        }
        found.insert(path, schema);
    }
}

#[test]
fn every_key_is_explained_with_its_real_default() {
    let explained = explained();
    let mut keys = BTreeMap::new();
    schema_keys(&blueprint::schema(), "", &mut keys);
    assert!(keys.len() > 50, "the schema has {} keys", keys.len());
    for (path, schema) in &keys {
        let entries =
            explained.get(path).unwrap_or_else(|| panic!("`{path}` is not in reference.yaml"));
        let is_level =
            schema["properties"].is_object() || schema["additionalProperties"].is_object();
        let Some(entry) = entries.iter().find(|entry| is_level || !entry.value.is_empty()) else {
            panic!("`{path}` has no example");
        };
        // The provider's level has nothing to say that its two forms do not.
        assert!(
            entry.comment.len() > 10 || path == "identity.accounts.oidc",
            "`{path}` has no comment"
        );
        if is_level {
            continue;
        }
        let stated = entry
            .comment
            .split_once("Default: ")
            .map(|(_, rest)| rest.trim().trim_end_matches('.'));
        let description = schema["description"].as_str().unwrap();
        match description.split_once("Default: ").map(|(_, rest)| rest.trim_end_matches('.')) {
            Some(real) => assert_eq!(stated, Some(real), "default of `{path}`"),
            None if description.ends_with("Required.") || path.ends_with("issuer") => {
                assert!(entry.comment.contains("Required"), "`{path}` is required");
            }
            None => assert!(
                stated.is_some_and(|stated| stated.starts_with("none")),
                "`{path}` is optional: {stated:?}"
            ),
        }
    }
    for path in explained.keys().filter(|path| !path.starts_with("tags.")) {
        assert!(keys.contains_key(path), "reference.yaml explains `{path}`, which does not exist");
    }
}

#[test]
fn defaults_in_words_are_the_defaults_that_resolve() {
    let mut keys = BTreeMap::new();
    schema_keys(&blueprint::schema(), "", &mut keys);
    let aws = crate::support::resolved("version: 1\nname: a\ntarget: aws\nregion: eu-west-1\n");
    let local = crate::support::resolved("version: 1\nname: a\n");
    for (path, schema) in keys.iter().filter(|(_, schema)| !schema["default"].is_null()) {
        let values = [&aws, &local].map(|resolved| {
            let found = resolved.explain().into_iter().find(|explained| explained.key == *path);
            found.map(|explained| explained.value)
        });
        let shown: Vec<_> = values.into_iter().flatten().collect();
        assert!(!shown.is_empty(), "`{path}` is shown for no target");
        assert!(
            shown.iter().all(|value| *value == schema["default"] || path == "target"),
            "`{path}`: {shown:?}"
        );
    }
}

#[test]
fn every_commented_out_key_works_when_it_is_taken_instead() {
    let expired = reference()
        .replace("protect: true", "protect: false")
        .replace("#ttl", "ttl")
        .replace("retain: true", "retain: false");
    assert_eq!(crate::support::findings(expired), "");
    let provider = reference()
        .replace("  accounts: builtin\n", "")
        .replace("#accounts:", "accounts:")
        .replace("#oidc:", "oidc:")
        .replace("#issuer", "issuer")
        .replace("#audience", "audience");
    assert_eq!(crate::support::findings(provider), "");
    let records =
        reference().replace("manage: existing", "manage: create").replace("#zone: Z", "zone: Z");
    assert_eq!(crate::support::findings(records), "");
    let local = "version: 1\nname: a\nentry: { certificate: /etc/ssl/certs/sync.pem }\nlocal:\n";
    let keys = explained();
    let lines = keys.iter().filter_map(|(path, entries)| {
        let name = path.strip_prefix("local.")?;
        Some(format!("  {name}: {}\n", entries[0].value))
    });
    let local = local.to_owned() + &lines.collect::<String>();
    assert_eq!(crate::support::findings(&local), "");
    let inactive =
        keys.values().flatten().filter(|entry| !entry.active && !entry.value.is_empty()).count();
    assert_eq!(inactive, 9, "a commented-out key was added that this test does not try");
}
