use async_trait::async_trait;

use super::{Asked, Fake, FakeStack, World, rules};
use crate::{
    ChangeSet, ChangeSetRequest, ChangeSetSummary, CloudError, Deletion, DriftDetection,
    DriftedResource, Execution, Reason, Result, StackEvent, StackResource, StackSummary, Stacks,
    Validation,
};

#[async_trait]
impl Stacks for Fake {
    async fn stack(&self, name: &str) -> Result<Option<StackSummary>> {
        let mut world = self.world();
        // By ARN a stack is followed to its end and beyond.
        let id = world.stack(name).map(|stack| stack.summary.id.clone());
        let Some(id) = id else { return Ok(None) };
        world.advance(&id);
        let found = world.stack(&id).filter(|stack| !stack.is_gone());
        Ok(found.map(|stack| stack.summary.clone()))
    }

    async fn stacks(&self) -> Result<Vec<StackSummary>> {
        let world = self.world();
        let living = world.stacks.iter().filter(|stack| !stack.is_gone());
        Ok(living.map(|stack| stack.summary.clone()).collect())
    }

    async fn template(&self, stack: &str) -> Result<String> {
        Ok(found(&self.world(), "GetTemplate", stack)?.template.clone())
    }

    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>> {
        Ok(found(&self.world(), "ListStackResources", stack)?.resources.clone())
    }

    async fn events(&self, stack: &str, until: Option<&str>) -> Result<Vec<StackEvent>> {
        let world = self.world();
        let events = found(&world, "DescribeStackEvents", stack)?.events.iter().rev();
        Ok(events.take_while(|event| Some(event.id.as_str()) != until).cloned().collect())
    }

    async fn create_change_set(&self, request: &ChangeSetRequest) -> Result<String> {
        self.world().create_change_set(request)
    }

    async fn change_set(&self, stack: &str, id: &str) -> Result<ChangeSet> {
        Ok(self.world().found_change_set(stack, id)?.set.clone())
    }

    async fn change_set_template(&self, stack: &str, id: &str) -> Result<String> {
        Ok(self.world().found_change_set(stack, id)?.request.template.clone())
    }

    async fn change_sets(&self, stack: &str) -> Result<Vec<ChangeSetSummary>> {
        let world = self.world();
        let sets = world.stack(stack).into_iter().flat_map(|stack| stack.change_sets.iter().rev());
        let summary = |it: &super::FakeChangeSet| ChangeSetSummary {
            id: it.set.id.clone(),
            name: it.set.name.clone(),
            created: Some(it.created),
            status: it.set.status.clone(),
        };
        Ok(sets.map(summary).collect())
    }

    async fn validations(&self, stack: &str, change_set: &str) -> Result<Vec<Validation>> {
        Ok(self.world().found_change_set(stack, change_set)?.validations.clone())
    }

    async fn delete_change_set(&self, stack: &str, id: &str) -> Result<()> {
        let mut world = self.world();
        if let Some(stack) = world.stack_mut(stack) {
            stack.change_sets.retain(|it| it.set.id != id);
        }
        world.asked.push(Asked::Discard(stack.to_owned(), id.to_owned()));
        Ok(())
    }

    async fn execute(&self, stack: &str, id: &str, execution: &Execution) -> Result<()> {
        self.world().execute(stack, id, execution)
    }

    async fn delete_stack(&self, stack: &str, deletion: &Deletion) -> Result<()> {
        let mut world = self.world();
        // Nobody is told that there is nothing to delete.
        let Some(found) = world.stack(stack) else { return Ok(()) };
        rules::may_delete(found, deletion)?;
        let name = found.summary.name.clone();
        world.asked.push(Asked::Delete(name.clone(), deletion.clone()));
        world.begin(&name, "DELETE", &deletion.token);
        Ok(())
    }

    async fn cancel_update(&self, stack: &str, token: &str) -> Result<()> {
        let mut world = self.world();
        let found = found(&world, "CancelUpdateStack", stack)?;
        rules::may_cancel(found)?;
        let name = found.summary.name.clone();
        world.asked.push(Asked::Cancel(name.clone()));
        world.begin(&name, "UPDATE_ROLLBACK", token);
        Ok(())
    }

    async fn continue_rollback(&self, stack: &str, skip: &[String], token: &str) -> Result<()> {
        let mut world = self.world();
        let found = found(&world, "ContinueUpdateRollback", stack)?;
        rules::may_go_on(found, skip)?;
        let name = found.summary.name.clone();
        world.asked.push(Asked::GoOn(name.clone(), skip.to_vec()));
        world.begin(&name, "UPDATE_ROLLBACK", token);
        Ok(())
    }

    async fn protect_stack(&self, stack: &str, protected: bool) -> Result<()> {
        let mut world = self.world();
        let found = found_mut(&mut world, "UpdateTerminationProtection", stack)?;
        found.summary.protected = protected;
        let name = found.summary.name.clone();
        world.asked.push(Asked::Protect(name, protected));
        Ok(())
    }

    async fn set_stack_policy(&self, stack: &str, policy: &str) -> Result<()> {
        let mut world = self.world();
        let found = found_mut(&mut world, "SetStackPolicy", stack)?;
        found.policy = Some(policy.to_owned());
        let name = found.summary.name.clone();
        world.asked.push(Asked::Policy(name, policy.to_owned()));
        Ok(())
    }

    async fn stack_policy(&self, stack: &str) -> Result<Option<String>> {
        Ok(found(&self.world(), "GetStackPolicy", stack)?.policy.clone())
    }

    async fn detect_drift(&self, stack: &str) -> Result<String> {
        const OPERATION: &str = "DetectStackDrift";
        let world = self.world();
        if world.unknown.contains(OPERATION) {
            let message = format!("Could not find operation {OPERATION}");
            let (code, reason) = ("InvalidAction", Reason::Unsupported);
            return Err(CloudError::new("cloudformation", OPERATION, reason, code, message));
        }
        Ok(found(&world, OPERATION, stack)?.summary.id.clone())
    }

    async fn drift_detection(&self, id: &str) -> Result<DriftDetection> {
        let world = self.world();
        Ok(found(&world, "DescribeStackDriftDetectionStatus", id)?.drift.0.clone())
    }

    async fn drifted(&self, stack: &str) -> Result<Vec<DriftedResource>> {
        Ok(found(&self.world(), "DescribeStackResourceDrifts", stack)?.drift.1.clone())
    }
}

fn found<'a>(world: &'a World, operation: &'static str, stack: &str) -> Result<&'a FakeStack> {
    world.stack(stack).ok_or_else(|| rules::absent(operation, stack))
}

fn found_mut<'a>(
    world: &'a mut World,
    operation: &'static str,
    stack: &str,
) -> Result<&'a mut FakeStack> {
    world.stack_mut(stack).ok_or_else(|| rules::absent(operation, stack))
}
