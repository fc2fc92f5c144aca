use blueprint::Deployment;
use blueprint::deployment::Egress;
use serde::Serialize;
use serde_json::{Value, json};

use super::alarms::{self, Alarm};
use super::entry::{Entry, certificate_arn, listener, public_url};
use super::network::Network;
use super::shared::{Key, Names};
use crate::error::RenderError;
use crate::resolved::{Resolved, architecture_name};
use crate::user_data::boot_script;

/// TCP port that servers listen on.
const PORT: u16 = 8420;

/// Seconds that requests in flight may take once a server has stopped accepting.
const DRAIN_TIMEOUT: u64 = 60;

/// Seconds on top, in which the load balancer notices and the process exits.
const MARGIN: u64 = 5;

/// Families that have no dedicated bandwidth to their volume and refuse to start when asked for it.
const NOT_EBS_OPTIMIZED: [&str; 9] = ["c1", "c3", "g2", "m1", "m2", "m3", "r3", "t1", "t2"];

/// For the files of `templates/stack/app`.
#[derive(Serialize)]
pub(crate) struct AppContext {
    name: String,
    region: String,
    names: Names,
    port_of_servers: u16,
    network: Network,
    entry: Entry,
    certificate_arn: Option<Value>,
    listener: &'static str,
    public_url: Value,
    servers: Servers,
    rollout: Rollout,
    client_roles: Vec<ClientRole>,
    key: Option<KeyPolicy>,
    mail: Option<Mail>,
    alarms: Vec<Alarm>,
    /// Whether it has an end.
    pub(crate) preview: bool,
}

#[derive(Serialize)]
struct Servers {
    /// Its digest.
    blueprint: String,
    architecture: &'static str,
    ebs_optimized: bool,
    /// Which of a zone's subnets: `PublicSubnet` or `PrivateSubnet`.
    subnets: &'static str,
    tags: Value,
    trusted_proxies: String,
    /// In seconds.
    digest_interval: u64,
    /// In seconds.
    drain_delay: u64,
    boot_script: String,
    depends_on: Vec<String>,
    deletion_protection: &'static str,
    cpu: Option<u32>,
    requests: Option<u32>,
}

#[derive(Serialize)]
struct Rollout {
    min_healthy: u32,
    max_healthy: u32,
    /// In seconds.
    bake: u64,
    /// Logical ids.
    alarms: Vec<&'static str>,
}

/// What a client may do in one space.
#[derive(Serialize)]
struct ClientRole {
    id: &'static str,
    about: &'static str,
    policy: &'static str,
    actions: &'static [&'static str],
    key_actions: &'static [&'static str],
}

#[derive(Serialize)]
struct KeyPolicy {
    resource: Value,
    condition: Value,
}

#[derive(Serialize)]
struct Mail {
    identity: String,
    from: String,
    /// Line of the environment file.
    setting: String,
}

impl AppContext {
    pub(crate) fn new(deployment: &Deployment, resolved: &Resolved) -> Result<Self, RenderError> {
        let names = Names::new(deployment);
        let network = Network::new(deployment, resolved)?;
        let key = Key::of(deployment, resolved);
        Ok(Self {
            name: deployment.name.to_string(),
            region: deployment.region.to_string(),
            port_of_servers: PORT,
            entry: Entry::new(deployment),
            certificate_arn: certificate_arn(deployment),
            listener: listener(deployment),
            public_url: public_url(deployment),
            servers: servers(deployment, &network)?,
            rollout: rollout(deployment),
            client_roles: client_roles(),
            key: key.map(|key| KeyPolicy {
                resource: key.resource(),
                condition: key.condition(&names),
            }),
            mail: mail(deployment),
            alarms: alarms::all(deployment),
            preview: resolved.expires.is_some(),
            network,
            names,
        })
    }
}

fn servers(deployment: &Deployment, network: &Network) -> Result<Servers, RenderError> {
    let servers = &deployment.servers;
    let health = &deployment.entry.health;
    let drain_delay = health.interval.seconds() * u64::from(health.unhealthy) + MARGIN;
    let public = deployment.network.egress == Egress::PublicIp;
    Ok(Servers {
        architecture: architecture_name(servers.instance.architecture()),
        ebs_optimized: !NOT_EBS_OPTIMIZED.contains(&servers.instance.family()),
        subnets: if public { "PublicSubnet" } else { "PrivateSubnet" },
        tags: instance_tags(deployment),
        blueprint: deployment.digest(),
        trusted_proxies: network.public_ranges(),
        digest_interval: deployment.email.digest.seconds(),
        drain_delay,
        boot_script: boot_script(drain_delay + DRAIN_TIMEOUT + 3 * MARGIN)?,
        depends_on: depends_on(deployment, network),
        deletion_protection: if deployment.protect { "prevent-force-deletion" } else { "none" },
        cpu: servers.scale.cpu.map(|percent| percent.get()),
        requests: servers.scale.requests,
    })
}

/// Stack tags do not reach what a launch template makes. None of these changes with a release or a date, because
/// another tag is another launch template, and that replaces every server.
fn instance_tags(deployment: &Deployment) -> Value {
    let own = [("Name", deployment.name.as_str()), ("syncctl:name", deployment.name.as_str())];
    let extra = deployment.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let extra = extra.filter(|(key, _)| *key != "Name");
    own.into_iter().chain(extra).map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// An instance boots as soon as the group exists, and needs rights, firewalls and its way out by then.
fn depends_on(deployment: &Deployment, network: &Network) -> Vec<String> {
    let mut needed: Vec<String> = [
        "ServiceAccess",
        "InstanceAccess",
        "S3Endpoint",
        "DynamoDbEndpoint",
        "ServersFromBalancer",
        listener(deployment),
    ]
    .map(str::to_owned)
    .into();
    match deployment.network.egress {
        Egress::PublicIp => needed.push("PublicDefaultRoute".to_owned()),
        Egress::Nat => needed.push("PrivateDefaultRoute".to_owned()),
        Egress::Endpoints => {
            needed.extend(network.endpoints.iter().map(|it| format!("{}Endpoint", it.id)));
        }
    }
    let side = if deployment.network.egress == Egress::PublicIp { "Public" } else { "Private" };
    needed.extend(network.zones.iter().map(|zone| format!("{side}Subnet{}Routes", zone.number)));
    needed
}

fn rollout(deployment: &Deployment) -> Rollout {
    let rollout = &deployment.rollout;
    let alarms = rollout.alarms.iter().map(|alarm| alarms::alarm_id(*alarm));
    Rollout {
        min_healthy: rollout.min_healthy.get(),
        max_healthy: rollout.max_healthy.get(),
        bake: rollout.bake.seconds(),
        alarms: alarms.collect(),
    }
}

fn client_roles() -> Vec<ClientRole> {
    vec![
        ClientRole {
            id: "Reader",
            about: "Clients that read one space",
            policy: "read-one-space",
            actions: &["s3:GetObject"],
            key_actions: &["kms:Decrypt"],
        },
        ClientRole {
            id: "Writer",
            about: "Clients that write to one space",
            policy: "write-one-space",
            actions: &["s3:GetObject", "s3:PutObject"],
            key_actions: &["kms:Decrypt", "kms:GenerateDataKey"],
        },
    ]
}

fn mail(deployment: &Deployment) -> Option<Mail> {
    let (identity, from) =
        deployment.email.identity.as_ref().zip(deployment.email.from.as_ref())?;
    Some(Mail {
        identity: identity.to_string(),
        from: from.to_string(),
        setting: setting("SYNCD_MAIL_FROM", from.as_str()),
    })
}

/// A line of the file that systemd's `EnvironmentFile=` reads, in its double quotes.
fn setting(name: &str, value: &str) -> String {
    let special = |letter: &char| matches!(letter, '"' | '\\' | '$' | '`');
    let quoted = value.chars().fold(String::new(), |mut quoted, letter| {
        if special(&letter) {
            quoted.push('\\');
        }
        quoted.push(letter);
        quoted
    });
    format!("{name}=\"{quoted}\"")
}
