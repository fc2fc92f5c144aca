use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, Change, ChangeAction as SdkAction, ChangeSetStatus as SdkStatus, ChangeSetType,
    DeploymentConfig, DeploymentConfigMode, DeploymentMode, ExecutionStatus, OnStackFailure,
    Parameter, PolicyAction as SdkPolicy, Replacement as SdkReplacement, RequiresRecreation,
    ResourceChangeDetail, RollbackConfiguration, RollbackTrigger, Tag,
};

use super::failure::{self, incomplete};
use super::stacks::SERVICE;
use super::time;
use crate::error::Reason;
use crate::stacks::{
    ChangeAction, ChangeDetail, ChangeSet, ChangeSetKind, ChangeSetRequest, ChangeSetStatus,
    ChangeSetSummary, PolicyAction, Replacement, ResourceChange,
};
use crate::{CloudError, Result};

fn failed<E>(operation: &'static str) -> impl Fn(SdkError<E>) -> CloudError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    failure::of(SERVICE, operation)
}

pub(super) async fn create(client: &Client, request: &ChangeSetRequest) -> Result<String> {
    const OPERATION: &str = "CreateChangeSet";
    let parameters = request.parameters.iter().map(|(name, value)| {
        Parameter::builder().parameter_key(name).parameter_value(value).build()
    });
    let tags = request.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    // Express mode does not roll back by itself unless it is told to.
    let express = DeploymentConfig::builder().mode(DeploymentConfigMode::Express);
    let express = || express.disable_rollback(false).build();
    let call = client
        .create_change_set()
        .stack_name(&request.stack)
        .change_set_name(&request.name)
        .client_token(&request.token)
        .template_body(&request.template)
        .set_parameters(Some(parameters.collect()))
        .set_tags(Some(tags.collect()))
        .capabilities(Capability::CapabilityIam)
        .change_set_type(match request.kind {
            ChangeSetKind::Create => ChangeSetType::Create,
            ChangeSetKind::Update => ChangeSetType::Update,
        })
        .set_role_arn(request.role.clone())
        .set_rollback_configuration(rollback(request))
        .set_on_stack_failure(request.delete_on_failure.then_some(OnStackFailure::Delete))
        .set_import_existing_resources(request.import_existing.then_some(true))
        .set_deployment_mode(request.revert_drift.then_some(DeploymentMode::RevertDrift))
        .set_deployment_config(request.express.then(express));
    match call.send().await.map_err(failed(OPERATION)) {
        Ok(answer) => answer.id.ok_or_else(|| incomplete(SERVICE, OPERATION, "id")),
        // The name is this run's own: an earlier attempt got through and its answer was lost.
        Err(error) if error.has_code("AlreadyExistsException") => {
            match describe(client, &request.stack, &request.name).await {
                Ok(found) => Ok(found.id),
                Err(_) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// Without one CloudFormation goes on with the triggers of the operation before.
fn rollback(request: &ChangeSetRequest) -> Option<RollbackConfiguration> {
    let triggers = request.rollback_triggers.as_ref()?;
    let trigger =
        |arn: &String| RollbackTrigger::builder().arn(arn).r#type("AWS::CloudWatch::Alarm").build();
    let triggers = triggers.iter().map(trigger).collect();
    let configuration = RollbackConfiguration::builder().set_rollback_triggers(Some(triggers));
    Some(configuration.monitoring_time_in_minutes(0).build())
}

/// All pages of it.
pub(super) async fn describe(client: &Client, stack: &str, id: &str) -> Result<ChangeSet> {
    let call = client
        .describe_change_set()
        .change_set_name(id)
        .stack_name(stack)
        .include_property_values(true);
    let page = |token: Option<String>| call.clone().set_next_token(token).send();
    let mut first = page(None).await.map_err(failed("DescribeChangeSet"))?;
    let mut changes = first.changes.take().unwrap_or_default();
    let mut token = first.next_token.take();
    while token.is_some() {
        let next = page(token).await.map_err(failed("DescribeChangeSet"))?;
        changes.extend(next.changes.unwrap_or_default());
        token = next.next_token;
    }
    Ok(ChangeSet {
        status: status(&first),
        id: first.change_set_id.unwrap_or_else(|| id.to_owned()),
        name: first.change_set_name.unwrap_or_default(),
        stack_id: first.stack_id.unwrap_or_default(),
        parameters: first
            .parameters
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| Some((it.parameter_key?, it.parameter_value?)))
            .collect(),
        tags: first
            .tags
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| Some((it.key?, it.value?)))
            .collect(),
        changes: changes.into_iter().filter_map(change).collect(),
    })
}

pub(super) async fn list(client: &Client, stack: &str) -> Result<Vec<ChangeSetSummary>> {
    let call = client.list_change_sets().stack_name(stack);
    let found: Result<Vec<_>, _> = call.into_paginator().items().send().collect().await;
    let found = match found.map_err(failed("ListChangeSets")) {
        Err(error) if error.reason == Reason::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let mut found: Vec<ChangeSetSummary> = found
        .into_iter()
        .map(|it| ChangeSetSummary {
            id: it.change_set_id.unwrap_or_default(),
            name: it.change_set_name.unwrap_or_default(),
            created: it.creation_time.as_ref().map(time::ours),
            status: status_of(it.status.as_ref(), it.execution_status.as_ref(), it.status_reason),
        })
        .collect();
    found.sort_by_key(|summary| std::cmp::Reverse(summary.created));
    Ok(found)
}

fn status(answer: &DescribeChangeSetOutput) -> ChangeSetStatus {
    let reason = answer.status_reason.clone();
    status_of(answer.status.as_ref(), answer.execution_status.as_ref(), reason)
}

fn status_of(
    status: Option<&SdkStatus>,
    execution: Option<&ExecutionStatus>,
    reason: Option<String>,
) -> ChangeSetStatus {
    match (status, execution) {
        (Some(SdkStatus::Failed), _) => failed_status(reason.unwrap_or_default()),
        (Some(SdkStatus::CreateComplete), Some(ExecutionStatus::Available) | None) => {
            ChangeSetStatus::Ready
        }
        (Some(SdkStatus::CreateComplete), Some(spent)) => {
            ChangeSetStatus::Spent(spent.as_str().to_owned())
        }
        (Some(SdkStatus::CreatePending | SdkStatus::CreateInProgress) | None, _) => {
            ChangeSetStatus::Pending
        }
        (Some(other), _) => ChangeSetStatus::Spent(other.as_str().to_owned()),
    }
}

/// An empty change set is a failed one with one of two sentences
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets-view.html>).
fn failed_status(reason: String) -> ChangeSetStatus {
    let empty = ["didn't contain changes", "No updates are to be performed"];
    if empty.iter().any(|sign| reason.contains(sign)) {
        ChangeSetStatus::Empty
    } else {
        ChangeSetStatus::Failed(reason)
    }
}

fn change(change: Change) -> Option<ResourceChange> {
    let change = change.resource_change?;
    Some(ResourceChange {
        logical_id: change.logical_resource_id.unwrap_or_default(),
        physical_id: change.physical_resource_id.filter(|id| !id.is_empty()),
        resource_type: change.resource_type.unwrap_or_default(),
        action: action(change.action.as_ref()?),
        replacement: match change.replacement {
            Some(SdkReplacement::True) => Replacement::Always,
            Some(SdkReplacement::Conditional) => Replacement::Conditional,
            _ => Replacement::Never,
        },
        policy: change.policy_action.as_ref().and_then(policy),
        details: change.details.unwrap_or_default().into_iter().filter_map(detail).collect(),
        before: change.before_context,
        after: change.after_context,
    })
}

fn action(action: &SdkAction) -> ChangeAction {
    match action {
        SdkAction::Add => ChangeAction::Add,
        SdkAction::Modify => ChangeAction::Modify,
        SdkAction::Remove => ChangeAction::Remove,
        SdkAction::Import => ChangeAction::Import,
        SdkAction::SyncWithActual => ChangeAction::Sync,
        // What this release does not know can do anything.
        _ => ChangeAction::Dynamic,
    }
}

fn policy(policy: &SdkPolicy) -> Option<PolicyAction> {
    Some(match policy {
        SdkPolicy::Delete => PolicyAction::Delete,
        SdkPolicy::Retain => PolicyAction::Retain,
        SdkPolicy::Snapshot => PolicyAction::Snapshot,
        SdkPolicy::ReplaceAndDelete => PolicyAction::ReplaceAndDelete,
        SdkPolicy::ReplaceAndRetain => PolicyAction::ReplaceAndRetain,
        SdkPolicy::ReplaceAndSnapshot => PolicyAction::ReplaceAndSnapshot,
        _ => return None,
    })
}

fn detail(detail: ResourceChangeDetail) -> Option<ChangeDetail> {
    let target = detail.target?;
    Some(ChangeDetail {
        attribute: target.attribute.map_or_else(String::new, |it| it.as_str().to_owned()),
        property: target.path.filter(|path| !path.is_empty()).or(target.name),
        recreation: match target.requires_recreation {
            Some(RequiresRecreation::Always) => Replacement::Always,
            Some(RequiresRecreation::Conditionally) => Replacement::Conditional,
            _ => Replacement::Never,
        },
        before: target.before_value,
        after: target.after_value,
        cause: detail.causing_entity,
    })
}
