//! A blueprint with everything decided.

mod build;
mod choice;

pub(crate) use build::build;
pub use choice::{Alarm, Egress, Manage, Target};

use crate::values::{
    Address, Certificate, Cidr, Domain, Duration, EmailAddress, FilePath, HostedZone, HttpPath,
    Image, InstanceType, MailIdentity, Percent, Region, Release, StackName, StorageKey, Url,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Everything there is to know about a deployment before looking at the world. An `Option` is one
/// because absence means something, which the field says.
///
/// The meaning and unit of each field is that of the key of the same path; see `blueprints/reference.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// Version of the format.
    pub version: u32,
    /// Name, and prefix of everything created.
    pub name: StackName,
    /// Where the service runs.
    pub target: Target,
    /// AWS Region; on the local target only a label.
    pub region: Region,
    /// Guard against destruction.
    pub protect: bool,
    /// How long it may live; `None` is for ever.
    pub ttl: Option<Duration>,
    /// The network of the servers.
    pub network: Network,
    /// Where clients come in.
    pub entry: Entry,
    /// The machines.
    pub servers: Servers,
    /// How releases replace each other.
    pub rollout: Rollout,
    /// Where content is kept.
    pub storage: Storage,
    /// The table.
    pub database: Database,
    /// Who may log in.
    pub identity: Identity,
    /// Mail about changes.
    pub email: Email,
    /// Tags on every resource.
    pub tags: BTreeMap<String, String>,
    /// Settings of the local target.
    pub local: Local,
}

/// See `network` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Address range.
    pub cidr: Cidr,
    /// Number of zones.
    pub zones: u32,
    /// How servers reach AWS.
    pub egress: Egress,
}

/// See `entry` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Host name; `None` is the load balancer's own name.
    pub domain: Option<Domain>,
    /// Certificate; `None` is plain HTTP.
    pub certificate: Option<Certificate>,
    /// Hosted zone for the records of the entry; `None` leaves them to others, and is left out of the JSON, so that
    /// the digest of a blueprint without one is what it was before there was this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<HostedZone>,
    /// Who may connect.
    pub allow: Vec<Cidr>,
    /// The health check.
    pub health: Health,
}

/// See `entry.health` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Path asked for.
    pub path: HttpPath,
    /// Time between checks.
    pub interval: Duration,
    /// Longest wait for an answer.
    pub timeout: Duration,
    /// Failures that take a server out.
    pub unhealthy: u32,
    /// Successes that bring it in.
    pub healthy: u32,
}

/// See `servers` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Servers {
    /// Instance type.
    pub instance: InstanceType,
    /// Image to boot.
    pub image: Image,
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
    /// At the first start.
    pub desired: u32,
    /// What makes the group grow.
    pub scale: Scale,
    /// The server program.
    pub release: Release,
}

/// See `servers.scale` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scale {
    /// Processor load; `None` ignores it.
    pub cpu: Option<Percent>,
    /// Requests per server and minute; `None` ignores them.
    pub requests: Option<u32>,
}

/// See `rollout` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rollout {
    /// Share that stays in service.
    pub min_healthy: Percent,
    /// Share that may exist.
    pub max_healthy: Percent,
    /// Watching time at the end.
    pub bake: Duration,
    /// What stops it.
    pub alarms: Vec<Alarm>,
}

/// See `storage` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Storage {
    /// The content bucket.
    pub content: Content,
    /// Encryption key.
    pub key: StorageKey,
}

/// See `storage.content` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Content {
    /// Survives destruction.
    pub retain: bool,
    /// How long earlier versions stay.
    pub versions: Duration,
}

/// See `database` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Database {
    /// Restorable to any second.
    pub point_in_time_recovery: bool,
    /// Deletion refused.
    pub protect: bool,
}

/// See `identity` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Where accounts come from.
    pub accounts: Accounts,
}

/// Where accounts come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Accounts {
    /// The service keeps its own.
    Builtin,
    /// An OpenID Connect provider.
    Oidc {
        /// Address of the provider.
        issuer: Url,
        /// Audience its tokens must name.
        audience: String,
    },
}

/// See `email` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Email {
    /// What SES sends from; `None` on AWS is no mail.
    pub identity: Option<MailIdentity>,
    /// Whether the identity exists or is created.
    pub manage: Manage,
    /// Hosted zone for the records of a created identity; `None` leaves them to others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<HostedZone>,
    /// Sender; `None` is no mail.
    pub from: Option<EmailAddress>,
    /// How long changes are collected.
    pub digest: Duration,
}

/// See `local` in the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Local {
    /// TCP port.
    pub port: u16,
    /// Address to listen on.
    pub listen: Address,
    /// Data directory; `None` is the usual place, which depends on the user's home.
    pub data: Option<FilePath>,
    /// Private key of `entry.certificate`; `None` when it stands in the same file.
    pub certificate_key: Option<FilePath>,
    /// Client connections at once.
    pub connections: u32,
}

impl Network {
    /// Prefix length of each zone's two networks: as large as fits, but no larger than /20.
    #[must_use]
    pub fn subnet_prefix(&self) -> u8 {
        subnet_prefix(self.cidr, self.zones)
    }
}

/// Two networks per zone, in a number of equal parts that is a power of two.
pub(crate) fn subnet_prefix(cidr: Cidr, zones: u32) -> u8 {
    let parts = (2 * zones.clamp(1, 64)).next_power_of_two();
    let bits = u8::try_from(parts.trailing_zeros()).unwrap_or(u8::MAX);
    cidr.prefix().saturating_add(bits).max(20)
}

impl Deployment {
    /// SHA-256 over the canonical JSON of everything above, in lower-case hexadecimal. Two deployments with the
    /// same digest are the same, however their blueprints were written.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut canonical = String::new();
        write_canonical(&self.to_json(), &mut canonical);
        hex::encode(Sha256::digest(canonical.as_bytes()))
    }

    /// The deployment as JSON, with the same names as the keys of a blueprint.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        // Strings, numbers and maps with text keys only: nothing here can fail to serialise.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// JSON with sorted keys and no blanks. The order must not hang on how `serde_json` was built.
fn write_canonical(value: &serde_json::Value, text: &mut String) {
    match value {
        serde_json::Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.iter().collect();
            text.push('{');
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                text.push_str(&serde_json::Value::from(key.as_str()).to_string());
                text.push(':');
                write_canonical(value, text);
            }
            text.push('}');
        }
        serde_json::Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                write_canonical(item, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}
