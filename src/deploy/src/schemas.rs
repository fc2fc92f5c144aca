//! What CloudFormation's resource schemas say of the types that our templates use: which properties cannot change
//! in place, and which IAM actions a handler may call.
//!
//! The data is that of cfn-lint, cut down to those types by `data/extract.py`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::plan::Replacement;

mod decided;
mod path;

pub use path::PropertyPath;

static SCHEMAS: LazyLock<BTreeMap<String, ResourceSchema>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/schemas.json")).expect("a test reads the file")
});

/// The schema of a type; `None` for one that no template of ours uses.
#[must_use]
pub fn schema(resource_type: &str) -> Option<&'static ResourceSchema> {
    SCHEMAS.get(resource_type)
}

/// All of them, by type.
pub fn schemas() -> impl Iterator<Item = (&'static str, &'static ResourceSchema)> {
    SCHEMAS.iter().map(|(name, schema)| (name.as_str(), schema))
}

/// A resource type. Paths are JSON pointers as the schema has them: `/properties/A/B`, `*` for any item of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceSchema {
    /// Cannot change without replacing the resource.
    pub create_only_properties: Vec<PropertyPath>,
    /// May replace the resource, depending on more than the schema says.
    pub conditional_create_only_properties: Vec<PropertyPath>,
    /// What a resource is found by. Another value is another resource.
    pub primary_identifier: Vec<PropertyPath>,
    /// Given by AWS, never by a template.
    pub read_only_properties: Vec<PropertyPath>,
    /// Whether and how it takes tags.
    pub tagging: Tagging,
    /// IAM actions that each handler may call.
    pub handlers: BTreeMap<Handler, Vec<String>>,
}

/// How a type takes tags.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tagging {
    /// Whether it takes any.
    pub taggable: bool,
    /// Whether they can change.
    pub tag_updatable: bool,
    /// Whether it gets the tags that CloudFormation itself sets.
    pub cloud_formation_system_tags: bool,
    /// Property that holds them.
    pub tag_property: Option<PropertyPath>,
    /// IAM actions that tagging needs.
    pub permissions: Vec<String>,
}

/// What CloudFormation does with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Handler {
    /// Makes it.
    Create,
    /// Looks at it.
    Read,
    /// Changes it in place.
    Update,
    /// Removes it.
    Delete,
    /// Lists all of its type.
    List,
}

/// Whether a change replaces a resource of this type.
///
/// `path` is that of what differs, below the resource's `Properties`. `after` is the whole resource as the new
/// template has it: a few properties replace or not depending on others. A type without a schema counts as
/// [`Replacement::Conditional`], because nobody knows.
#[must_use]
pub fn replacement(resource_type: &str, path: &[&str], after: &serde_json::Value) -> Replacement {
    let Some(schema) = schema(resource_type) else { return Replacement::Conditional };
    let touches = |paths: &[PropertyPath]| paths.iter().any(|it| it.touches(path));
    let identifies = |it: &PropertyPath| {
        schema.primary_identifier.contains(it) && !schema.read_only_properties.contains(it)
    };
    if touches(&schema.create_only_properties)
        || schema.primary_identifier.iter().any(|it| identifies(it) && it.touches(path))
    {
        Replacement::Always
    } else if touches(&schema.conditional_create_only_properties) {
        decided::decided(resource_type, path, after).unwrap_or(Replacement::Conditional)
    } else {
        Replacement::Never
    }
}

pub(crate) use decided::is_decided;

#[cfg(test)]
mod tests {
    use super::{Replacement, replacement, schemas};
    use serde_json::json;

    #[test]
    fn the_data_is_readable_and_complete() {
        assert!(schemas().count() > 30);
        for (name, schema) in schemas() {
            assert!(!schema.handlers.is_empty(), "{name} has no handlers");
        }
    }

    #[test]
    fn paths_decide_what_replaces() {
        let judged = |name: &str, path: &[&str]| replacement(name, path, &json!({}));
        assert_eq!(judged("AWS::S3::Bucket", &["BucketName"]), Replacement::Always);
        assert_eq!(judged("AWS::S3::Bucket", &["Tags", "*", "Value"]), Replacement::Never);
        assert_eq!(judged("AWS::DynamoDB::Table", &["KeySchema"]), Replacement::Conditional);
        assert_eq!(judged("AWS::EC2::VPCEndpoint", &["DnsOptions"]), Replacement::Always);
        assert_eq!(
            judged("AWS::EC2::VPCEndpoint", &["DnsOptions", "DnsRecordIpType"]),
            Replacement::Never
        );
        // Part of the identifier, and yet missing among what cannot change.
        assert_eq!(judged("AWS::Route53::RecordSet", &["Name"]), Replacement::Always);
        assert_eq!(judged("Some::Other::Type", &["Name"]), Replacement::Conditional);
    }

    #[test]
    fn a_group_is_replaced_only_when_its_update_policy_says_so() {
        let path = ["LaunchTemplate", "LaunchTemplateId"];
        let judged = |policy| {
            let group = json!({ "UpdatePolicy": policy });
            replacement("AWS::AutoScaling::AutoScalingGroup", &path, &group)
        };
        assert_eq!(judged(json!({"AutoScalingInstanceRefresh": {}})), Replacement::Never);
        let replacing = json!({"AutoScalingReplacingUpdate": {"WillReplace": "true"}});
        assert_eq!(judged(replacing), Replacement::Always);
    }
}
