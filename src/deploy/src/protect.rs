//! Protection of a production deployment: termination protection and a stack policy by API, the table's as a
//! parameter. On after the first verification, because before they would keep a failed creation from cleaning up.

use cloud::{ChangeAction, Replacement};
use serde_json::json;
use stack::StackKind;

use crate::apply::execute;
use crate::deployer::Deployer;
use crate::error::{DeployError, Result};
use crate::events::Step;
use crate::follow::What;
use crate::plan::Kind;
use crate::planner::{self, Planning, Prepared};

/// What no update may replace or delete as long as the policy stands.
const PRECIOUS: &[&str] = &["Content", "Artifacts", "Logs", "Metadata", "Key"];

/// Lifts the stack policy and the table's protection for replacements and removals that were approved. Whether there
/// was anything to lift.
///
/// # Errors
/// When AWS does not answer.
pub(crate) async fn lift(deployer: &Deployer<'_>, prepared: &Prepared) -> Result<bool> {
    let Some(data) = prepared.observed.data.as_ref().filter(|data| data.summary.protected) else {
        return Ok(false);
    };
    let changes = prepared.plan.stacks.iter().flat_map(|stack| &stack.changes);
    let losses: Vec<&str> = changes
        .filter(|change| PRECIOUS.contains(&change.logical_id.as_str()))
        .filter(|change| {
            matches!(change.action, ChangeAction::Remove | ChangeAction::Dynamic)
                || change.replacement != Replacement::Never
        })
        .map(|change| change.logical_id.as_str())
        .collect();
    if losses.is_empty() {
        return Ok(false);
    }
    deployer.note(format!("Lifting the protection of {} for this change.", losses.join(", ")));
    deployer.cloud.set_stack_policy(&data.summary.id, &policy(&[])).await?;
    if losses.contains(&"Metadata")
        && let Some(table) = data.physical_ids().get("Metadata")
    {
        deployer.cloud.protect_table(table, false).await?;
    }
    Ok(true)
}

/// Puts back what was lifted.
pub(crate) async fn restore(deployer: &Deployer<'_>, prepared: &Prepared) -> Result<()> {
    let name = &prepared.rendered.data.name;
    if deployer.cloud.stack(name).await?.is_none() {
        return Ok(());
    }
    deployer.cloud.set_stack_policy(name, &policy(PRECIOUS)).await?;
    // After a rollback the table is the old one, and CloudFormation believes that it is protected.
    if deployer.deployment().database.protect
        && let Some(table) = unprotected_table(deployer, name).await?
    {
        deployer.cloud.protect_table(&table, true).await?;
    }
    Ok(())
}

/// The table of the data stack, if it is there and lets itself be deleted.
async fn unprotected_table(deployer: &Deployer<'_>, stack: &str) -> Result<Option<String>> {
    let stack = deployer.cloud.stack(stack).await?;
    let Some(table) = stack.and_then(|stack| stack.outputs.get("Table").cloned()) else {
        return Ok(None);
    };
    let facts = deployer.cloud.table(&table).await?;
    Ok(facts.filter(|facts| !facts.protected).map(|_| table))
}

/// Brings protection to what the blueprint says. Whether anything had to be done.
///
/// # Errors
/// When AWS does not answer, or the table's protection cannot be changed.
pub(crate) async fn after_verification(
    deployer: &Deployer<'_>,
    prepared: &Prepared,
) -> Result<bool> {
    let wanted = deployer.deployment().protect;
    let rendered = &prepared.rendered;
    let mut todo = Vec::new();
    for stack in [&rendered.data, &rendered.app] {
        let summary = deployer.cloud.stack(&stack.name).await?;
        if summary.is_some_and(|summary| summary.protected != wanted) {
            todo.push(&stack.name);
        }
    }
    // Also where a run was ended while the policy was lifted.
    let precious = if wanted { PRECIOUS } else { &[] };
    let wanted_policy = policy(precious);
    let deployed_policy = deployer.cloud.stack_policy(&rendered.data.name).await?;
    let policy_todo = match &deployed_policy {
        None => wanted,
        Some(deployed) => !is_same(deployed, &wanted_policy),
    };
    let table = prepared.rendered.data.parameters.get("TableProtection").map(String::as_str);
    let table_todo = deployer.deployment().database.protect && table == Some("false");
    // CloudFormation believes that it is on; a run that was ended half-way may have left it off.
    let lost = match table {
        Some("true") => unprotected_table(deployer, &rendered.data.name).await?,
        _ => None,
    };
    if todo.is_empty() && !policy_todo && !table_todo && lost.is_none() {
        return Ok(false);
    }
    let work = async {
        if policy_todo {
            deployer.cloud.set_stack_policy(&rendered.data.name, &wanted_policy).await?;
        }
        for name in &todo {
            deployer.cloud.protect_stack(name, wanted).await?;
        }
        if let Some(table) = &lost {
            deployer.cloud.protect_table(table, true).await?;
        }
        if table_todo {
            protect_table(deployer, prepared).await?;
        }
        Ok::<(), DeployError>(())
    };
    deployer.step(Step::Protect, work).await?;
    Ok(true)
}

/// A second, small update of the data stack.
async fn protect_table(deployer: &Deployer<'_>, prepared: &Prepared) -> Result<()> {
    let mut wanted = prepared.rendered.data.clone();
    wanted.parameters.insert("TableProtection".to_owned(), "true".to_owned());
    let observed = crate::observe::observe(deployer.cloud, deployer.deployment()).await?;
    let run = format!("{}p", deployer.run);
    let deployer = Deployer { run: &run, ..*deployer };
    let planning = Planning { keep: true, ..Planning::default() };
    let set = planner::change_set(&deployer, planning, &observed, StackKind::Data, &wanted).await?;
    if set.status == cloud::ChangeSetStatus::Empty {
        return Ok(deployer.cloud.delete_change_set(&wanted.name, &set.id).await?);
    }
    execute(&deployer, Kind::Data, &wanted.name, &set.id, What::Update).await
}

/// The same JSON, however it is written.
fn is_same(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    read(one).is_some_and(|value| Some(value) == read(other))
}

/// Everything is allowed but replacing and deleting these. A stack policy cannot be taken away again, only replaced
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>).
fn policy(precious: &[&str]) -> String {
    let mut statements =
        vec![json!({"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"})];
    if !precious.is_empty() {
        let resources: Vec<String> =
            precious.iter().map(|id| format!("LogicalResourceId/{id}")).collect();
        statements.push(json!({
            "Effect": "Deny",
            "Action": ["Update:Replace", "Update:Delete"],
            "Principal": "*",
            "Resource": resources,
        }));
    }
    json!({ "Statement": statements }).to_string()
}
