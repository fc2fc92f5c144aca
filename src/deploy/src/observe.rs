//! What there is before anything is done.

use std::collections::BTreeMap;

use blueprint::Deployment;
use cloud::{Caller, Cloud, Reason, StackResource, StackSummary};
use stack::{Purpose, StackKind, bucket_name, stack_name};

use crate::error::{DeployError, Result};

/// A deployment as it is in the world.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Who asks.
    pub caller: Caller,
    /// `NAME-data`.
    pub data: Option<ObservedStack>,
    /// `NAME`.
    pub app: Option<ObservedStack>,
    /// What an earlier deployment of this name left behind, by logical id.
    pub leftovers: BTreeMap<String, String>,
}

/// A stack with what is in it.
#[derive(Clone, Debug)]
pub struct ObservedStack {
    /// The stack.
    pub summary: StackSummary,
    /// The deployed template; empty for a stack in review, which has none, and after a [`glance`].
    pub template: String,
    /// Its resources.
    pub resources: Vec<StackResource>,
}

impl Observed {
    /// One of the stacks.
    #[must_use]
    pub fn stack(&self, kind: StackKind) -> Option<&ObservedStack> {
        match kind {
            StackKind::Data => self.data.as_ref(),
            StackKind::App => self.app.as_ref(),
        }
    }

    /// A deployed parameter.
    #[must_use]
    pub fn parameter(&self, kind: StackKind, name: &str) -> Option<&str> {
        let stack = self.stack(kind).filter(|stack| stack.is_deployed())?;
        stack.summary.parameters.get(name).map(String::as_str)
    }

    /// A tag of either stack.
    #[must_use]
    pub fn tag(&self, key: &str) -> Option<&str> {
        let stacks = [&self.data, &self.app].into_iter().flatten();
        let mut deployed = stacks.filter(|stack| stack.is_deployed());
        deployed.find_map(|stack| stack.summary.tags.get(key)).map(String::as_str)
    }
}

impl ObservedStack {
    /// Whether it holds resources that some template describes.
    #[must_use]
    pub fn is_deployed(&self) -> bool {
        !self.summary.status.is_in_review() && !self.summary.status.is_dead()
    }

    /// Ids in the world by id in the template.
    #[must_use]
    pub fn physical_ids(&self) -> BTreeMap<String, String> {
        let ids = self
            .resources
            .iter()
            .filter(|it| it.status != "DELETE_COMPLETE")
            .filter_map(|it| Some((it.logical_id.clone(), it.physical_id.clone()?)));
        ids.collect()
    }

    /// Whether it holds a resource of this id.
    #[must_use]
    pub fn holds(&self, logical_id: &str) -> bool {
        self.physical_ids().contains_key(logical_id)
    }
}

/// Looks at both stacks and, where the data stack is missing, for what an earlier one has left.
///
/// # Errors
/// When AWS does not answer, and when a stack of our name is somebody else's.
pub async fn observe(cloud: &dyn Cloud, deployment: &Deployment) -> Result<Observed> {
    let mut observed = observe_stacks(cloud, deployment).await?;
    if !observed.data.as_ref().is_some_and(ObservedStack::is_deployed) {
        observed.leftovers = leftovers(cloud, deployment, &observed).await?;
    }
    Ok(observed)
}

/// Both stacks, whatever an earlier deployment may have left.
///
/// # Errors
/// As [`observe`].
pub(crate) async fn observe_stacks(cloud: &dyn Cloud, deployment: &Deployment) -> Result<Observed> {
    let names = [StackKind::Data, StackKind::App].map(|kind| stack_name(&deployment.name, kind));
    let (caller, data, app) = tokio::try_join!(
        async { Ok(cloud.caller().await?) },
        observe_stack(cloud, &names[0], deployment),
        observe_stack(cloud, &names[1], deployment),
    )?;
    Ok(Observed { caller, data, app, leftovers: BTreeMap::new() })
}

/// The two stacks as two calls tell them: without templates and resources, and without what an earlier deployment may
/// have left. Who asks is known as far as a stack's ARN tells; where there is no stack, one more call does.
///
/// # Errors
/// As [`observe`].
pub async fn glance(cloud: &dyn Cloud, deployment: &Deployment) -> Result<Observed> {
    let names = [StackKind::Data, StackKind::App].map(|kind| stack_name(&deployment.name, kind));
    let (data, app) = tokio::try_join!(
        summary(cloud, &names[0], deployment),
        summary(cloud, &names[1], deployment),
    )?;
    let account = [&data, &app].into_iter().flatten().find_map(|stack| stack.id.split(':').nth(4));
    let caller = match account {
        Some(account) => Caller { account: account.to_owned(), arn: String::new(), expires: None },
        None => cloud.caller().await?,
    };
    let bare = |summary: Option<StackSummary>| {
        summary.map(|summary| ObservedStack {
            summary,
            template: String::new(),
            resources: Vec::new(),
        })
    };
    Ok(Observed { caller, data: bare(data), app: bare(app), leftovers: BTreeMap::new() })
}

/// One stack, without its template and resources: two calls fewer.
///
/// # Errors
/// As [`observe`].
pub async fn summary(
    cloud: &dyn Cloud,
    name: &str,
    deployment: &Deployment,
) -> Result<Option<StackSummary>> {
    let Some(summary) = cloud.stack(name).await? else { return Ok(None) };
    let owner = summary.tags.get("syncctl:name").map(String::as_str);
    // A stack in review may have been begun by anybody's change set, and has no tags of its own then.
    if owner != Some(deployment.name.as_str()) && !summary.status.is_in_review() {
        return Err(DeployError::Foreign { stack: name.to_owned() });
    }
    Ok(Some(summary))
}

async fn observe_stack(
    cloud: &dyn Cloud,
    name: &str,
    deployment: &Deployment,
) -> Result<Option<ObservedStack>> {
    let Some(summary) = summary(cloud, name, deployment).await? else { return Ok(None) };
    if summary.status.is_in_review() {
        return Ok(Some(ObservedStack { summary, template: String::new(), resources: Vec::new() }));
    }
    // By id: a stack of this name that is deleted and made again meanwhile is another one.
    let (template, resources) =
        tokio::try_join!(cloud.template(&summary.id), cloud.resources(&summary.id))?;
    Ok(Some(ObservedStack { summary, template, resources }))
}

/// Buckets and table have fixed names, so they can be asked for.
async fn leftovers(
    cloud: &dyn Cloud,
    deployment: &Deployment,
    observed: &Observed,
) -> Result<BTreeMap<String, String>> {
    let held = |id: &str| observed.data.as_ref().is_some_and(|stack| stack.holds(id));
    let (account, region) = (&observed.caller.account, cloud.region());
    let name = |purpose| bucket_name(&deployment.name, purpose, account, region);
    let mut found = BTreeMap::new();
    for (id, purpose) in
        [("Content", Purpose::Content), ("Artifacts", Purpose::Artifacts), ("Logs", Purpose::Logs)]
    {
        if !held(id) && is_left(cloud, &name(purpose)).await? {
            found.insert(id.to_owned(), name(purpose));
        }
    }
    let table = name(Purpose::Metadata);
    if !held("Metadata") && cloud.table(&table).await?.is_some() {
        found.insert("Metadata".to_owned(), table);
    }
    Ok(found)
}

/// Bucket names are one namespace for all accounts.
async fn is_left(cloud: &dyn Cloud, bucket: &str) -> Result<bool> {
    match cloud.bucket_exists(bucket).await {
        Err(error) if error.reason == Reason::Denied => {
            Err(DeployError::Taken { bucket: bucket.to_owned(), error: error.into() })
        }
        found => Ok(found?),
    }
}
