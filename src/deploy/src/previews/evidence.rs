//! Reads what a decision needs, and decides.

use cloud::Cloud;
use jiff::Timestamp;
use stack::StackKind;

use super::judge::{Bench, Evidence, examine, glance};
use super::pair::Pair;
use super::skip::Skip;
use crate::error::Result;
use crate::observe::{Observed, ObservedStack};

/// Whether what was observed may go.
///
/// # Errors
/// When AWS does not answer.
pub(super) async fn may_go(
    cloud: &dyn Cloud,
    name: &str,
    observed: &Observed,
    now: Timestamp,
) -> Result<Result<(), Skip>> {
    let summary = |stack: &Option<ObservedStack>| stack.as_ref().map(|it| it.summary.clone());
    let pair =
        Pair { name: name.to_owned(), data: summary(&observed.data), app: summary(&observed.app) };
    let bench = Bench { account: &observed.caller.account, region: cloud.region(), now };
    if let Err(skip) = glance(&pair, bench) {
        return Ok(Err(skip));
    }
    for (kind, stack) in [(StackKind::Data, &observed.data), (StackKind::App, &observed.app)] {
        let Some(stack) = stack else { continue };
        let change_sets = cloud.change_sets(&stack.summary.id).await?;
        let evidence = Evidence {
            kind,
            stack: &stack.summary,
            template: &stack.template,
            resources: &stack.resources,
            change_sets: &change_sets,
            table_protected: table_protected(cloud, stack).await?,
        };
        if let Err(skip) = examine(name, evidence, now) {
            return Ok(Err(skip));
        }
    }
    Ok(Ok(()))
}

/// Whether a table of the stack refuses to be deleted, whatever CloudFormation believes.
pub(super) async fn table_protected(cloud: &dyn Cloud, stack: &ObservedStack) -> Result<bool> {
    let tables = stack.resources.iter().filter(|it| it.resource_type == "AWS::DynamoDB::Table");
    for table in tables.filter_map(|it| it.physical_id.as_deref()) {
        if cloud.table(table).await?.is_some_and(|facts| facts.protected) {
            return Ok(true);
        }
    }
    Ok(false)
}
