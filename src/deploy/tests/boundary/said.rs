//! What CloudFormation says, in the fewest words.

use cloud::{ChangeAction, ChangeDetail, PolicyAction, Replacement, ResourceChange, Validation};

pub(crate) const BUCKET: &str = "AWS::S3::Bucket";
pub(crate) const TABLE: &str = "AWS::DynamoDB::Table";
pub(crate) const GROUP: &str = "AWS::AutoScaling::AutoScalingGroup";

/// A resource that something happens to.
pub(crate) fn change(logical_id: &str, kind: &str, action: ChangeAction) -> ResourceChange {
    ResourceChange {
        logical_id: logical_id.to_owned(),
        physical_id: Some(format!("id-of-{logical_id}")),
        resource_type: kind.to_owned(),
        action,
        replacement: Replacement::Never,
        policy: None,
        details: Vec::new(),
        before: None,
        after: None,
    }
}

/// A resource that is changed in one property.
pub(crate) fn modified(
    logical_id: &str,
    kind: &str,
    property: &str,
    recreation: Replacement,
) -> ResourceChange {
    let detail = ChangeDetail {
        attribute: "Properties".to_owned(),
        property: Some(property.to_owned()),
        recreation,
        before: None,
        after: None,
        cause: None,
    };
    let change = change(logical_id, kind, ChangeAction::Modify);
    ResourceChange { replacement: recreation, details: vec![detail], ..change }
}

/// A resource that goes, or whose place another one takes.
pub(crate) fn with_policy(mut change: ResourceChange, policy: PolicyAction) -> ResourceChange {
    change.policy = Some(policy);
    change
}

/// A finding of validation before deployment.
pub(crate) fn finding(logical_id: &str, path: &str, message: &str, is_fatal: bool) -> Validation {
    Validation {
        logical_id: Some(logical_id.to_owned()),
        path: Some(path.to_owned()),
        message: message.to_owned(),
        is_fatal,
    }
}
