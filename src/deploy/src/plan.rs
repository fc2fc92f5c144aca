//! A plan: what an `apply` would do, as plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use cloud::{ChangeAction, PolicyAction, Replacement};

mod effect;
mod harm;

pub(crate) use effect::opened_to;
pub use harm::Harm;
pub(crate) use harm::{holds_data, judge};

/// Everything an `apply` would do to one deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the deployment.
    pub name: String,
    /// AWS account, 12 digits.
    pub account: String,
    /// AWS Region.
    pub region: String,
    /// ARN of who planned.
    pub caller: String,
    /// The blueprint as it was named: a path, or `the built-in blueprint`.
    pub blueprint: String,
    /// Its digest, see [`blueprint::Deployment::digest`].
    pub digest: String,
    /// Whether the deployment is protected (`protect: true`).
    pub protect: bool,
    /// What the servers would run.
    pub release: ReleasePlan,
    /// The stacks, in the order in which they are changed.
    pub stacks: Vec<StackPlan>,
    /// What was changed past `syncctl`.
    pub drift: Vec<Drift>,
    /// Whether drift was looked for; `--quick` does not.
    pub drift_checked: bool,
    /// What a person should know before saying yes, most important first.
    pub notices: Vec<Notice>,
}

/// The server program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasePlan {
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// SHA-256 of the deployed one; `None` where there is none.
    pub deployed: Option<String>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// `bundled`, or the path.
    pub source: String,
    /// Bytes.
    pub size: u64,
    /// Whether it lies in the artifact bucket already.
    pub is_shipped: bool,
}

/// What happens to one stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackPlan {
    /// `data` or `app`.
    pub kind: Kind,
    /// Name in CloudFormation.
    pub name: String,
    /// What is done to it.
    pub operation: Operation,
    /// Who worked out the changes.
    pub source: Source,
    /// The changes, most harmful first.
    pub changes: Vec<Change>,
    /// Tags of the stack that change. CloudFormation puts them on everything in it.
    pub tags: Vec<TagChange>,
    /// Bytes of the template.
    pub template_bytes: usize,
}

/// Which of the two stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `NAME-data`: what hurts to lose.
    Data,
    /// `NAME`: what can be made again.
    App,
}

/// What is done to a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Made.
    Create,
    /// Changed.
    Update,
    /// Left alone.
    Nothing,
}

/// Who worked out the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// CloudFormation, in a change set.
    ChangeSet,
    /// This program, from the deployed and the new template and the resource schemas.
    Templates,
}

/// What happens to one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
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
    /// What becomes of the old one, where one goes.
    pub policy: Option<PolicyAction>,
    /// What it does to people and data.
    pub harm: Harm,
    /// The same in words, where the harm alone does not tell; the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<String>,
    /// What changes about it, in the order of the paths.
    pub properties: Vec<PropertyChange>,
}

/// What changes about a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PropertyChange {
    /// Path below the resource, for example `Properties.LaunchTemplateData.ImageId`, `UpdatePolicy`, `Tags`.
    pub path: String,
    /// Value before; `None` where there was none, or where nobody knows.
    pub before: Option<serde_json::Value>,
    /// Value after; `None` where there will be none, or where nobody knows.
    pub after: Option<serde_json::Value>,
    /// Whether this makes the resource be replaced.
    pub recreation: Replacement,
    /// The parameter or resource it comes from, where it is not the template's own text.
    pub cause: Option<String>,
    /// Where the blueprint says it: `syncctl.yaml:12 servers.min`, if it does.
    pub line: Option<String>,
    /// Whether CloudFormation lists it only because it refers to something that changes, and its value stays.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_echo: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A tag of a stack that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagChange {
    /// Key of the tag.
    pub key: String,
    /// Value before, if there was one.
    pub before: Option<String>,
    /// Value after, if there will be one.
    pub after: Option<String>,
    /// Where the blueprint says it: `syncctl.yaml:12 tags.team`, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
}

/// A resource that somebody changed past `syncctl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Which stack.
    pub stack: Kind,
    /// Id in the template.
    pub logical_id: String,
    /// Id in the world.
    pub physical_id: Option<String>,
    /// For example `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Whether it is gone altogether.
    pub is_deleted: bool,
    /// Path, expected value, actual value.
    pub properties: Vec<DriftedProperty>,
    /// Whether this plan touches the same resource and so overwrites or trips over it.
    pub is_touched: bool,
}

/// A property that is not as deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftedProperty {
    /// Path, for example `/VersioningConfiguration/Status`.
    pub path: String,
    /// What was deployed.
    pub expected: String,
    /// What is.
    pub actual: String,
}

/// Something to know before saying yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// How much it matters.
    pub level: Level,
    /// One or two sentences.
    pub text: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// Where the blueprint says it, if it does.
    pub line: Option<String>,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// `apply` would fail.
    Blocker,
    /// Something will not work as expected.
    Warning,
    /// Good to know.
    Note,
}

impl Plan {
    /// Whether `apply` would do anything at all.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.stacks.iter().any(|stack| stack.operation != Operation::Nothing)
    }

    /// How many resources only refer to what changes, and stay as they are.
    #[must_use]
    pub fn echoes(&self) -> usize {
        let changes = self.stacks.iter().flat_map(|stack| &stack.changes);
        changes.filter(|change| change.is_echo()).count()
    }

    /// How many resources are added, changed in place, replaced, removed and taken over.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        let changes = self.stacks.iter().flat_map(|stack| &stack.changes);
        for change in changes.filter(|change| !change.is_echo()) {
            let count = match (change.action, change.replacement) {
                (ChangeAction::Add, _) => &mut counts.add,
                (ChangeAction::Remove, _) => &mut counts.remove,
                (ChangeAction::Import, _) => &mut counts.import,
                (_, Replacement::Never) => &mut counts.change,
                (_, Replacement::Conditional | Replacement::Always) => &mut counts.replace,
            };
            *count += 1;
        }
        counts
    }

    /// Changes that destroy data, with the stack they are in.
    pub fn losses(&self) -> impl Iterator<Item = (&StackPlan, &Change)> {
        let changes = |stack| -> Box<dyn Iterator<Item = _>> { changes_of(stack) };
        self.stacks.iter().flat_map(changes).filter(|(_, change)| change.harm == Harm::Destroys)
    }

    /// Notices that keep `apply` from starting.
    pub fn blockers(&self) -> impl Iterator<Item = &Notice> {
        self.notices.iter().filter(|notice| notice.level == Level::Blocker)
    }
}

impl Change {
    /// Whether nothing about the resource changes, although CloudFormation lists it: all that is listed refers to
    /// something that changes, and comes to the same value.
    #[must_use]
    pub fn is_echo(&self) -> bool {
        self.action == ChangeAction::Modify
            && self.replacement == Replacement::Never
            && !self.properties.is_empty()
            && self.properties.iter().all(|property| property.is_echo)
    }
}

fn changes_of(stack: &StackPlan) -> Box<dyn Iterator<Item = (&StackPlan, &Change)> + '_> {
    Box::new(stack.changes.iter().map(move |change| (stack, change)))
}

/// Numbers of resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Made.
    pub add: usize,
    /// Changed in place.
    pub change: usize,
    /// Replaced, or replaced if need be.
    pub replace: usize,
    /// Taken out.
    pub remove: usize,
    /// Taken over as they are.
    pub import: usize,
}

/// Deployed values by name; for parameters and tags.
pub type Values = BTreeMap<String, String>;
