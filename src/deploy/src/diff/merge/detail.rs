//! A detail of a change set, as a property of the plan.

use cloud::ChangeDetail;
use serde_json::Value;

use super::super::show::script;
use crate::plan::PropertyChange;

/// What CloudFormation writes for values that come to be while the change set is carried out.
pub(super) const KNOWN_LATER: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// Whether it is about tags alone, which come from the stack unless the template says otherwise.
pub(super) fn is_tag(detail: &ChangeDetail) -> bool {
    detail.attribute == "Tags" || property_name(detail) == Some("Tags")
}

/// The outermost property, for details of properties.
pub(super) fn property_name(detail: &ChangeDetail) -> Option<&str> {
    let property = detail.property.as_deref().filter(|_| detail.attribute == "Properties")?;
    let path = property.strip_prefix('/').unwrap_or(property);
    let path = path.strip_prefix("Properties/").unwrap_or(path);
    path.split(['/', '.', '[']).next()
}

pub(super) fn property(detail: &ChangeDetail) -> PropertyChange {
    let path = path(detail);
    PropertyChange {
        before: detail.before.as_deref().and_then(|text| value(&path, text)),
        after: detail.after.as_deref().and_then(|text| value(&path, text)),
        path,
        recreation: detail.recreation,
        cause: detail.cause.clone(),
        line: None,
        is_echo: false,
    }
}

/// A value that nobody knows, in words: told apart from one that will not be there.
pub(super) fn later(detail: &ChangeDetail) -> Option<Value> {
    let is_later = detail.after.as_deref().is_some_and(|text| text.contains(KNOWN_LATER));
    is_later.then(|| LATER.into())
}

/// `Properties.A.B[0]`, from a name or from `/Properties/A/B/0`.
fn path(detail: &ChangeDetail) -> String {
    let Some(property) = &detail.property else { return detail.attribute.clone() };
    let Some(pointer) = property.strip_prefix('/') else {
        return format!("{}.{property}", detail.attribute);
    };
    let mut path = String::new();
    for segment in pointer.split('/') {
        if segment.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{segment}]"));
        } else {
            let dot = if path.is_empty() { "" } else { "." };
            path.push_str(&format!("{dot}{segment}"));
        }
    }
    path
}

/// The same for people.
const LATER: &str = "(known afterwards)";

/// Objects and lists come as JSON; anything else is a text as it is. `None` for what nobody knows yet.
fn value(path: &str, text: &str) -> Option<Value> {
    if text == KNOWN_LATER {
        return None;
    }
    let text = text.replace(KNOWN_LATER, LATER);
    let text = text.as_str();
    if path.ends_with("UserData") {
        return Some(script(&Value::from(text)));
    }
    let parsed = serde_json::from_str(text).ok();
    Some(parsed.filter(|it: &Value| it.is_object() || it.is_array()).unwrap_or_else(|| text.into()))
}

#[cfg(test)]
mod tests {
    use super::{is_tag, property, property_name};
    use crate::plan::Replacement;
    use cloud::ChangeDetail;

    fn detail(attribute: &str, property: Option<&str>) -> ChangeDetail {
        ChangeDetail {
            attribute: attribute.to_owned(),
            property: property.map(str::to_owned),
            recreation: Replacement::Never,
            before: Some("1".to_owned()),
            after: Some("{{changeSet:KNOWN_AFTER_APPLY}}".to_owned()),
            cause: None,
        }
    }

    #[test]
    fn names_and_pointers_become_paths() {
        let cases = [
            ("Properties", Some("MinSize"), "Properties.MinSize", Some("MinSize")),
            ("Properties", Some("/Properties/A/B/0/C"), "Properties.A.B[0].C", Some("A")),
            ("UpdatePolicy", None, "UpdatePolicy", None),
        ];
        for (attribute, name, path, outermost) in cases {
            let detail = detail(attribute, name);
            assert_eq!(property(&detail).path, path);
            assert_eq!(property_name(&detail), outermost);
        }
        assert_eq!(property(&detail("Properties", Some("A"))).after, None);
        assert!(is_tag(&detail("Tags", None)) && is_tag(&detail("Properties", Some("Tags"))));
    }
}
