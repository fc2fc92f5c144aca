//! Making change sets and carrying them out.

use std::collections::VecDeque;

use super::stack::UnderWay;
use super::{Answer, Asked, FakeChangeSet, FakeStack, World, rules};
use crate::{ChangeSet, ChangeSetKind, ChangeSetRequest, CloudError, Execution, Reason, Result};

impl World {
    pub(super) fn create_change_set(&mut self, request: &ChangeSetRequest) -> Result<String> {
        self.asked.push(Asked::ChangeSet(Box::new(request.clone())));
        rules::may_plan(self, request)?;
        let at = self.tick();
        if self.stack(&request.stack).is_none() {
            self.stacks.push(FakeStack::new(&request.stack, "REVIEW_IN_PROGRESS", at));
        }
        let scripted = self.answers.get_mut(&request.stack).and_then(VecDeque::pop_front);
        let answer = scripted.unwrap_or_else(|| Answer::ready(Vec::new()));
        let Some(stack) = self.stack_mut(&request.stack) else {
            return Err(rules::absent("CreateChangeSet", &request.stack));
        };
        if stack.change_sets.iter().any(|it| it.set.name == request.name) {
            let message = format!("ChangeSet [{}] already exists", request.name);
            let (code, reason) = ("AlreadyExistsException", Reason::Conflict);
            return Err(CloudError::new(
                "cloudformation",
                "CreateChangeSet",
                reason,
                code,
                message,
            ));
        }
        let id = format!(
            "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/{}/{}",
            request.name,
            at.as_second()
        );
        let set = ChangeSet {
            id: id.clone(),
            name: request.name.clone(),
            stack_id: stack.summary.id.clone(),
            status: answer.status,
            parameters: request.parameters.clone(),
            tags: request.tags.clone(),
            changes: answer.changes,
        };
        let (request, validations) = (request.clone(), answer.validations);
        stack.change_sets.push(FakeChangeSet { request, set, validations, created: at });
        Ok(id)
    }

    pub(super) fn execute(&mut self, name: &str, id: &str, execution: &Execution) -> Result<()> {
        let Some(stack) = self.stack_mut(name) else {
            return Err(rules::absent("ExecuteChangeSet", name));
        };
        rules::may_execute(stack, id)?;
        let name = stack.summary.name.clone();
        // The others go as well: they are not valid for the stack that comes out of it.
        let sets = std::mem::take(&mut stack.change_sets);
        let made = sets.into_iter().find(|it| it.set.id == id);
        let creates = made.as_ref().is_some_and(|it| it.request.kind == ChangeSetKind::Create);
        if let Some(made) = made.as_ref().filter(|_| creates) {
            // Also where the creation fails, the stack says whose it is.
            stack.describe(&made.request);
        }
        let (steps, token) = (VecDeque::new(), String::new());
        stack.under_way = Some(UnderWay { steps, token, becomes: made });
        self.asked.push(Asked::Execute(name.clone(), execution.clone()));
        self.begin(&name, if creates { "CREATE" } else { "UPDATE" }, &execution.token);
        Ok(())
    }

    pub(super) fn found_change_set(&self, stack: &str, id: &str) -> Result<&FakeChangeSet> {
        let sets = self.stack(stack).into_iter().flat_map(|stack| &stack.change_sets);
        let found = sets.into_iter().find(|it| it.set.id == id);
        found.ok_or_else(|| {
            let message = format!("ChangeSet [{id}] does not exist");
            let (code, reason) = ("ChangeSetNotFound", Reason::NotFound);
            CloudError::new("cloudformation", "DescribeChangeSet", reason, code, message)
        })
    }
}
