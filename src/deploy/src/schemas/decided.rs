//! Conditions that the schemas leave open and AWS documents.

use serde_json::Value;

use crate::plan::Replacement;

const GROUP: &str = "AWS::AutoScaling::AutoScalingGroup";

/// Whether a property that may replace its resource does so in `after`; `None` where that is known only while it
/// happens.
///
/// A group is replaced when its [`UpdatePolicy`] has `AutoScalingReplacingUpdate` with `WillReplace`. With any other
/// policy the group stays and its instances are replaced, or left alone.
///
/// [`UpdatePolicy`]: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
pub(super) fn decided(resource_type: &str, path: &[&str], after: &Value) -> Option<Replacement> {
    is_decided(resource_type, path.first().copied()?).then(|| {
        let policy = &after["UpdatePolicy"]["AutoScalingReplacingUpdate"]["WillReplace"];
        match policy {
            Value::Bool(true) => Replacement::Always,
            Value::String(text) if text == "true" => Replacement::Always,
            _ => Replacement::Never,
        }
    })
}

/// Whether the template decides if a change of this property replaces the resource.
pub(crate) fn is_decided(resource_type: &str, property: &str) -> bool {
    let of_group =
        ["LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy", "VPCZoneIdentifier"];
    resource_type == GROUP && of_group.contains(&property)
}
