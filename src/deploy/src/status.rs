//! How a deployment is, without changing anything.

use jiff::Timestamp;
use serde::Serialize;
use stack::{StackKind, stack_name};

use crate::deployer::Deployer;
use crate::error::{DeployError, Result};
use crate::observe::summary;

/// A deployment at a glance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// Name of the deployment.
    pub name: String,
    /// AWS Region.
    pub region: String,
    /// Address of the service, once there is one.
    pub endpoint: Option<String>,
    /// SHA-256 of the deployed release.
    pub release: Option<String>,
    /// Whether the blueprint at hand is the deployed one.
    pub blueprint_matches: bool,
    /// Whether it is protected.
    pub is_protected: bool,
    /// When it may be torn down.
    pub expires: Option<String>,
    /// The stacks.
    pub stacks: Vec<StackStatus>,
    /// Fewest, wanted and most servers.
    pub sizes: Option<(u32, u32, u32)>,
    /// The servers.
    pub servers: Vec<Server>,
    /// The newest roll: status, share done in percent, reason.
    pub roll: Option<(String, u32, Option<String>)>,
}

/// A stack at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StackStatus {
    /// Name.
    pub name: String,
    /// CloudFormation's word.
    pub status: String,
    /// AWS's words to it.
    pub reason: Option<String>,
    /// When it last changed.
    pub changed: Timestamp,
}

/// A server at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    /// Instance id.
    pub instance: String,
    /// Zone.
    pub zone: String,
    /// Auto Scaling's word.
    pub lifecycle: String,
    /// The load balancer's word.
    pub health: Option<String>,
    /// Its reason code.
    pub reason: Option<String>,
    /// Whether it runs what is deployed.
    pub is_current: bool,
}

impl Status {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let steady = self.stacks.iter().all(|stack| {
            let status = cloud::StackStatus::new(stack.status.as_str());
            status.is_updatable()
        });
        let healthy = |server: &Server| server.health.as_deref() == Some("healthy");
        let wanted = self.sizes.map_or(0, |(_, wanted, _)| wanted as usize);
        steady
            && self.stacks.len() == 2
            && self.servers.iter().filter(|server| healthy(server)).count() >= wanted
            && wanted > 0
    }
}

/// Looks at both stacks, the group and the load balancer.
///
/// # Errors
/// When AWS does not answer, or there is no such deployment.
pub async fn status(deployer: &Deployer<'_>) -> Result<Status> {
    let deployment = deployer.deployment();
    let names = [StackKind::Data, StackKind::App].map(|kind| stack_name(&deployment.name, kind));
    let (data, app) = tokio::try_join!(
        summary(deployer.cloud, &names[0], deployment),
        summary(deployer.cloud, &names[1], deployment),
    )?;
    if data.is_none() && app.is_none() {
        return Err(DeployError::Absent { name: deployment.name.to_string() });
    }
    let output = |name: &str| app.as_ref().and_then(|app| app.outputs.get(name)).cloned();
    let (group, targets) = (output("GroupName"), output("TargetGroupArn"));
    let (group, targets, roll) = tokio::try_join!(
        async {
            match &group {
                Some(group) => Ok(deployer.cloud.group(group).await?),
                None => Ok::<_, DeployError>(None),
            }
        },
        async {
            match &targets {
                Some(targets) => Ok(deployer.cloud.target_health(targets).await?),
                None => Ok(Vec::new()),
            }
        },
        async {
            match &group {
                Some(group) => Ok(deployer.cloud.refresh(group).await?),
                None => Ok(None),
            }
        },
    )?;
    let template = output("LaunchTemplateId");
    let members = group.as_ref().map(|group| group.members.as_slice()).unwrap_or_default();
    let servers = members.iter().map(|member| {
        let health = targets.iter().find(|target| target.instance == member.instance);
        Server {
            instance: member.instance.clone(),
            zone: member.zone.clone(),
            lifecycle: member.lifecycle.clone(),
            health: health.map(|health| health.state.clone()),
            reason: health.and_then(|health| health.reason.clone()),
            is_current: member.launch_template.as_ref().map(|(id, _)| id) == template.as_ref(),
        }
    });
    let stacks = [&data, &app].into_iter().flatten();
    Ok(Status {
        name: deployment.name.to_string(),
        region: deployer.cloud.region().to_owned(),
        endpoint: output("Endpoint"),
        release: app.as_ref().and_then(|app| app.parameters.get("Release")).cloned(),
        blueprint_matches: output("Blueprint") == Some(deployment.digest()),
        is_protected: stacks.clone().any(|stack| stack.protected),
        expires: stacks.clone().find_map(|stack| stack.parameters.get(stack::EXPIRES)).cloned(),
        servers: servers.collect(),
        sizes: group.as_ref().map(|group| group.sizes),
        roll: roll.map(|roll| (roll.status, roll.percent, roll.reason)),
        stacks: stacks
            .map(|stack| StackStatus {
                name: stack.name.clone(),
                status: stack.status.to_string(),
                reason: stack.status_reason.clone(),
                changed: stack.last_change(),
            })
            .collect(),
    })
}
