use std::collections::VecDeque;

use jiff::Timestamp;

use super::Happening;
use crate::{
    ChangeAction, ChangeSet, ChangeSetRequest, DriftDetection, DriftedResource, StackEvent,
    StackResource, StackStatus, StackSummary, Validation,
};

/// A stack.
#[derive(Clone, Debug)]
pub struct FakeStack {
    /// What `DescribeStacks` says.
    pub summary: StackSummary,
    /// The deployed template.
    pub template: String,
    /// The stack policy.
    pub policy: Option<String>,
    /// What it holds.
    pub resources: Vec<StackResource>,
    /// What happened, oldest first.
    pub events: Vec<StackEvent>,
    /// Change sets that wait, oldest first.
    pub change_sets: Vec<FakeChangeSet>,
    /// What a look for drift comes to, and what it finds.
    pub drift: (DriftDetection, Vec<DriftedResource>),
    pub(super) under_way: Option<UnderWay>,
}

/// A change set with what it was made of.
#[derive(Clone, Debug)]
pub struct FakeChangeSet {
    /// What was asked for.
    pub request: ChangeSetRequest,
    /// What it would do.
    pub set: ChangeSet,
    /// What validation found.
    pub validations: Vec<Validation>,
    /// When it was made.
    pub created: Timestamp,
}

/// An operation on a stack.
#[derive(Clone, Debug)]
pub(super) struct UnderWay {
    pub(super) steps: VecDeque<Happening>,
    pub(super) token: String,
    /// What the stack becomes where it succeeds.
    pub(super) becomes: Option<FakeChangeSet>,
}

impl FakeStack {
    /// A stack with nothing in it.
    #[must_use]
    pub fn new(name: &str, status: &str, at: Timestamp) -> Self {
        let id = format!(
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/{name}/{}",
            at.as_second()
        );
        let summary = StackSummary {
            id,
            name: name.to_owned(),
            status: StackStatus::new(status),
            status_reason: None,
            created: at,
            updated: None,
            parameters: Default::default(),
            tags: Default::default(),
            outputs: Default::default(),
            protected: false,
        };
        Self {
            summary,
            template: String::new(),
            policy: None,
            resources: Vec::new(),
            events: Vec::new(),
            change_sets: Vec::new(),
            drift: (DriftDetection::Done(0), Vec::new()),
            under_way: None,
        }
    }

    /// Whether it is gone. Its events are still there, by ARN.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.summary.status.as_str() == "DELETE_COMPLETE"
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.summary.id == name || (self.summary.name == name && !self.is_gone())
    }

    /// A resource by logical id.
    pub fn resource_mut(&mut self, logical_id: &str) -> Option<&mut StackResource> {
        self.resources.iter_mut().find(|it| it.logical_id == logical_id)
    }

    pub(super) fn describe(&mut self, request: &ChangeSetRequest) {
        self.template.clone_from(&request.template);
        self.summary.parameters.clone_from(&request.parameters);
        self.summary.tags.clone_from(&request.tags);
    }

    /// The stack as a change set makes it.
    pub(super) fn become_of(&mut self, made: FakeChangeSet) {
        self.describe(&made.request);
        for change in made.set.changes {
            let id = change.logical_id.as_str();
            match change.action {
                ChangeAction::Remove => self.resources.retain(|it| it.logical_id != id),
                ChangeAction::Add | ChangeAction::Import => {
                    self.resources.retain(|it| it.logical_id != id);
                    self.resources.push(StackResource {
                        physical_id: change.physical_id.or_else(|| Some(format!("id-of-{id}"))),
                        logical_id: change.logical_id,
                        resource_type: change.resource_type,
                        status: "CREATE_COMPLETE".to_owned(),
                        status_reason: None,
                    });
                }
                ChangeAction::Modify | ChangeAction::Dynamic | ChangeAction::Sync => {}
            }
        }
    }
}
