//! Takes a deployment down: says what dies and what stays, empties what the blueprint calls disposable, and leaves
//! the rest for the next `up` to adopt.

use cloud::{BucketContents, Deletion, StackStatus};
use serde::Serialize;
use serde_json::Value;

use crate::deployer::Deployer;
use crate::error::{DeployError, Result};
use crate::events::{Event, Step};
use crate::follow::{self, Operation, What};
use crate::observe::{Observed, ObservedStack, observe};
use crate::plan::Kind;
use crate::planner;

/// Versions counted in each bucket before "more than" is said.
const COUNTED: u64 = 100_000;

/// Deletions of one stack that are tried, each after emptying what has come in meanwhile: load balancer and buckets
/// write their logs with delay.
const ATTEMPTS: u32 = 3;

/// What a `down` would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Destruction {
    /// Name of the deployment.
    pub name: String,
    /// AWS account.
    pub account: String,
    /// AWS Region.
    pub region: String,
    /// Whether a person has to type the name.
    pub is_protected: bool,
    /// The stacks that go, in the order in which they go, with the number of their resources.
    pub stacks: Vec<(String, usize)>,
    /// Data that is gone afterwards.
    pub loses: Vec<Holding>,
    /// Data that stays, and is adopted by the next `up`.
    pub keeps: Vec<Holding>,
}

/// A bucket, a table or a key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Holding {
    /// Id in the template.
    pub logical_id: String,
    /// For example `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Id in the world.
    pub physical_id: String,
    /// Objects, or items as DynamoDB last counted them.
    pub count: u64,
    /// Earlier versions and delete markers of objects.
    pub versions: u64,
    /// Bytes.
    pub bytes: u64,
    /// Whether there is more than was counted.
    pub is_partial: bool,
}

/// What a `down` has come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Destroyed {
    /// Stacks that are gone.
    pub stacks: Vec<String>,
    /// What CloudFormation has left in the world, by logical id and physical id.
    pub left: Vec<(String, String)>,
}

/// Works out what a `down` would do, with the world as it is now.
///
/// # Errors
/// When AWS does not answer, there is no such deployment, or it is busy.
pub async fn plan(deployer: &Deployer<'_>) -> Result<(Destruction, Observed)> {
    let deployment = deployer.deployment();
    let observed = deployer.step(Step::Observe, observe(deployer.cloud, deployment)).await?;
    let stacks = [&observed.app, &observed.data];
    let there: Vec<&ObservedStack> = stacks.into_iter().flatten().collect();
    if there.is_empty() {
        return Err(DeployError::Absent { name: deployment.name.to_string() });
    }
    for stack in &there {
        planner::refuse_foreign(deployer, stack).await?;
        if stack.summary.status.is_in_progress() {
            return Err(DeployError::Busy {
                stack: stack.summary.name.clone(),
                status: stack.summary.status.clone(),
                since: stack.summary.last_change(),
            });
        }
    }
    let destruction = destruction(deployer, &observed, Counting::Contents).await?;
    Ok((destruction, observed))
}

/// Whether buckets are counted, which takes a call for each thousand objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    /// For somebody who is going to read it.
    Contents,
    /// For nobody.
    Nothing,
}

/// What taking down what was observed would do.
pub(crate) async fn destruction(
    deployer: &Deployer<'_>,
    observed: &Observed,
    counting: Counting,
) -> Result<Destruction> {
    let deployment = deployer.deployment();
    let there: Vec<&ObservedStack> =
        [&observed.app, &observed.data].into_iter().flatten().collect();
    let mut loses = Vec::new();
    let mut keeps = Vec::new();
    if let Some(data) = &observed.data {
        for resource in data.resources.iter().filter(|it| it.status != "DELETE_COMPLETE") {
            let Some(physical) = &resource.physical_id else { continue };
            let kind = resource.resource_type.as_str();
            let id = &resource.logical_id;
            let Some(holding) = holding(deployer, id, kind, physical, counting).await? else {
                continue;
            };
            match is_disposable(data, &resource.logical_id) {
                true => loses.push(holding),
                false => keeps.push(holding),
            }
        }
    }
    let count = |stack: &&ObservedStack| (stack.summary.name.clone(), stack.physical_ids().len());
    Ok(Destruction {
        name: deployment.name.to_string(),
        account: observed.caller.account.clone(),
        region: deployer.cloud.region().to_owned(),
        is_protected: deployment.protect || there.iter().any(|stack| stack.summary.protected),
        stacks: there.iter().map(count).collect(),
        loses,
        keeps,
    })
}

/// Carries it out. `typed` is the name as a person typed it; no flag stands for it where the deployment is protected.
///
/// # Errors
/// When it is protected and the name was not typed, and when something cannot be removed; a second run goes on.
pub async fn destroy(
    deployer: &Deployer<'_>,
    destruction: &Destruction,
    observed: &Observed,
    typed: Option<&str>,
) -> Result<Destroyed> {
    carry_out(deployer, destruction, observed, typed, First::Empty, async |_| Ok(())).await
}

/// The same as long as `may` has nothing against it, which is asked right before anything of a stack goes. Buckets are
/// emptied only once the removal of their stack has begun: from then on CloudFormation refuses every change of it, so
/// that nobody brings it back to life while it is being emptied.
pub(crate) async fn destroy_while(
    deployer: &Deployer<'_>,
    destruction: &Destruction,
    observed: &Observed,
    may: impl AsyncFn(&ObservedStack) -> Result<()>,
) -> Result<Destroyed> {
    carry_out(deployer, destruction, observed, None, First::Remove, may).await
}

/// What is done first to a stack with full buckets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// Quicker: the removal then goes through at once.
    Empty,
    /// Safer: the removal fails at the buckets, and keeps everybody else away from then on.
    Remove,
}

async fn carry_out(
    deployer: &Deployer<'_>,
    destruction: &Destruction,
    observed: &Observed,
    typed: Option<&str>,
    first: First,
    may: impl AsyncFn(&ObservedStack) -> Result<()>,
) -> Result<Destroyed> {
    if destruction.is_protected && typed != Some(destruction.name.as_str()) {
        return Err(DeployError::Protected { name: destruction.name.clone() });
    }
    let mut destroyed = Destroyed { stacks: Vec::new(), left: Vec::new() };
    if let Some(app) = &observed.app {
        may(app).await?;
        let work = remove(deployer, Kind::App, app, &[]);
        let left = deployer.step(Step::RemoveApp, work).await?;
        destroyed.stacks.push(app.summary.name.clone());
        destroyed.left.extend(left);
    }
    if let Some(data) = &observed.data {
        may(data).await?;
        let buckets: Vec<&str> = destruction
            .loses
            .iter()
            .filter(|holding| holding.resource_type == "AWS::S3::Bucket")
            .map(|holding| holding.physical_id.as_str())
            .collect();
        // What failed to go before is nobody's to change any more.
        if first == First::Empty || data.summary.status.is_delete_failed() {
            deployer.step(Step::Empty, empty(deployer, &buckets)).await?;
        }
        for table in
            destruction.loses.iter().filter(|it| it.resource_type == "AWS::DynamoDB::Table")
        {
            let facts = deployer.cloud.table(&table.physical_id).await?;
            if facts.is_some_and(|facts| facts.protected) {
                deployer.cloud.protect_table(&table.physical_id, false).await?;
            }
        }
        let work = remove(deployer, Kind::Data, data, &buckets);
        let left = deployer.step(Step::RemoveData, work).await?;
        destroyed.stacks.push(data.summary.name.clone());
        destroyed.left.extend(left);
    }
    Ok(destroyed)
}

async fn holding(
    deployer: &Deployer<'_>,
    logical_id: &str,
    resource_type: &str,
    physical_id: &str,
    counting: Counting,
) -> Result<Option<Holding>> {
    let mut holding = Holding {
        logical_id: logical_id.to_owned(),
        resource_type: resource_type.to_owned(),
        physical_id: physical_id.to_owned(),
        count: 0,
        versions: 0,
        bytes: 0,
        is_partial: false,
    };
    match resource_type {
        "AWS::S3::Bucket" | "AWS::DynamoDB::Table" if counting == Counting::Nothing => {}
        "AWS::S3::Bucket" => {
            let contents = match deployer.cloud.bucket_contents(physical_id, COUNTED).await {
                // Removed by hand: the stack only believes that it has it.
                Err(error) if error.reason == cloud::Reason::NotFound => BucketContents::default(),
                contents => contents?,
            };
            holding.count = contents.objects;
            holding.versions = contents.versions;
            holding.bytes = contents.bytes;
            holding.is_partial = contents.is_partial;
        }
        "AWS::DynamoDB::Table" => {
            if let Some(table) = deployer.cloud.table(physical_id).await? {
                holding.count = table.items;
                holding.bytes = table.bytes;
            }
        }
        "AWS::KMS::Key" | "AWS::SES::EmailIdentity" => {}
        _ => return Ok(None),
    }
    Ok(Some(holding))
}

/// As the deployed template says, not as the blueprint would have it now: what was promised then holds.
pub(crate) fn is_disposable_in(template: &str, logical_id: &str) -> bool {
    let template: Value = serde_json::from_str(template).unwrap_or_default();
    let policy = &template["Resources"][logical_id]["DeletionPolicy"];
    // CloudFormation deletes where nothing is said; a template that cannot be read promises everything.
    match template["Resources"].get(logical_id) {
        None => false,
        Some(_) => policy.as_str().is_none_or(|policy| policy == "Delete"),
    }
}

fn is_disposable(stack: &ObservedStack, logical_id: &str) -> bool {
    is_disposable_in(&stack.template, logical_id)
}

/// Empties buckets side by side.
pub(crate) async fn empty(deployer: &Deployer<'_>, buckets: &[&str]) -> Result<()> {
    let one = async |bucket: &str| -> Result<()> {
        let mut removed = 0;
        loop {
            let step = match deployer.cloud.empty_some(bucket).await {
                Err(error) if error.reason == cloud::Reason::NotFound => return Ok(()),
                step => step?,
            };
            removed += step.removed;
            if step.removed > 0 {
                deployer.tell(Event::Emptied { bucket: bucket.to_owned(), removed });
            }
            if !step.has_more {
                return Ok(());
            }
        }
    };
    futures::future::try_join_all(buckets.iter().map(|bucket| one(bucket))).await?;
    Ok(())
}

/// Deletes a stack; the ids of what it left. `buckets` are emptied again where that is what stands in the way.
async fn remove(
    deployer: &Deployer<'_>,
    kind: Kind,
    stack: &ObservedStack,
    buckets: &[&str],
) -> Result<Vec<(String, String)>> {
    let summary = &stack.summary;
    if summary.protected {
        deployer.cloud.protect_stack(&summary.id, false).await?;
    }
    let mut left = Vec::new();
    for attempt in 1.. {
        let newest = deployer.cloud.events(&summary.id, None).await?.into_iter().next();
        let operation = Operation {
            kind,
            stack: summary.id.clone(),
            name: summary.name.clone(),
            after: newest.map(|event| event.id),
            what: What::Delete,
        };
        let token = deployer.token(&format!("{}-delete{attempt}", summary.name));
        let deletion = Deletion { token, ..Deletion::default() };
        deployer.cloud.delete_stack(&summary.id, &deletion).await?;
        let ended = follow::follow(deployer, &operation).await?;
        let skipped = ended.events.iter().filter(|event| event.status == "DELETE_SKIPPED");
        left.extend(
            skipped.filter_map(|it| Some((it.logical_id.clone(), it.physical_id.clone()?))),
        );
        if ended.status == StackStatus::new("DELETE_COMPLETE") {
            break;
        }
        if attempt >= ATTEMPTS {
            return Err(follow::failure(deployer, &operation, &ended));
        }
        deployer.trouble(format!(
            "{} could not be removed completely; trying the rest again.",
            summary.name
        ));
        empty(deployer, buckets).await?;
    }
    left.sort();
    left.dedup();
    Ok(left)
}
