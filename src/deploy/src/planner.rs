//! From what there is and what is wanted to a plan, and to the change sets behind it.

use blueprint::Deployment;
use cloud::{ChangeSet, ChangeSetKind, ChangeSetRequest, ChangeSetStatus, Reason};
use futures::future::try_join;
use stack::{DIGEST_OUTPUT, Rendered, Stack, StackKind};

use crate::deployer::Deployer;
use crate::diff::{self, Deployed};
use crate::error::{DeployError, Result};
use crate::events::Step;
use crate::explain;
use crate::observe::{Observed, ObservedStack, glance, observe};
use crate::plan::{
    Change, ChangeAction, Kind, Notice, Operation, Plan, ReleasePlan, Source, StackPlan, Values,
};
use crate::release::{Release, architecture_name};
use crate::{drift, gate, lookup, notices};

/// How much to ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planning {
    /// Make change sets and keep them, so that an `apply` carries out exactly what was shown.
    pub keep: bool,
    /// Make change sets for stacks that do not exist yet as well, which leaves them in review.
    pub seal: bool,
    /// Make no change sets: compare templates only.
    pub quick: bool,
    /// Ask for the two stacks and nothing else, as long as their templates are the wanted ones. Implies `quick`.
    pub glance: bool,
    /// Take the newest image instead of the deployed one.
    pub renew_image: bool,
    /// Let no alarm undo it: the one that rings may be the reason for it.
    pub without_alarms: bool,
    /// Look for what was changed past `syncctl`.
    pub drift: bool,
    /// Undo drift with the change.
    pub revert_drift: bool,
}

/// A plan with everything that an `apply` needs.
#[derive(Debug)]
pub struct Prepared {
    /// What would be done.
    pub plan: Plan,
    /// What there is.
    pub observed: Observed,
    /// What there would be.
    pub rendered: Rendered,
    /// ARNs of the change sets that were kept, by stack.
    pub change_sets: Vec<(StackKind, String)>,
}

impl Prepared {
    /// One of the stacks as it would be.
    #[must_use]
    pub fn rendered_stack(&self, kind: StackKind) -> &Stack {
        match kind {
            StackKind::Data => &self.rendered.data,
            StackKind::App => &self.rendered.app,
        }
    }

    /// The change set kept for a stack.
    #[must_use]
    pub fn change_set(&self, kind: StackKind) -> Option<&str> {
        let kept = self.change_sets.iter().find(|(of, _)| *of == kind);
        kept.map(|(_, id)| id.as_str())
    }
}

/// Works out a plan. Leaves nothing behind unless change sets are to be kept.
///
/// # Errors
/// When AWS does not answer, a stack is busy, stuck or somebody else's, or CloudFormation refuses the change.
pub async fn prepare(deployer: &Deployer<'_>, planning: Planning) -> Result<Prepared> {
    let deployment = deployer.deployment();
    let look = async {
        match planning.glance {
            true => glance(deployer.cloud, deployment).await,
            false => observe(deployer.cloud, deployment).await,
        }
    };
    let observed = deployer.step(Step::Observe, look).await?;
    let stacks = [&observed.data, &observed.app];
    for stack in stacks.into_iter().flatten() {
        refuse_unworkable(deployer, stack).await?;
    }
    let release = deployer.release()?;
    release.check(&deployment.servers.instance)?;
    let now = (deployer.now)();
    let (cloud, renew) = (deployer.cloud, planning.renew_image);
    let resolved = match planning.glance {
        true => lookup::glance(cloud, deployment, &observed, release, now).await?,
        false => lookup::resolve(cloud, deployment, &observed, release, renew, now).await?,
    };
    let mut wanted = deployment.clone();
    if planning.without_alarms {
        wanted.rollout.alarms.clear();
    }
    let mut rendered = stack::render(&wanted, &resolved)?;
    let (account, region) = (&observed.caller.account, deployer.cloud.region());
    rendered.data.template = rendered.data.template.with_literal_names(account, region);
    let work = async {
        let drift = async {
            match planning.drift {
                true => drift::detect(deployer, &observed).await,
                false => Ok(Vec::new()),
            }
        };
        let stacks = try_join(
            plan_stack(deployer, planning, &observed, StackKind::Data, &rendered.data),
            plan_stack(deployer, planning, &observed, StackKind::App, &rendered.app),
        );
        let (drift, (data, app)) = try_join(drift, stacks).await?;
        Ok::<_, DeployError>((drift, data, app))
    };
    let (mut drift, data, app) = deployer.step(Step::Plan, work).await?;
    let change_sets = [(StackKind::Data, data.change_set), (StackKind::App, app.change_set)];
    let warnings = data.warnings.into_iter().chain(app.warnings);
    let stacks = vec![data.plan, app.plan];
    drift::mark_touched(&mut drift, &stacks);
    let mut plan = Plan {
        name: deployment.name.to_string(),
        account: observed.caller.account.clone(),
        region: deployer.cloud.region().to_owned(),
        caller: observed.caller.arn.clone(),
        blueprint: deployer.blueprint_name.to_owned(),
        digest: deployment.digest(),
        protect: deployment.protect,
        release: release_plan(release, &observed),
        stacks,
        drift,
        drift_checked: planning.drift,
        notices: Vec::new(),
    };
    crate::report::with_properties(&mut plan, &rendered);
    plan.notices = notices::of(deployer, &observed, &plan, !planning.glance).await?;
    plan.notices.extend(warnings);
    plan.notices.sort_by_key(|notice| notice.level);
    let change_sets = change_sets.into_iter().filter_map(|(kind, id)| Some((kind, id?))).collect();
    Ok(Prepared { plan, observed, rendered, change_sets })
}

/// Removes the change sets of a plan that nobody carries out.
///
/// # Errors
/// When AWS does not answer.
pub async fn discard(deployer: &Deployer<'_>, prepared: &Prepared) -> Result<()> {
    for (kind, id) in &prepared.change_sets {
        let stack = &prepared.rendered_stack(*kind).name;
        deployer.cloud.delete_change_set(stack, id).await?;
    }
    Ok(())
}

pub(crate) async fn refuse_unworkable(
    deployer: &Deployer<'_>,
    stack: &ObservedStack,
) -> Result<()> {
    refuse_foreign(deployer, stack).await?;
    let summary = &stack.summary;
    let name = summary.name.clone();
    if summary.status.is_in_review() {
        return Ok(());
    }
    if summary.status.is_in_progress() {
        let (status, since) = (summary.status.clone(), summary.last_change());
        return Err(DeployError::Busy { stack: name, status, since });
    }
    if summary.status.is_stuck() {
        let (status, reason) = (summary.status.clone(), summary.status_reason.clone());
        return Err(DeployError::Stuck { stack: name, status, reason });
    }
    Ok(())
}

/// A stack in review belongs to whoever made its change set, perhaps for approval.
pub(crate) async fn refuse_foreign(deployer: &Deployer<'_>, stack: &ObservedStack) -> Result<()> {
    let summary = &stack.summary;
    if !summary.status.is_in_review() {
        return Ok(());
    }
    let others = deployer.cloud.change_sets(&summary.id).await?;
    match others.iter().any(|it| !it.name.starts_with(NAME_PREFIX)) {
        true => Err(DeployError::Foreign { stack: summary.name.clone() }),
        false => Ok(()),
    }
}

/// First part of the names of our change sets.
pub(crate) const NAME_PREFIX: &str = "syncctl-";

/// One stack's part of the plan.
struct Planned {
    plan: StackPlan,
    /// Its change set where it was kept.
    change_set: Option<String>,
    /// What CloudFormation warns of.
    warnings: Vec<Notice>,
}

impl Planned {
    /// Without a change set.
    const fn by_templates(plan: StackPlan) -> Self {
        Self { plan, change_set: None, warnings: Vec::new() }
    }
}

async fn plan_stack(
    deployer: &Deployer<'_>,
    planning: Planning,
    observed: &Observed,
    kind: StackKind,
    wanted: &Stack,
) -> Result<Planned> {
    let deployed = observed.stack(kind).filter(|stack| stack.is_deployed());
    let template = wanted.template.to_text();
    let physical_ids = deployed.map(ObservedStack::physical_ids).unwrap_or_default();
    let no_tags = Values::new();
    let tags = diff::tags(deployed.map_or(&no_tags, |stack| &stack.summary.tags), &wanted.tags);
    let tags = crate::lines::of_tags(tags, deployer.blueprint);
    let (is_same, deployed_template) = match deployed {
        None => (false, String::new()),
        Some(stack) => compare(deployer, planning, stack, wanted, &template).await?,
    };
    let before = deployed.map(|stack| Deployed {
        template: if is_same { &template } else { &deployed_template },
        parameters: &stack.summary.parameters,
        physical_ids: &physical_ids,
    });
    let mut changes = diff::diff(before, wanted)?;
    let mut plan = StackPlan {
        kind: match kind {
            StackKind::Data => Kind::Data,
            StackKind::App => Kind::App,
        },
        name: wanted.name.clone(),
        operation: Operation::Create,
        source: Source::Templates,
        changes: Vec::new(),
        tags,
        template_bytes: template.len(),
    };
    if deployed.is_none() {
        if kind == StackKind::Data {
            adopt(&mut changes, observed);
        }
        plan.changes = sorted(deployer, changes);
        if !planning.seal {
            return Ok(Planned::by_templates(plan));
        }
        let id = change_set(deployer, planning, observed, kind, wanted).await?.id;
        let warnings = notices::of_change_set(deployer, &wanted.name, &id).await;
        return Ok(Planned { plan, change_set: Some(id), warnings });
    }
    // The same text with the same values is the same stack: there is nothing to ask CloudFormation.
    if is_same && plan.tags.is_empty() && !planning.revert_drift {
        plan.operation = Operation::Nothing;
        return Ok(Planned::by_templates(plan));
    }
    plan.operation = Operation::Update;
    if planning.quick || planning.glance {
        plan.changes = sorted(deployer, changes);
        return Ok(Planned::by_templates(plan));
    }
    let set = change_set(deployer, planning, observed, kind, wanted).await?;
    plan.source = Source::ChangeSet;
    if set.status == ChangeSetStatus::Empty {
        deployer.cloud.delete_change_set(&wanted.name, &set.id).await?;
        plan.operation = Operation::Nothing;
        plan.tags.clear();
        return Ok(Planned::by_templates(plan));
    }
    plan.changes = sorted(deployer, diff::merge(&set.changes, changes, wanted));
    let warnings = notices::of_change_set(deployer, &wanted.name, &set.id).await;
    if planning.keep || planning.seal {
        return Ok(Planned { plan, change_set: Some(set.id), warnings });
    }
    deployer.cloud.delete_change_set(&wanted.name, &set.id).await?;
    Ok(Planned { plan, change_set: None, warnings })
}

/// Whether a stack has the wanted template and values already, and the template that it has.
async fn compare(
    deployer: &Deployer<'_>,
    planning: Planning,
    deployed: &ObservedStack,
    wanted: &Stack,
    text: &str,
) -> Result<(bool, String)> {
    let same_values = deployed.summary.parameters == wanted.parameters;
    if !planning.glance {
        let is_same = same_values && deployed.template.trim() == text.trim();
        return Ok((is_same, deployed.template.clone()));
    }
    let told = deployed.summary.outputs.get(DIGEST_OUTPUT);
    if same_values && told.is_some_and(|told| told == wanted.template.digest()) {
        return Ok((true, String::new()));
    }
    Ok((false, deployer.cloud.template(&deployed.summary.id).await?))
}

/// Most harmful first, then by what it is; each property with its line of the blueprint.
fn sorted(deployer: &Deployer<'_>, mut changes: Vec<Change>) -> Vec<Change> {
    for change in &mut changes {
        crate::lines::attach(change, deployer.blueprint);
    }
    changes.sort_by(|a, b| {
        let key = |it: &Change| (it.harm, it.resource_type.clone(), it.logical_id.clone());
        key(a).cmp(&key(b))
    });
    changes
}

/// What an earlier deployment has left is taken over, not made.
fn adopt(changes: &mut [Change], observed: &Observed) {
    for change in changes {
        if let Some(physical) = observed.leftovers.get(&change.logical_id) {
            change.action = ChangeAction::Import;
            change.physical_id = Some(physical.clone());
        }
    }
}

/// Makes a change set and waits until it is ready or empty.
pub(crate) async fn change_set(
    deployer: &Deployer<'_>,
    planning: Planning,
    observed: &Observed,
    kind: StackKind,
    wanted: &Stack,
) -> Result<ChangeSet> {
    let deployed = observed.stack(kind).filter(|stack| stack.is_deployed());
    let imports = kind == StackKind::Data && !observed.leftovers.is_empty();
    let creates = deployed.is_none();
    let what = match kind {
        StackKind::Data => "data",
        StackKind::App => "app",
    };
    let mut request = ChangeSetRequest {
        stack: wanted.name.clone(),
        name: format!("{NAME_PREFIX}{}-{what}", deployer.run),
        kind: if creates { ChangeSetKind::Create } else { ChangeSetKind::Update },
        template: wanted.template.to_text(),
        parameters: wanted.parameters.clone(),
        tags: wanted.tags.clone(),
        import_existing: imports,
        revert_drift: planning.revert_drift && !creates,
        role: deployer.service_role.map(str::to_owned),
        rollback_triggers: match (kind, deployed) {
            (StackKind::App, Some(_)) if planning.without_alarms => Some(Vec::new()),
            (StackKind::App, Some(stack)) => {
                Some(gate::triggers(deployer.deployment(), stack, wanted))
            }
            _ => None,
        },
        // Something taken over must not be deleted with the stack that failed to take it.
        delete_on_failure: creates && !imports,
        express: creates && is_preview(deployer.deployment()),
        token: deployer.token(&format!("plan-{what}")),
    };
    // An endpoint that does not know one of these may not know another.
    let id = loop {
        match deployer.cloud.create_change_set(&request).await {
            Err(error) if is_about(&error, "OnStackFailure") && request.delete_on_failure => {
                deployer.note("This endpoint cannot remove a stack whose creation fails (OnStackFailure); the next run does.");
                request.delete_on_failure = false;
            }
            Err(error) if is_about(&error, "DeploymentConfig") && request.express => {
                deployer.note("This endpoint does not know express mode; CloudFormation waits for every resource.");
                request.express = false;
            }
            Err(error) if is_about(&error, "DeploymentMode") && request.revert_drift => {
                deployer.trouble(
                    "This endpoint cannot undo drift with a change set (REVERT_DRIFT); drift stays.",
                );
                request.revert_drift = false;
            }
            made => break made?,
        }
    };
    for wait in deployer.pace.waits() {
        let set = match deployer.cloud.change_set(&wanted.name, &id).await {
            // An operation that begins takes all change sets of its stack with it.
            Err(error) if error.reason == Reason::NotFound => {
                let name = &wanted.name;
                return Err(DeployError::Stale(format!("somebody else is changing {name}")));
            }
            set => set?,
        };
        match &set.status {
            ChangeSetStatus::Pending => tokio::time::sleep(wait).await,
            ChangeSetStatus::Ready | ChangeSetStatus::Empty => return Ok(set),
            ChangeSetStatus::Failed(reason) | ChangeSetStatus::Spent(reason) => {
                let found = deployer.cloud.validations(&wanted.name, &id).await.unwrap_or_default();
                let cause = explain::refused(&found, reason)
                    .map(|cause| Box::new(cause.with_line(deployer.blueprint)));
                let reason = reason.clone();
                // A refused change set is litter; the stack stays as it was.
                deployer.cloud.delete_change_set(&wanted.name, &id).await?;
                return Err(DeployError::Refused { stack: wanted.name.clone(), reason, cause });
            }
        }
    }
    unreachable!("waits never end")
}

/// Made to be thrown away. Only such a one is created in express mode: CloudFormation does not wait until resources
/// are ready, `verify` does. Its updates are not: they would not return to what was before when a roll fails.
fn is_preview(deployment: &Deployment) -> bool {
    deployment.ttl.is_some() && !deployment.protect
}

fn is_about(error: &cloud::CloudError, argument: &str) -> bool {
    matches!(error.reason, Reason::Invalid | Reason::Unsupported)
        && error.message.contains(argument)
}

fn release_plan(release: &Release, observed: &Observed) -> ReleasePlan {
    ReleasePlan {
        sha256: release.digest.as_str().to_owned(),
        deployed: observed.parameter(StackKind::App, "Release").map(str::to_owned),
        architecture: architecture_name(release.elf.architecture).to_owned(),
        source: release.source.clone(),
        size: release.size,
        is_shipped: observed.parameter(StackKind::App, "Release") == Some(release.digest.as_str()),
    }
}
