//! Change sets: what an update would do, in CloudFormation's own words.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A change set to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSetRequest {
    /// Stack to change or to make.
    pub stack: String,
    /// Name, unique per run.
    pub name: String,
    /// Whether the stack exists.
    pub kind: ChangeSetKind,
    /// The template, at most 51,200 bytes.
    pub template: String,
    /// Values of all its parameters.
    pub parameters: BTreeMap<String, String>,
    /// All tags of the stack.
    pub tags: BTreeMap<String, String>,
    /// Take over resources that exist under the fixed names of the template.
    pub import_existing: bool,
    /// Undo drift as well (`DeploymentMode: REVERT_DRIFT`).
    pub revert_drift: bool,
    /// Service role to act with; the caller's own rights without.
    pub role: Option<String>,
    /// Alarms that undo the operation while it lasts, by ARN; `None` leaves those of the operation before.
    pub rollback_triggers: Option<Vec<String>>,
    /// Delete the stack where its creation fails (`OnStackFailure: DELETE`).
    pub delete_on_failure: bool,
    /// End before resources are ready (`DeploymentConfig: EXPRESS`).
    pub express: bool,
    /// Makes the call repeatable.
    pub token: String,
}

/// Whether a change set makes its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeSetKind {
    /// The stack does not exist, or is in review.
    Create,
    /// The stack exists.
    Update,
}

/// How to carry a change set out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Execution {
    /// Makes the call repeatable, and marks the events of this operation.
    pub token: String,
    /// Resources that this operation makes and then undoes are removed, whatever their deletion policy says
    /// (`RetainExceptOnCreate`).
    pub remove_what_failed: bool,
    /// Keep what was made when something fails (`DisableRollback`).
    pub keep_on_failure: bool,
}

/// A change set without its changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSetSummary {
    /// ARN.
    pub id: String,
    /// Name.
    pub name: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// How far it is.
    pub status: ChangeSetStatus,
}

/// How far a change set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeSetStatus {
    /// Being made.
    Pending,
    /// Can be carried out.
    Ready,
    /// There is nothing to change.
    Empty,
    /// Refused, with the reason.
    Failed(String),
    /// Carried out, being carried out, or overtaken by another one; in CloudFormation's word.
    Spent(String),
}

/// A change set.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeSet {
    /// ARN.
    pub id: String,
    /// Name.
    pub name: String,
    /// The stack's ARN.
    pub stack_id: String,
    /// How far it is.
    pub status: ChangeSetStatus,
    /// Values of the parameters.
    pub parameters: BTreeMap<String, String>,
    /// Tags that the stack would have.
    pub tags: BTreeMap<String, String>,
    /// What it would do; complete once it is ready.
    pub changes: Vec<ResourceChange>,
}

/// What happens to one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceChange {
    /// Id in the template.
    pub logical_id: String,
    /// Id in the world, if it exists.
    pub physical_id: Option<String>,
    /// For example `AWS::S3::Bucket`.
    pub resource_type: String,
    /// What happens.
    pub action: ChangeAction,
    /// Whether a new resource takes its place.
    pub replacement: Replacement,
    /// What becomes of the old one, where there is one that goes.
    pub policy: Option<PolicyAction>,
    /// The causes, one per property.
    pub details: Vec<ChangeDetail>,
    /// Properties before, as JSON text, where the endpoint gives it.
    pub before: Option<String>,
    /// Properties after, as JSON text, where the endpoint gives it.
    pub after: Option<String>,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// Made.
    Add,
    /// Changed, or replaced.
    Modify,
    /// Taken out of the stack; [`PolicyAction`] says whether it goes from the world.
    Remove,
    /// Taken into the stack as it is.
    Import,
    /// Known only while it happens.
    Dynamic,
    /// Left as it is, which is what the template says now; only CloudFormation's record of it changes.
    Sync,
}

/// Whether a new resource takes the place of the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    /// Changed in place.
    Never,
    /// Known only while it happens.
    Conditional,
    /// Replaced.
    Always,
}

/// What becomes of a resource that leaves a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyAction {
    /// Deleted.
    Delete,
    /// Left in the world.
    Retain,
    /// Kept as a snapshot.
    Snapshot,
    /// Replaced, the old one deleted.
    ReplaceAndDelete,
    /// Replaced, the old one left in the world.
    ReplaceAndRetain,
    /// Replaced, the old one kept as a snapshot.
    ReplaceAndSnapshot,
}

/// A property that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeDetail {
    /// For example `Properties`, `Tags`, `UpdatePolicy`.
    pub attribute: String,
    /// Name of the property, for `Properties`; a path where the endpoint gives one.
    pub property: Option<String>,
    /// Whether it makes the resource be replaced.
    pub recreation: Replacement,
    /// Value before, where the endpoint gives it.
    pub before: Option<String>,
    /// Value after, where the endpoint gives it.
    pub after: Option<String>,
    /// The parameter or resource that it comes from, where it is not the template's own text.
    pub cause: Option<String>,
}

/// A finding of validation before deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// Id in the template, if it is about one resource.
    pub logical_id: Option<String>,
    /// Path into the template, for example `/Resources/Content/Properties/BucketName`.
    pub path: Option<String>,
    /// AWS's words.
    pub message: String,
    /// Whether the change set cannot be carried out because of it.
    pub is_fatal: bool,
}
