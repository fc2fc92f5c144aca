//! CloudFormation.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::Result;

mod change_set;
mod drift;
mod status;

pub use change_set::{
    ChangeAction, ChangeDetail, ChangeSet, ChangeSetKind, ChangeSetRequest, ChangeSetStatus,
    ChangeSetSummary, Execution, PolicyAction, Replacement, ResourceChange, Validation,
};
pub use drift::{DriftDetection, DriftedProperty, DriftedResource};
pub use status::StackStatus;

/// CloudFormation, as far as the deployer uses it. Stacks and change sets are named by name or by ARN. Calls about a
/// change set name its stack as well, which is what rights are given for.
#[async_trait]
pub trait Stacks: Send + Sync {
    /// One stack; `None` where there is none, also after its deletion.
    async fn stack(&self, name: &str) -> Result<Option<StackSummary>>;
    /// Every stack of the account in this Region that is not deleted.
    async fn stacks(&self) -> Result<Vec<StackSummary>>;
    /// The deployed template as it was handed in.
    async fn template(&self, stack: &str) -> Result<String>;
    /// What the stack holds.
    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>>;
    /// Events, newest first, down to and without the one with the id `until`; all of them without.
    async fn events(&self, stack: &str, until: Option<&str>) -> Result<Vec<StackEvent>>;

    /// Makes a change set and returns its ARN. It is not ready yet: see [`Stacks::change_set`]. Repeating the call
    /// with the same name and token makes no second one.
    async fn create_change_set(&self, request: &ChangeSetRequest) -> Result<String>;
    /// A change set with all its changes.
    async fn change_set(&self, stack: &str, id: &str) -> Result<ChangeSet>;
    /// The template of a change set as it was handed in.
    async fn change_set_template(&self, stack: &str, id: &str) -> Result<String>;
    /// The change sets waiting on a stack, newest first.
    async fn change_sets(&self, stack: &str) -> Result<Vec<ChangeSetSummary>>;
    /// What validation before deployment found in a change set; empty where the endpoint does not validate.
    async fn validations(&self, stack: &str, change_set: &str) -> Result<Vec<Validation>>;
    /// Removes a change set; nothing happens where it is gone already.
    async fn delete_change_set(&self, stack: &str, id: &str) -> Result<()>;
    /// Begins to carry a change set out.
    async fn execute(&self, stack: &str, id: &str, execution: &Execution) -> Result<()>;

    /// Begins to delete a stack.
    async fn delete_stack(&self, stack: &str, deletion: &Deletion) -> Result<()>;
    /// Begins to return from an update under way.
    async fn cancel_update(&self, stack: &str, token: &str) -> Result<()>;
    /// Goes on with a rollback that has failed, leaving out the resources with these logical ids.
    async fn continue_rollback(&self, stack: &str, skip: &[String], token: &str) -> Result<()>;
    /// Switches termination protection.
    async fn protect_stack(&self, stack: &str, protected: bool) -> Result<()>;
    /// Replaces the stack policy. It cannot be taken away again, only replaced.
    async fn set_stack_policy(&self, stack: &str, policy: &str) -> Result<()>;
    /// The stack policy; `None` where none was ever set.
    async fn stack_policy(&self, stack: &str) -> Result<Option<String>>;

    /// Begins to look for drift and returns the detection's id.
    async fn detect_drift(&self, stack: &str) -> Result<String>;
    /// How far a detection is.
    async fn drift_detection(&self, id: &str) -> Result<DriftDetection>;
    /// What the last detection found.
    async fn drifted(&self, stack: &str) -> Result<Vec<DriftedResource>>;
}

/// A stack without its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackSummary {
    /// ARN.
    pub id: String,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub status: StackStatus,
    /// AWS's words to it.
    pub status_reason: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When an update last began; `None` before the first one.
    pub updated: Option<Timestamp>,
    /// Deployed values of parameters.
    pub parameters: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Outputs; complete once the stack is.
    pub outputs: BTreeMap<String, String>,
    /// Termination protection.
    pub protected: bool,
}

impl StackSummary {
    /// What changes with every operation; sealed plans compare it.
    #[must_use]
    pub fn last_change(&self) -> Timestamp {
        self.updated.unwrap_or(self.created)
    }
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackResource {
    /// Id in the template.
    pub logical_id: String,
    /// Id in the world; `None` while it has none.
    pub physical_id: Option<String>,
    /// For example `AWS::S3::Bucket`.
    pub resource_type: String,
    /// For example `CREATE_COMPLETE`.
    pub status: String,
    /// AWS's words to it.
    pub status_reason: Option<String>,
}

/// Something that happened to a stack or a resource of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackEvent {
    /// Unique id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Id in the template; the stack's name for the stack itself.
    pub logical_id: String,
    /// Id in the world, if known.
    pub physical_id: Option<String>,
    /// For example `AWS::EC2::VPC`; `AWS::CloudFormation::Stack` for the stack itself.
    pub resource_type: String,
    /// For example `CREATE_IN_PROGRESS`.
    pub status: String,
    /// `CONFIGURATION_COMPLETE` or `VALIDATION_FAILED`, where AWS says more.
    pub detailed_status: Option<String>,
    /// AWS's words to it.
    pub reason: Option<String>,
    /// Token of the operation it belongs to.
    pub token: Option<String>,
}

impl StackEvent {
    /// Whether the event is about the stack itself.
    #[must_use]
    pub fn is_of_stack(&self) -> bool {
        self.resource_type == "AWS::CloudFormation::Stack"
            && self
                .physical_id
                .as_ref()
                .is_none_or(|id| id.contains(&format!("/{}/", self.logical_id)))
    }

    /// Whether something failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.status.ends_with("_FAILED")
    }
}

/// How to delete a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// Makes the call repeatable, and marks the events of this operation.
    pub token: String,
    /// Logical ids to leave in the world. Only for a stack in `DELETE_FAILED`.
    pub retain: Vec<String>,
    /// Delete the stack even where resources cannot be (`FORCE_DELETE_STACK`). Only for `DELETE_FAILED`.
    pub force: bool,
}
