//! The JSON schema of the format, for editors, made from the table of keys.

mod kind;

use crate::keys::{self, Default, GROUPS, KEYS, Key, Kind, TAG};
use serde_json::{Map, Value, json};

/// The schema as JSON Schema draft-07, which YAML language servers understand.
///
/// It knows every key, type, limit and default, and so gives completion and help on hover. Combinations of keys are not part of it; `syncctl validate` checks those.
#[must_use]
pub fn schema() -> Value {
    let mut root = level("");
    let mut map = Map::new();
    map.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    map.insert("title".to_owned(), json!("syncctl blueprint"));
    map.insert(
        "description".to_owned(),
        json!("From one YAML file to a running, self-healing file sync service."),
    );
    if let Value::Object(root) = &mut root {
        map.append(root);
    }
    map.insert("required".to_owned(), json!(["version"]));
    map.insert("definitions".to_owned(), json!({
        "variable": {
            "description": "A variable of the environment, ${env:NAME} or ${env:NAME:-default}, or ${name}, the name of the deployment.",
            "type": "string",
            "pattern": "\\$\\{(name|env:[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?)\\}",
        },
    }));
    Value::Object(map)
}

/// A level of keys.
fn level(path: &str) -> Value {
    let mut properties = Map::new();
    for name in keys::children(path) {
        let full = keys::join(path, name);
        let key = KEYS.iter().find(|key| key.path == full);
        let group = GROUPS.iter().find(|group| group.path == full);
        let schema = match (key, group) {
            (Some(key), None) => leaf(key),
            (Some(key), Some(_)) => json!({
                "description": describe(key),
                "default": "builtin",
                "anyOf": [kind::schema(key.kind), level(&full), { "$ref": "#/definitions/variable" }],
            }),
            (None, Some(group)) => {
                let mut schema = if full == "tags" { tags() } else { level(&full) };
                if let Value::Object(map) = &mut schema {
                    map.insert("description".to_owned(), json!(group.about));
                }
                schema
            }
            (None, None) => continue,
        };
        properties.insert(name.to_owned(), schema);
    }
    // A level whose keys are all commented out is null to YAML.
    let types = if path.is_empty() { json!("object") } else { json!(["object", "null"]) };
    json!({ "type": types, "additionalProperties": false, "properties": properties })
}

fn tags() -> Value {
    json!({
        "type": ["object", "null"],
        "maxProperties": 40,
        "propertyNames": { "maxLength": 128, "minLength": 1, "not": { "pattern": "^([aA][wW][sS]|[sS][yY][nN][cC][cC][tT][lL]):" } },
        "additionalProperties": leaf(&TAG),
    })
}

fn leaf(key: &Key) -> Value {
    let variable = json!({ "$ref": "#/definitions/variable" });
    let own = kind::schema(key.kind);
    let mut forms = match key.kind {
        Kind::Choices(_) | Kind::Networks => {
            let items = json!({ "anyOf": [own, variable] });
            vec![json!({ "type": "array", "items": items, "uniqueItems": true })]
        }
        _ => vec![own, variable],
    };
    if key.optional {
        forms.push(json!({ "const": "none" }));
    }
    let mut schema = Map::new();
    schema.insert("description".to_owned(), json!(describe(key)));
    if let Default::Is(text) = key.default
        && let Some(value) = crate::resolve::default_value(key, text)
    {
        schema.insert("default".to_owned(), value.to_json());
    }
    schema.insert("anyOf".to_owned(), json!(forms));
    Value::Object(schema)
}

/// Meaning, then what holds without the key.
fn describe(key: &Key) -> String {
    let about = key.about;
    match key.default {
        Default::Required => format!("{about} Required."),
        Default::Absent => about.to_owned(),
        Default::Is(text) => format!("{about} Default: {text}."),
        Default::Follows(text) => format!("{about} Default: {text}."),
    }
}
