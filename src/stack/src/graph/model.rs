use blueprint::deployment::{Egress, Manage};
use blueprint::values::StorageKey;
use blueprint::{Certificate, Deployment};

use crate::resolved::Resolved;

/// Something with a name, and a line or two about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub title: String,
    /// What there is to know about it, one fact a line.
    pub notes: Vec<String>,
}

/// An Availability Zone with its two networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its name, for example `eu-west-1a`.
    pub name: String,
    /// Range of the network with a way from the internet.
    pub public: String,
    /// Range of the one without.
    pub private: String,
}

/// What will be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// Name of the deployment.
    pub name: String,
    /// Its Region.
    pub region: String,
    /// Range of the network.
    pub range: String,
    /// The DNS record, where there is one.
    pub record: Option<Part>,
    /// The way in from the internet, with who may use it.
    pub gateway: Part,
    /// The load balancer, which stands in the public networks.
    pub balancer: Part,
    /// Its node in one zone.
    pub balancer_node: Part,
    /// The zones, in order.
    pub zones: Vec<Zone>,
    /// The group of servers, over all zones.
    pub group: Part,
    /// Its servers in one zone.
    pub servers: Part,
    /// Whether servers stand in the public networks.
    pub servers_are_public: bool,
    /// How servers reach AWS.
    pub egress: Part,
    /// The bucket with content, which clients use directly.
    pub content: Part,
    /// What servers use besides: table, roles, mail, releases, logs.
    pub services: Vec<Part>,
}

impl Graph {
    /// Draws a deployment as it would be rendered.
    #[must_use]
    pub fn new(deployment: &Deployment, resolved: &Resolved) -> Self {
        let network = &deployment.network;
        let range = |number| {
            let part = network.cidr.part(network.subnet_prefix(), number);
            part.map_or_else(String::new, |part| part.to_string())
        };
        let zones = (0..).zip(&resolved.zones).map(|(index, name)| Zone {
            name: name.clone(),
            public: range(2 * index),
            private: range(2 * index + 1),
        });
        Self {
            name: deployment.name.to_string(),
            region: deployment.region.to_string(),
            range: network.cidr.to_string(),
            record: record(deployment),
            gateway: gateway(deployment),
            balancer: balancer(deployment),
            balancer_node: part("Load balancer", [checks(deployment)]),
            zones: zones.collect(),
            group: group(deployment),
            servers: servers(deployment),
            servers_are_public: network.egress == Egress::PublicIp,
            egress: egress(deployment),
            content: content(deployment),
            services: services(deployment),
        }
    }
}

fn part(title: impl Into<String>, notes: impl IntoIterator<Item = String>) -> Part {
    Part { title: title.into(), notes: notes.into_iter().collect() }
}

fn record(deployment: &Deployment) -> Option<Part> {
    let domain = deployment.entry.domain.as_ref()?;
    let made = match &deployment.entry.zone {
        Some(_) => "Route 53 alias, made here",
        None => "DNS record, yours to make",
    };
    Some(part(domain.to_string(), [made.to_owned()]))
}

fn gateway(deployment: &Deployment) -> Part {
    let entry = &deployment.entry;
    let ranges: Vec<String> = entry.allow.iter().map(ToString::to_string).collect();
    let ports = if entry.certificate.is_some() { "ports 443 and 80" } else { "port 80" };
    part("Internet gateway", [format!("in: {} on {ports}", ranges.join(", "))])
}

fn checks(deployment: &Deployment) -> String {
    let health = &deployment.entry.health;
    format!("asks {} every {}", health.path, health.interval)
}

fn balancer(deployment: &Deployment) -> Part {
    let entry = &deployment.entry;
    let listener = match &entry.certificate {
        Some(Certificate::Requested) => ["HTTPS 443, new certificate", "HTTP 80 redirects"],
        Some(_) => ["HTTPS 443, existing certificate", "HTTP 80 redirects"],
        None => ["HTTP 80", "no certificate"],
    };
    part("Load balancer", listener.map(str::to_owned))
}

fn group(deployment: &Deployment) -> Part {
    let servers = &deployment.servers;
    part("Auto Scaling Group", [format!("{} to {} servers", servers.min, servers.max)])
}

fn servers(deployment: &Deployment) -> Part {
    let servers = &deployment.servers;
    part("Servers", [format!("{}, port 8420", servers.instance)])
}

fn egress(deployment: &Deployment) -> Part {
    match deployment.network.egress {
        Egress::PublicIp => {
            part("Public addresses of the servers", ["out by the internet gateway".to_owned()])
        }
        Egress::Nat => part(
            "Regional NAT gateway",
            ["one for all zones, out by the internet gateway".to_owned()],
        ),
        Egress::Endpoints => part("Private endpoints", ["no way to the internet".to_owned()]),
    }
}

fn content(deployment: &Deployment) -> Part {
    let key = match &deployment.storage.key {
        StorageKey::None => "S3's own key",
        StorageKey::Create | StorageKey::Existing(_) => "encrypted with the key",
    };
    let kept = if deployment.storage.content.retain { "kept by down" } else { "disposable" };
    part("S3 content", [key.to_owned(), kept.to_owned()])
}

fn key(deployment: &Deployment) -> Option<Part> {
    let made = match &deployment.storage.key {
        StorageKey::None => return None,
        StorageKey::Create => "made here",
        StorageKey::Existing(_) => "existing",
    };
    Some(part(KEY, [made.to_owned(), "encrypts content".to_owned()]))
}

/// What S3 asks and servers do not.
pub(super) const KEY: &str = "KMS key";

/// What the load balancer and the buckets write.
pub(super) const ACCESS_LOGS: &str = "S3 access logs";

fn services(deployment: &Deployment) -> Vec<Part> {
    let database = &deployment.database;
    let recovery =
        if database.point_in_time_recovery { "35 days of recovery" } else { "no recovery log" };
    let protection = if database.protect { "protected" } else { "not protected" };
    let mut services = vec![
        part("DynamoDB", [recovery.to_owned(), protection.to_owned()]),
        part("STS", ["reader and writer roles".to_owned(), "one space, one hour".to_owned()]),
        part("S3 releases", ["by SHA-256".to_owned(), "never overwritten".to_owned()]),
        part(
            "CloudWatch",
            ["logs, 30 days", "alarms to one topic,", "nobody subscribed"].map(str::to_owned),
        ),
    ];
    services.extend(key(deployment));
    let logs = ["of balancer and buckets", "90 days"].map(str::to_owned);
    services.push(part(ACCESS_LOGS, logs));
    if let Some(identity) = &deployment.email.identity {
        let manage = match deployment.email.manage {
            Manage::Create => "identity made here",
            Manage::Existing => "existing identity",
        };
        services.insert(2, part("SES", [identity.to_string(), manage.to_owned()]));
    }
    services
}
