use async_trait::async_trait;
use aws_sdk_cloudformation::types::{
    DeletionMode, EventType, Stack, StackDriftDetectionStatus, StackResourceDriftStatus,
    StackStatus as SdkStatus,
};

use super::absent::OrAbsent as _;
use super::failure::{self, incomplete};
use super::{Aws, change_sets, time};
use crate::error::Reason;
use crate::stacks::{
    ChangeSet, ChangeSetRequest, ChangeSetSummary, Deletion, DriftDetection, DriftedProperty,
    DriftedResource, Execution, StackEvent, StackResource, StackStatus, StackSummary, Stacks,
    Validation,
};
use crate::{CloudError, Result};

pub(super) const SERVICE: &str = "cloudformation";

fn failed<E>(
    operation: &'static str,
) -> impl Fn(aws_sdk_cloudformation::error::SdkError<E>) -> CloudError
where
    E: aws_sdk_cloudformation::error::ProvideErrorMetadata + std::error::Error + 'static,
{
    failure::of(SERVICE, operation)
}

#[async_trait]
impl Stacks for Aws {
    async fn stack(&self, name: &str) -> Result<Option<StackSummary>> {
        let call = self.cloudformation.describe_stacks().stack_name(name).send().await;
        let answer = call.map_err(failed("DescribeStacks")).or_absent()?;
        let found = answer.and_then(|answer| answer.stacks.unwrap_or_default().into_iter().next());
        let lives = |stack: &Stack| stack.stack_status != Some(SdkStatus::DeleteComplete);
        let found = found.filter(lives).map(summary);
        // Whoever only looks at a deployment never asks who the caller is, and must not touch another's bucket either.
        if let Some(account) = found.as_ref().and_then(|stack| account_of(&stack.id)) {
            self.account.get_or_init(|| account.to_owned());
        }
        Ok(found)
    }

    async fn stacks(&self) -> Result<Vec<StackSummary>> {
        let pages = self.cloudformation.describe_stacks().into_paginator().items().send();
        let found: Result<Vec<Stack>, _> = pages.collect().await;
        Ok(found.map_err(failed("DescribeStacks"))?.into_iter().map(summary).collect())
    }

    async fn template(&self, stack: &str) -> Result<String> {
        let call = self.cloudformation.get_template().stack_name(stack);
        let call = call.template_stage(aws_sdk_cloudformation::types::TemplateStage::Original);
        let answer = call.send().await.map_err(failed("GetTemplate"))?;
        answer.template_body.ok_or_else(|| incomplete(SERVICE, "GetTemplate", "template"))
    }

    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>> {
        let call = self.cloudformation.list_stack_resources().stack_name(stack);
        let found: Result<Vec<_>, _> = call.into_paginator().items().send().collect().await;
        let found = found.map_err(failed("ListStackResources"))?;
        Ok(found
            .into_iter()
            .map(|resource| StackResource {
                logical_id: resource.logical_resource_id.unwrap_or_default(),
                physical_id: resource.physical_resource_id.filter(|id| !id.is_empty()),
                resource_type: resource.resource_type.unwrap_or_default(),
                status: resource.resource_status.map_or_else(String::new, |it| it.as_str().into()),
                status_reason: resource.resource_status_reason,
            })
            .collect())
    }

    async fn events(&self, stack: &str, until: Option<&str>) -> Result<Vec<StackEvent>> {
        let call = self.cloudformation.describe_stack_events().stack_name(stack);
        let mut pages = call.into_paginator().items().send();
        let mut events = Vec::new();
        while let Some(event) = pages.next().await {
            let event = event.map_err(failed("DescribeStackEvents"))?;
            if until.is_some() && event.event_id.as_deref() == until {
                break;
            }
            events.push(StackEvent {
                id: event.event_id.unwrap_or_default(),
                at: event.timestamp.as_ref().map(time::ours).unwrap_or_default(),
                logical_id: event.logical_resource_id.unwrap_or_default(),
                physical_id: event.physical_resource_id.filter(|id| !id.is_empty()),
                resource_type: event.resource_type.unwrap_or_default(),
                status: event.resource_status.map_or_else(String::new, |it| it.as_str().into()),
                detailed_status: event.detailed_status.map(|it| it.as_str().into()),
                reason: event.resource_status_reason,
                token: event.client_request_token,
            });
        }
        Ok(events)
    }

    async fn create_change_set(&self, request: &ChangeSetRequest) -> Result<String> {
        change_sets::create(&self.cloudformation, request).await
    }

    async fn change_set(&self, stack: &str, id: &str) -> Result<ChangeSet> {
        change_sets::describe(&self.cloudformation, stack, id).await
    }

    async fn change_set_template(&self, stack: &str, id: &str) -> Result<String> {
        let call = self.cloudformation.get_template().stack_name(stack).change_set_name(id);
        let call = call.template_stage(aws_sdk_cloudformation::types::TemplateStage::Original);
        let answer = call.send().await.map_err(failed("GetTemplate"))?;
        answer.template_body.ok_or_else(|| incomplete(SERVICE, "GetTemplate", "template"))
    }

    async fn change_sets(&self, stack: &str) -> Result<Vec<ChangeSetSummary>> {
        change_sets::list(&self.cloudformation, stack).await
    }

    async fn validations(&self, stack: &str, change_set: &str) -> Result<Vec<Validation>> {
        let call = self.cloudformation.describe_events().stack_name(stack);
        let call = call.change_set_name(change_set);
        let found: Result<Vec<_>, _> = call.into_paginator().items().send().collect().await;
        let found = match found.map_err(failed("DescribeEvents")) {
            Err(error) if matches!(error.reason, Reason::Unsupported | Reason::NotFound) => {
                return Ok(Vec::new());
            }
            found => found?,
        };
        let failures =
            found.into_iter().filter(|event| event.event_type == Some(EventType::ValidationError));
        Ok(failures
            .map(|event| Validation {
                logical_id: event.logical_resource_id,
                path: event.validation_path,
                message: event
                    .validation_status_reason
                    .or(event.resource_status_reason)
                    .unwrap_or_else(|| event.validation_name.unwrap_or_default()),
                is_fatal: event.validation_failure_mode.is_none_or(|mode| mode.as_str() == "FAIL"),
            })
            .collect())
    }

    async fn delete_change_set(&self, stack: &str, id: &str) -> Result<()> {
        let call = self.cloudformation.delete_change_set().stack_name(stack);
        let call = call.change_set_name(id).send().await;
        call.map_err(failed("DeleteChangeSet")).or_absent().map(drop)
    }

    async fn execute(&self, stack: &str, id: &str, execution: &Execution) -> Result<()> {
        let call = self.cloudformation.execute_change_set().stack_name(stack).change_set_name(id);
        let call = call
            .client_request_token(&execution.token)
            .set_retain_except_on_create(execution.remove_what_failed.then_some(true))
            .set_disable_rollback(execution.keep_on_failure.then_some(true));
        call.send().await.map_err(failed("ExecuteChangeSet")).map(drop)
    }

    async fn delete_stack(&self, stack: &str, deletion: &Deletion) -> Result<()> {
        let call = self.cloudformation.delete_stack().stack_name(stack);
        let retain = Some(deletion.retain.clone()).filter(|retain| !retain.is_empty());
        let call = call
            .client_request_token(&deletion.token)
            .set_retain_resources(retain)
            .set_deletion_mode(deletion.force.then_some(DeletionMode::ForceDeleteStack));
        call.send().await.map_err(failed("DeleteStack")).map(drop)
    }

    async fn cancel_update(&self, stack: &str, token: &str) -> Result<()> {
        let call = self.cloudformation.cancel_update_stack().stack_name(stack);
        call.client_request_token(token).send().await.map_err(failed("CancelUpdateStack")).map(drop)
    }

    async fn continue_rollback(&self, stack: &str, skip: &[String], token: &str) -> Result<()> {
        let skip = Some(skip.to_vec()).filter(|skip| !skip.is_empty());
        let call = self.cloudformation.continue_update_rollback().stack_name(stack);
        let call = call.set_resources_to_skip(skip).client_request_token(token);
        call.send().await.map_err(failed("ContinueUpdateRollback")).map(drop)
    }

    async fn protect_stack(&self, stack: &str, protected: bool) -> Result<()> {
        let call = self.cloudformation.update_termination_protection().stack_name(stack);
        let call = call.enable_termination_protection(protected).send().await;
        call.map_err(failed("UpdateTerminationProtection")).map(drop)
    }

    async fn set_stack_policy(&self, stack: &str, policy: &str) -> Result<()> {
        let call = self.cloudformation.set_stack_policy().stack_name(stack);
        call.stack_policy_body(policy).send().await.map_err(failed("SetStackPolicy")).map(drop)
    }

    async fn stack_policy(&self, stack: &str) -> Result<Option<String>> {
        let call = self.cloudformation.get_stack_policy().stack_name(stack).send().await;
        Ok(call.map_err(failed("GetStackPolicy"))?.stack_policy_body)
    }

    async fn detect_drift(&self, stack: &str) -> Result<String> {
        let call = self.cloudformation.detect_stack_drift().stack_name(stack).send().await;
        let id = call.map_err(failed("DetectStackDrift"))?.stack_drift_detection_id;
        id.ok_or_else(|| incomplete(SERVICE, "DetectStackDrift", "id"))
    }

    async fn drift_detection(&self, id: &str) -> Result<DriftDetection> {
        const OPERATION: &str = "DescribeStackDriftDetectionStatus";
        let call = self.cloudformation.describe_stack_drift_detection_status();
        let call = call.stack_drift_detection_id(id).send().await;
        let answer = call.map_err(failed(OPERATION))?;
        Ok(match answer.detection_status {
            Some(StackDriftDetectionStatus::DetectionComplete) => {
                let count = answer.drifted_stack_resource_count.unwrap_or_default();
                DriftDetection::Done(u32::try_from(count).unwrap_or_default())
            }
            Some(StackDriftDetectionStatus::DetectionFailed) => {
                DriftDetection::Failed(answer.detection_status_reason.unwrap_or_default())
            }
            _ => DriftDetection::Pending,
        })
    }

    async fn drifted(&self, stack: &str) -> Result<Vec<DriftedResource>> {
        let statuses = [StackResourceDriftStatus::Modified, StackResourceDriftStatus::Deleted];
        let call = self.cloudformation.describe_stack_resource_drifts().stack_name(stack);
        let call = call.set_stack_resource_drift_status_filters(Some(statuses.into()));
        let mut token = None;
        let mut found = Vec::new();
        loop {
            let page = call.clone().set_next_token(token).send().await;
            let page = page.map_err(failed("DescribeStackResourceDrifts"))?;
            found.extend(page.stack_resource_drifts.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(found
            .into_iter()
            .map(|drift| DriftedResource {
                is_deleted: drift.stack_resource_drift_status
                    == Some(StackResourceDriftStatus::Deleted),
                logical_id: drift.logical_resource_id.unwrap_or_default(),
                physical_id: drift.physical_resource_id,
                resource_type: drift.resource_type.unwrap_or_default(),
                properties: drift
                    .property_differences
                    .unwrap_or_default()
                    .into_iter()
                    .map(|difference| DriftedProperty {
                        path: difference.property_path.unwrap_or_default(),
                        expected: difference.expected_value.unwrap_or_default(),
                        actual: difference.actual_value.unwrap_or_default(),
                    })
                    .collect(),
            })
            .collect())
    }
}

/// The account in an ARN, `arn:PARTITION:SERVICE:REGION:ACCOUNT:…`.
fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

fn summary(stack: Stack) -> StackSummary {
    let pairs = |tags: Vec<aws_sdk_cloudformation::types::Tag>| {
        tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value?))).collect()
    };
    StackSummary {
        id: stack.stack_id.unwrap_or_default(),
        name: stack.stack_name.unwrap_or_default(),
        status: StackStatus::new(
            stack.stack_status.map_or_else(String::new, |it| it.as_str().into()),
        ),
        status_reason: stack.stack_status_reason,
        created: stack.creation_time.as_ref().map(time::ours).unwrap_or_default(),
        updated: stack.last_updated_time.as_ref().map(time::ours),
        parameters: stack
            .parameters
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| Some((it.parameter_key?, it.parameter_value?)))
            .collect(),
        tags: pairs(stack.tags.unwrap_or_default()),
        outputs: stack
            .outputs
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| Some((it.output_key?, it.output_value?)))
            .collect(),
        protected: stack.enable_termination_protection.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::account_of;

    #[test]
    fn a_stack_says_whose_it_is() {
        let cases = [
            (
                "arn:aws:cloudformation:eu-west-1:123456789012:stack/acme-data/1a",
                Some("123456789012"),
            ),
            ("arn:aws:s3:::acme", None),
            ("acme-data", None),
            ("", None),
        ];
        for (arn, account) in cases {
            assert_eq!(account_of(arn), account, "{arn}");
        }
    }
}
