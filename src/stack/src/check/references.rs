//! Whatever is referred to exists. CloudFormation would say so too, after seconds and with an account.

use serde_json::Value;

use crate::error::RenderError;
use crate::render::StackKind;
use crate::template::Template;

pub(crate) fn check(kind: StackKind, template: &Template) -> Result<(), RenderError> {
    match unresolved(template, template.as_json()) {
        None => Ok(()),
        Some(name) => Err(RenderError::Reference { stack: kind, name }),
    }
}

/// The first name that stands for nothing.
fn unresolved(template: &Template, value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => map.iter().find_map(|(key, value)| match (key.as_str(), value) {
            ("Ref", Value::String(name)) => (!is_known(template, name)).then(|| name.clone()),
            ("Fn::GetAtt", Value::Array(parts)) => {
                let name = parts.first().and_then(Value::as_str).unwrap_or_default();
                (!template.resources().contains_key(name)).then(|| name.to_owned())
            }
            ("Fn::Sub", Value::String(text)) => unresolved_in_text(template, text),
            ("DependsOn", value) => depended(value)
                .find(|name| !template.resources().contains_key(*name))
                .map(str::to_owned),
            (_, value) => unresolved(template, value),
        }),
        Value::Array(items) => items.iter().find_map(|item| unresolved(template, item)),
        _ => None,
    }
}

fn depended(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

fn is_known(template: &Template, name: &str) -> bool {
    name.starts_with("AWS::")
        || template.resources().contains_key(name)
        || template.parameters().contains_key(name)
}

/// `${Name}` and `${Name.Attribute}`; `${!Name}` is text.
fn unresolved_in_text(template: &Template, text: &str) -> Option<String> {
    text.split("${").skip(1).filter(|rest| !rest.starts_with('!')).find_map(|rest| {
        let inner = rest.split('}').next().unwrap_or_default();
        let known = match inner.split_once('.') {
            Some((resource, _)) => template.resources().contains_key(resource),
            None => is_known(template, inner),
        };
        (!known).then(|| inner.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::unresolved;
    use crate::template::Template;
    use serde_json::json;

    #[test]
    fn every_kind_of_reference_is_followed() {
        for (value, missing) in [
            (json!({"Ref": "A"}), None),
            (json!({"Ref": "P"}), None),
            (json!({"Ref": "AWS::Region"}), None),
            (json!({"Ref": "B"}), Some("B")),
            (json!({"x": [{"Fn::GetAtt": ["B", "Arn"]}]}), Some("B")),
            (json!({"Fn::GetAtt": ["P", "Arn"]}), Some("P")),
            (json!({"Fn::Sub": "${A.Arn} ${P} ${AWS::Region} ${!any}"}), None),
            (json!({"Fn::Sub": "a${B.Arn}"}), Some("B.Arn")),
            (json!({"DependsOn": ["A", "B"]}), Some("B")),
            (json!({"DependsOn": "B"}), Some("B")),
        ] {
            let template = Template::new(json!({"Resources": {"A": {}}, "Parameters": {"P": {}}}));
            assert_eq!(unresolved(&template, &value).as_deref(), missing, "{value}");
        }
    }
}
