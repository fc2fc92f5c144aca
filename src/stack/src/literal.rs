//! Names that CloudFormation can read without evaluating anything.
//!
//! It takes over a resource that exists (`ImportExistingResources`) only where the template gives its name as plain
//! text, not by `Fn::Sub`
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html>).

use serde_json::{Map, Value};

/// Properties that name a resource which outlives its stack.
const NAMES: &[&str] = &["BucketName", "TableName", "AliasName"];

/// Replaces the `Fn::Sub` of names by what it comes to in this account and Region.
pub(crate) fn names(template: &mut Value, account: &str, region: &str) {
    let resources = template.get_mut("Resources").and_then(Value::as_object_mut);
    for resource in resources.into_iter().flat_map(Map::values_mut) {
        for name in NAMES {
            let properties = resource.get_mut("Properties").and_then(Value::as_object_mut);
            let Some(value) = properties.and_then(|it| it.get_mut(*name)) else { continue };
            let text = value.get("Fn::Sub").and_then(Value::as_str).map(|text| {
                text.replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)
            });
            if let Some(text) = text.filter(|text| !text.contains("${")) {
                *value = Value::from(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::names;
    use serde_json::json;

    #[test]
    fn names_become_text_and_nothing_else_changes() {
        let sub = json!({"Fn::Sub": "a-${AWS::AccountId}-${AWS::Region}"});
        let mut template = json!({"Resources": {
            "Content": {"Properties": {"BucketName": sub, "Other": sub}},
            "Odd": {"Properties": {"BucketName": {"Fn::Sub": "${Content}"}}},
            "None": {},
        }});
        names(&mut template, "123456789012", "eu-west-1");
        let resources = &template["Resources"];
        assert_eq!(resources["None"], json!({}));
        assert_eq!(resources["Content"]["Properties"]["BucketName"], "a-123456789012-eu-west-1");
        assert_eq!(resources["Content"]["Properties"]["Other"], sub);
        assert_eq!(resources["Odd"]["Properties"]["BucketName"], json!({"Fn::Sub": "${Content}"}));
    }
}
