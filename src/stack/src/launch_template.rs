//! A launch template per change.
//!
//! Its logical id ends in a digest of what it holds, parameters included. A change therefore makes a new template
//! and, once the new instances are in service, removes the old one; when the roll fails, the rollback returns to a
//! template that nobody has touched.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::canonical;

const LOGICAL_ID: &str = "LaunchTemplate";

/// Digits of the digest in the logical id: 48 bits.
const DIGITS: usize = 12;

pub(crate) fn rename_by_content(template: &mut Value, parameters: &BTreeMap<String, String>) {
    let Some(resource) = template["Resources"].get(LOGICAL_ID) else { return };
    let mut held = Sha256::new();
    held.update(canonical::on_one_line(resource));
    for name in referred_parameters(resource, parameters) {
        held.update(format!("\n{name}={}", parameters[name]));
    }
    let digest = hex::encode(held.finalize());
    let new = format!("{LOGICAL_ID}{}", &digest[..DIGITS]);
    if let Some(resources) = template["Resources"].as_object_mut()
        && let Some(resource) = resources.remove(LOGICAL_ID)
    {
        resources.insert(new.clone(), resource);
    }
    rename(template, &new);
}

fn referred_parameters<'a>(
    resource: &Value,
    parameters: &'a BTreeMap<String, String>,
) -> Vec<&'a String> {
    let text = canonical::on_one_line(resource);
    let refers = |name: &&String| {
        text.contains(&format!("{{\"Ref\": \"{name}\"}}")) || text.contains(&format!("${{{name}}}"))
    };
    parameters.keys().filter(refers).collect()
}

/// Every `Ref` and `Fn::GetAtt`.
fn rename(value: &mut Value, new: &str) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("Ref", Value::String(id)) if id == LOGICAL_ID => new.clone_into(id),
                    ("Fn::GetAtt", Value::Array(parts)) => {
                        if parts.first().and_then(Value::as_str) == Some(LOGICAL_ID) {
                            parts[0] = Value::from(new);
                        }
                    }
                    (_, value) => rename(value, new),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, new)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::rename_by_content;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn renamed(image: &str, other: &str) -> serde_json::Value {
        let mut template = json!({"Resources": {
            "LaunchTemplate": {"Properties": {"Image": {"Ref": "Image"}}},
            "Group": {"Id": {"Ref": "LaunchTemplate"}, "Version": {"Fn::GetAtt": ["LaunchTemplate", "N"]}},
        }});
        let parameters = [("Image", image), ("Other", other)];
        let parameters: BTreeMap<String, String> =
            parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        rename_by_content(&mut template, &parameters);
        template
    }

    #[test]
    fn only_what_the_template_holds_changes_its_id() {
        let first = renamed("ami-1", "x");
        assert_eq!(first, renamed("ami-1", "y"));
        assert_ne!(first, renamed("ami-2", "x"));
        let group = &first["Resources"]["Group"];
        let id = group["Id"]["Ref"].as_str().unwrap();
        assert_eq!(id.len(), "LaunchTemplate".len() + 12);
        assert!(first["Resources"].get(id).is_some());
        assert_eq!(group["Version"]["Fn::GetAtt"][0], id);
    }
}
