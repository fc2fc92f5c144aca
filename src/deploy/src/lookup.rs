//! What a deployment needs to know about the world, looked up once and then kept.

use blueprint::Deployment;
use blueprint::deployment::{Egress, Manage};
use blueprint::values::{Architecture, StorageKey};
use cloud::Cloud;
use jiff::{SignedDuration, Timestamp};
use stack::{Purpose, Resolved, StackKind, bucket_name};

use crate::error::{DeployError, Result};
use crate::observe::Observed;
use crate::release::Release;

/// Public parameters with the newest image
/// (<https://docs.aws.amazon.com/linux/al2023/ug/ec2.html#launch-via-aws-cli>).
const fn image_parameter(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86 => {
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        }
        Architecture::Arm => "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
    }
}

/// Looks up everything a template needs. Zones, image, first size, owner and expiry of a deployment that exists
/// stay what they are, so that a plan right after an `apply` is empty and nothing moves by itself.
///
/// # Errors
/// When AWS does not answer, and when there are too few zones.
pub async fn resolve(
    cloud: &dyn Cloud,
    deployment: &Deployment,
    observed: &Observed,
    release: &Release,
    renew_image: bool,
    now: Timestamp,
) -> Result<Resolved> {
    let (zones, image, kept_key, mail_endpoint) = tokio::try_join!(
        zones(cloud, deployment, observed),
        image(cloud, deployment, observed, renew_image),
        kept_key(cloud, deployment, observed),
        mail_endpoint(cloud, deployment),
    )?;
    let found = Found { zones, image, kept_key, mail_endpoint };
    Ok(found.resolved(deployment, observed, release, now))
}

/// The same from what is deployed alone. Asks nothing, except for a key and an endpoint where the blueprint has them
/// and the stacks do not tell; what nobody has chosen yet is said so in words.
///
/// # Errors
/// When AWS does not answer.
pub async fn glance(
    cloud: &dyn Cloud,
    deployment: &Deployment,
    observed: &Observed,
    release: &Release,
    now: Timestamp,
) -> Result<Resolved> {
    let is_held = observed.data.as_ref().is_none_or(|it| it.summary.outputs.contains_key("KeyArn"));
    let kept_key = async {
        match is_held {
            true => Ok(None),
            false => kept_key(cloud, deployment, observed).await,
        }
    };
    let (kept_key, mail_endpoint) = tokio::try_join!(kept_key, mail_endpoint(cloud, deployment))?;
    let wanted = deployment.network.zones as usize;
    let mut zones = deployed_zones(observed, wanted);
    zones.extend((zones.len()..wanted).map(|zone| format!("(zone {})", zone + 1)));
    let named = deployment.servers.image.id().map(str::to_owned);
    let image = named.or_else(|| deployed_image(deployment, observed));
    let image = image.unwrap_or_else(|| "(newest Amazon Linux 2023)".to_owned());
    let found = Found { zones, image, kept_key, mail_endpoint };
    Ok(found.resolved(deployment, observed, release, now))
}

/// What was looked up.
struct Found {
    zones: Vec<String>,
    image: String,
    kept_key: Option<String>,
    mail_endpoint: bool,
}

impl Found {
    fn resolved(
        self,
        deployment: &Deployment,
        observed: &Observed,
        release: &Release,
        now: Timestamp,
    ) -> Resolved {
        let deployed_first =
            observed.parameter(StackKind::App, "FirstServers").and_then(|text| text.parse().ok());
        Resolved {
            zones: self.zones,
            image: self.image,
            release: release.digest.clone(),
            first_servers: deployed_first.unwrap_or(deployment.servers.desired),
            table_protection: deployment.database.protect && was_verified(observed),
            kept_key: self.kept_key,
            mail_endpoint: self.mail_endpoint,
            owner: observed.tag("syncctl:owner").unwrap_or(&observed.caller.arn).to_owned(),
            expires: deployment.ttl.map(|ttl| expiry(ttl.to_std(), deployed_expiry(observed), now)),
        }
    }
}

/// Protection comes on after the first verification: before, it would keep a failed creation from cleaning up.
fn was_verified(observed: &Observed) -> bool {
    let complete =
        |kind| observed.stack(kind).is_some_and(|stack| stack.summary.status.is_updatable());
    complete(StackKind::Data) && complete(StackKind::App)
}

async fn zones(
    cloud: &dyn Cloud,
    deployment: &Deployment,
    observed: &Observed,
) -> Result<Vec<String>> {
    let wanted = deployment.network.zones as usize;
    let mut zones = deployed_zones(observed, wanted);
    let same_type = observed.parameter(StackKind::App, "InstanceType")
        == Some(deployment.servers.instance.as_str());
    if zones.len() == wanted && same_type {
        return Ok(zones);
    }
    let offering = cloud.zones_offering(deployment.servers.instance.as_str()).await?;
    if offering.is_empty() {
        return Err(DeployError::Unfit(format!(
            "{} has no instance type {} in any of its zones",
            cloud.region(),
            deployment.servers.instance
        )));
    }
    if let Some(zone) = zones.iter().find(|zone| !offering.contains(zone)) {
        return Err(DeployError::Unfit(format!(
            "{} has no {} instances, and the deployment is in that zone; it has them in {}",
            zone,
            deployment.servers.instance,
            offering.join(", ")
        )));
    }
    let new = offering.iter().filter(|zone| !zones.contains(zone)).cloned().collect::<Vec<_>>();
    zones.extend(new);
    zones.truncate(wanted);
    if zones.len() < wanted {
        return Err(DeployError::Unfit(format!(
            "{} has {} in {} of its zones, and network.zones is {wanted}",
            cloud.region(),
            deployment.servers.instance,
            offering.len()
        )));
    }
    Ok(zones)
}

/// The zones of the deployment, at most as many as it is to have.
fn deployed_zones(observed: &Observed, wanted: usize) -> Vec<String> {
    let deployed = observed.parameter(StackKind::App, "Zones").unwrap_or_default();
    let zones = deployed.split(',').filter(|zone| !zone.is_empty());
    zones.take(wanted).map(str::to_owned).collect()
}

async fn image(
    cloud: &dyn Cloud,
    deployment: &Deployment,
    observed: &Observed,
    renew: bool,
) -> Result<String> {
    if let Some(id) = deployment.servers.image.id() {
        return Ok(id.to_owned());
    }
    match deployed_image(deployment, observed).filter(|_| !renew) {
        Some(image) => Ok(image),
        None => newest_image(cloud, deployment).await,
    }
}

/// The newest image for the servers' processors.
///
/// # Errors
/// When AWS does not answer.
pub async fn newest_image(cloud: &dyn Cloud, deployment: &Deployment) -> Result<String> {
    let architecture = deployment.servers.instance.architecture();
    Ok(cloud.image_of_parameter(image_parameter(architecture)).await?)
}

/// The deployed image, where it fits the servers' processors.
#[must_use]
pub fn deployed_image(deployment: &Deployment, observed: &Observed) -> Option<String> {
    let wanted = deployment.servers.instance.architecture();
    let deployed_type = observed.parameter(StackKind::App, "InstanceType");
    let deployed_type =
        deployed_type.and_then(|text| blueprint::values::InstanceType::new(text).ok());
    let same = deployed_type.is_some_and(|it| it.architecture() == wanted);
    observed.parameter(StackKind::App, "Image").filter(|_| same).map(str::to_owned)
}

/// The key of an earlier deployment opens what that one has left; a new one would not.
async fn kept_key(
    cloud: &dyn Cloud,
    deployment: &Deployment,
    observed: &Observed,
) -> Result<Option<String>> {
    let held =
        observed.data.as_ref().is_some_and(|stack| stack.is_deployed() && stack.holds("Key"));
    if !matches!(deployment.storage.key, StorageKey::Create) || held {
        return Ok(None);
    }
    let account = &observed.caller.account;
    let alias = bucket_name(&deployment.name, Purpose::Key, account, cloud.region());
    Ok(cloud.key_of_alias(&format!("alias/{alias}")).await?)
}

async fn mail_endpoint(cloud: &dyn Cloud, deployment: &Deployment) -> Result<bool> {
    let mail = deployment.email.manage == Manage::Create || deployment.email.identity.is_some();
    if deployment.network.egress != Egress::Endpoints || !mail {
        return Ok(false);
    }
    let service = format!("com.amazonaws.{}.email", cloud.region());
    Ok(cloud.has_endpoint_service(&service).await?)
}

/// The later one where a run was ended between the two stacks; the next one makes them agree.
fn deployed_expiry(observed: &Observed) -> Option<&str> {
    let of = |kind| observed.parameter(kind, stack::EXPIRES);
    [of(StackKind::Data), of(StackKind::App)].into_iter().flatten().max()
}

/// Each run renews the time of a preview, once a tenth of it is used up: a plan right after an apply stays empty. A
/// later date, which somebody has asked for with `preview extend`, is never cut short.
fn expiry(ttl: std::time::Duration, deployed: Option<&str>, now: Timestamp) -> String {
    let ttl = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
    let fresh = now.checked_add(ttl).unwrap_or(Timestamp::MAX);
    let deployed: Option<Timestamp> = deployed.and_then(|text| text.parse().ok());
    let kept = deployed.filter(|at| at.duration_since(now) > ttl - ttl / 10);
    let at = kept.unwrap_or(fresh);
    // To the second, as a person would write it.
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::expiry;
    use jiff::Timestamp;
    use std::time::Duration;

    #[test]
    fn a_fresh_expiry_stays_and_an_old_one_moves() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let day = Duration::from_secs(86_400);
        let first = expiry(day, None, now);
        assert_eq!(first, "2026-11-21T12:00:00Z");
        let soon: Timestamp = "2026-11-20T13:00:00Z".parse().unwrap();
        assert_eq!(expiry(day, Some(&first), soon), first);
        let later: Timestamp = "2026-11-20T20:00:00Z".parse().unwrap();
        assert_eq!(expiry(day, Some(&first), later), "2026-11-21T20:00:00Z");
        let extended = "2026-12-01T00:00:00Z";
        assert_eq!(expiry(day, Some(extended), now), extended, "a push takes no time away");
        assert_eq!(expiry(day, Some("tomorrow"), now), first, "what cannot be read is replaced");
    }
}
