//! Done means serving: every server healthy, from the new launch template, in every zone, and the endpoint ready.

use std::collections::{BTreeMap, BTreeSet};

use cloud::{Group, Member, TargetHealth};
use serde::Serialize;
use stack::{StackKind, stack_name};

use crate::deployer::{Answer, Deployer};
use crate::error::{DeployError, Result};
use crate::events::{Event, Wish};
use crate::roll::last_lines;

/// What was seen of the running service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Address of the service.
    pub endpoint: String,
    /// Healthy servers.
    pub servers: usize,
    /// Zones they are in.
    pub zones: Vec<String>,
    /// SHA-256 of the release that they run, in hexadecimal.
    pub release: String,
    /// Whether the endpoint itself was seen to serve; a private one may be out of reach from here.
    pub was_reached: bool,
    /// Outputs of both stacks.
    pub outputs: BTreeMap<String, String>,
}

/// Waits until the service serves.
///
/// # Errors
/// When it does not in time, with what kept it: the first unhealthy server, its reason and its last words.
pub async fn verify(deployer: &Deployer<'_>) -> Result<Verified> {
    let (outputs, release) = outputs_and_release(deployer).await?;
    let output = |name: &str| outputs.get(name).cloned().unwrap_or_default();
    let begun = tokio::time::Instant::now();
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for wait in deployer.pace.waits() {
        let (group, targets) = tokio::try_join!(
            async { Ok::<_, DeployError>(deployer.cloud.group(&output("GroupName")).await?) },
            async { Ok(deployer.cloud.target_health(&output("TargetGroupArn")).await?) },
        )?;
        let Some(group) = group else {
            return Err(DeployError::NotReady("its group of servers is gone".to_owned()));
        };
        let servers = servers(&group, &targets);
        tell(deployer, &servers, &mut told);
        let mut missing = match missing(&group, &servers, &output("LaunchTemplateId")) {
            Some(missing) => Err(missing),
            None => Ok(()),
        };
        let mut was_reached = false;
        if missing.is_ok() {
            match deployer.endpoint.ask(&output("Endpoint")).await {
                Answer::Ready => was_reached = true,
                Answer::NotReady(said) => {
                    missing = Err(format!("{} answers {said}", output("Endpoint")));
                }
                Answer::Unreachable(why) => deployer.trouble(format!(
                    "Not seen from here: {} cannot be reached ({why}). Every server is healthy behind the load balancer.",
                    output("Endpoint")
                )),
            }
        }
        match missing {
            Ok(()) => {
                let zones: BTreeSet<String> =
                    group.members.iter().map(|it| it.zone.clone()).collect();
                return Ok(Verified {
                    endpoint: output("Endpoint"),
                    servers: servers.len(),
                    release: release.clone(),
                    zones: zones.into_iter().collect(),
                    was_reached,
                    outputs,
                });
            }
            Err(missing) if begun.elapsed() > deployer.pace.ready => {
                return Err(DeployError::NotReady(last_words(deployer, &servers, missing).await));
            }
            Err(_) => {}
        }
        if deployer.listener.wish() != Wish::GoOn {
            return Err(DeployError::Detached(deployer.deployment().name.to_string()));
        }
        tokio::time::sleep(wait).await;
    }
    unreachable!("waits never end")
}

/// Outputs of both stacks; the app's win, though no name is in both.
///
/// # Errors
/// When there is no such deployment.
pub async fn outputs(deployer: &Deployer<'_>) -> Result<BTreeMap<String, String>> {
    Ok(outputs_and_release(deployer).await?.0)
}

/// Outputs of both stacks, and the release that the app stack names.
async fn outputs_and_release(
    deployer: &Deployer<'_>,
) -> Result<(BTreeMap<String, String>, String)> {
    let deployment = deployer.deployment();
    let mut outputs = BTreeMap::new();
    let mut release = None;
    for kind in [StackKind::Data, StackKind::App] {
        let name = stack_name(&deployment.name, kind);
        let stack = crate::observe::summary(deployer.cloud, &name, deployment).await?;
        let stack =
            stack.ok_or_else(|| DeployError::Absent { name: deployment.name.to_string() })?;
        outputs.extend(stack.outputs);
        release = release.or(stack.parameters.get("Release").cloned());
    }
    Ok((outputs, release.unwrap_or_default()))
}

/// A server as group and load balancer see it.
struct Server<'a> {
    member: &'a Member,
    health: Option<&'a TargetHealth>,
}

impl Server<'_> {
    fn is_healthy(&self) -> bool {
        self.member.lifecycle == "InService"
            && self.member.is_healthy
            && self.health.is_some_and(|health| health.state == "healthy")
    }

    fn state(&self) -> String {
        let health = match self.health {
            None => "not yet behind the load balancer".to_owned(),
            Some(TargetHealth { state, reason: Some(reason), .. }) => format!("{state} ({reason})"),
            Some(health) => health.state.clone(),
        };
        match self.member.lifecycle.as_str() {
            "InService" => health,
            lifecycle => format!("{lifecycle}, {health}"),
        }
    }
}

fn servers<'a>(group: &'a Group, targets: &'a [TargetHealth]) -> Vec<Server<'a>> {
    let leaving = |member: &&Member| !member.lifecycle.starts_with("Terminat");
    let server = |member: &'a Member| {
        let health = targets.iter().find(|target| target.instance == member.instance);
        Server { member, health }
    };
    group.members.iter().filter(leaving).map(server).collect()
}

/// What keeps the group from being as it should; `None` where nothing does.
fn missing(group: &Group, servers: &[Server<'_>], template: &str) -> Option<String> {
    let desired = group.sizes.1 as usize;
    let healthy = servers.iter().filter(|server| server.is_healthy());
    let old = |server: &&Server<'_>| {
        server.member.launch_template.as_ref().is_some_and(|(id, _)| id != template)
    };
    if let Some(server) = servers.iter().find(|server| !server.is_healthy()) {
        return Some(format!("server {} is {}", server.member.instance, server.state()));
    }
    if healthy.count() < desired {
        return Some(format!("{} of {desired} servers are there", servers.len()));
    }
    if let Some(server) = servers.iter().find(old) {
        return Some(format!("server {} still runs what was before", server.member.instance));
    }
    let zones: BTreeSet<&str> = servers.iter().map(|server| server.member.zone.as_str()).collect();
    let wanted = group.zones.len().min(desired);
    (zones.len() < wanted).then(|| format!("servers are in {} of {wanted} zones", zones.len()))
}

fn tell(deployer: &Deployer<'_>, servers: &[Server<'_>], told: &mut BTreeMap<String, String>) {
    for server in servers {
        let state = server.state();
        let instance = server.member.instance.clone();
        if told.get(&instance) != Some(&state) {
            told.insert(instance.clone(), state.clone());
            deployer.tell(Event::Server { instance, zone: server.member.zone.clone(), state });
        }
    }
}

async fn last_words(deployer: &Deployer<'_>, servers: &[Server<'_>], missing: String) -> String {
    let Some(server) = servers.iter().find(|server| !server.is_healthy()) else { return missing };
    let health = &deployer.deployment().entry.health;
    let mut text = format!(
        "{missing}\nprobe: HTTP GET {} every {}, at most {}",
        health.path.as_str(),
        health.interval,
        health.timeout
    );
    if let Some(description) = server.health.and_then(|health| health.description.as_deref()) {
        text.push_str(&format!("\nload balancer: {description}"));
    }
    match deployer.cloud.console_output(&server.member.instance).await {
        Ok(Some(console)) => {
            text.push_str("\nlast lines of its console:");
            for line in last_lines(&console) {
                text.push_str(&format!("\n  {line}"));
            }
        }
        Ok(None) => text.push_str("\nits console is still empty"),
        Err(error) => text.push_str(&format!("\nits console cannot be read: {error}")),
    }
    text
}
