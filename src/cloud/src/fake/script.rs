use std::collections::VecDeque;

use super::World;
use super::stack::UnderWay;
use crate::{StackEvent, StackResource, StackStatus};

/// What an operation on a stack comes to, step by step. The call that begins it takes the first step, and each look at
/// the stack one more.
#[derive(Clone, Debug, Default)]
pub struct Script(VecDeque<Happening>);

/// A step.
#[derive(Clone, Debug)]
pub enum Happening {
    /// The stack gets this status, for this reason.
    Stack(String, Option<String>),
    /// A resource gets this status, for this reason.
    Resource(String, String, Option<String>),
    /// Something else happens in the world.
    Elsewhere(fn(&mut World)),
}

impl Script {
    /// The stack gets this status.
    #[must_use]
    pub fn stack(self, status: &str) -> Self {
        self.then(Happening::Stack(status.to_owned(), None))
    }

    /// The stack gets this status, for this reason.
    #[must_use]
    pub fn stack_because(self, status: &str, reason: &str) -> Self {
        self.then(Happening::Stack(status.to_owned(), Some(reason.to_owned())))
    }

    /// A resource gets this status.
    #[must_use]
    pub fn resource(self, logical_id: &str, status: &str) -> Self {
        self.then(Happening::Resource(logical_id.to_owned(), status.to_owned(), None))
    }

    /// A resource gets this status, for this reason.
    #[must_use]
    pub fn resource_because(self, logical_id: &str, status: &str, reason: &str) -> Self {
        let reason = Some(reason.to_owned());
        self.then(Happening::Resource(logical_id.to_owned(), status.to_owned(), reason))
    }

    /// Something else happens.
    #[must_use]
    pub fn elsewhere(self, what: fn(&mut World)) -> Self {
        self.then(Happening::Elsewhere(what))
    }

    fn then(mut self, happening: Happening) -> Self {
        self.0.push_back(happening);
        self
    }
}

impl World {
    /// Takes the first step of the operation that is scripted next for a stack, or else of one that only succeeds.
    pub(super) fn begin(&mut self, stack: &str, kind: &str, token: &str) {
        let scripted = self.scripts.get_mut(stack).and_then(VecDeque::pop_front);
        let script = scripted.unwrap_or_else(|| {
            let [begun, done] = ["IN_PROGRESS", "COMPLETE"].map(|end| format!("{kind}_{end}"));
            Script::default().stack(&begun).stack(&done)
        });
        if let Some(stack) = self.stack_mut(stack) {
            let becomes = stack.under_way.take().and_then(|it| it.becomes);
            stack.under_way = Some(UnderWay { steps: script.0, token: token.to_owned(), becomes });
        }
        self.advance(stack);
    }

    /// One step further. Whoever looks at a stack sees it move.
    pub(super) fn advance(&mut self, name: &str) {
        let Some(under_way) = self.stack_mut(name).and_then(|it| it.under_way.as_mut()) else {
            return;
        };
        let token = under_way.token.clone();
        match under_way.steps.pop_front() {
            None => {}
            Some(Happening::Elsewhere(what)) => what(self),
            Some(Happening::Stack(status, reason)) => self.stack_is(name, status, reason, token),
            Some(Happening::Resource(id, status, reason)) => {
                self.resource_is(name, &id, status, reason, token);
            }
        }
    }

    fn stack_is(&mut self, name: &str, status: String, reason: Option<String>, token: String) {
        let at = self.tick();
        let Some(stack) = self.stack_mut(name) else { return };
        let summary = &mut stack.summary;
        if status == "UPDATE_IN_PROGRESS" {
            summary.updated = Some(at);
        }
        stack.events.push(StackEvent {
            id: format!("{}-{}", summary.name, at.as_second()),
            at,
            logical_id: summary.name.clone(),
            physical_id: Some(summary.id.clone()),
            resource_type: "AWS::CloudFormation::Stack".to_owned(),
            status: status.clone(),
            detailed_status: None,
            reason: reason.clone(),
            token: Some(token),
        });
        summary.status = StackStatus::new(status);
        summary.status_reason = reason;
        if !summary.status.is_in_progress()
            && let Some(ended) = stack.under_way.take()
            && stack.summary.status.is_success()
            && let Some(made) = ended.becomes
        {
            stack.become_of(made);
        }
    }

    fn resource_is(
        &mut self,
        name: &str,
        logical_id: &str,
        status: String,
        reason: Option<String>,
        token: String,
    ) {
        let at = self.tick();
        let Some(stack) = self.stack_mut(name) else { return };
        if stack.resource_mut(logical_id).is_none() {
            let planned = stack.under_way.as_ref().and_then(|it| it.becomes.as_ref());
            let mut changes = planned.into_iter().flat_map(|planned| &planned.set.changes);
            let change = changes.find(|change| change.logical_id == logical_id);
            stack.resources.push(StackResource {
                logical_id: logical_id.to_owned(),
                physical_id: change.and_then(|change| change.physical_id.clone()),
                resource_type: change.map_or_else(String::new, |it| it.resource_type.clone()),
                status: String::new(),
                status_reason: None,
            });
        }
        let stack_name = stack.summary.name.clone();
        let Some(resource) = stack.resource_mut(logical_id) else { return };
        resource.status.clone_from(&status);
        resource.status_reason.clone_from(&reason);
        let event = StackEvent {
            id: format!("{stack_name}-{}", at.as_second()),
            at,
            logical_id: logical_id.to_owned(),
            physical_id: resource.physical_id.clone(),
            resource_type: resource.resource_type.clone(),
            status,
            detailed_status: None,
            reason,
            token: Some(token),
        };
        stack.events.push(event);
    }
}
