//! What a caller asks the local target for: plain data, resolved, nothing optional.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One deployment on this machine.
///
/// It is written to the data directory, and read there by the release before and after this one: a
/// new field needs a default, and an unknown one is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalSpec {
    /// Name of the deployment, shown to people.
    pub name: String,
    /// Where everything lives; absolute.
    pub data_dir: PathBuf,
    /// The entry address, the only one clients need besides the content endpoint. Default 127.0.0.1:8420.
    pub listen: SocketAddr,
    /// How many servers the group begins with. Default 3, at most 64.
    pub servers: u8,
    /// Fewest servers that scaling leaves. Default 1.
    #[serde(default = "one")]
    pub least_servers: u8,
    /// Most servers that scaling asks for. Default 64.
    #[serde(default = "sixty_four")]
    pub most_servers: u8,
    /// A server that is not in service by then is replaced. Default 30 s.
    #[serde(default = "thirty_seconds")]
    pub start_limit: Duration,
    /// What makes the group grow and shrink. Default: nothing does.
    #[serde(default)]
    pub scale: ScaleSpec,
    /// How long a new release is watched, once every server runs it, before it counts as good.
    /// Default 10 s.
    #[serde(default = "ten_seconds")]
    pub bake: Duration,
    /// How many zones the servers are spread over, each with its own loopback address. Default 3, at most 26.
    pub zones: u8,
    pub health: HealthSpec,
    /// Sender of mail; mail lands in the mail folder of the data directory.
    pub mail_from: String,
    /// How long a mail digest collects changes.
    pub digest_interval: Duration,
    /// How often a waiting reader looks at the journal.
    pub watch_interval: Duration,
    /// How long a server may take to finish what it is doing before it is killed. Default 10 s.
    pub drain_timeout: Duration,
    /// Requests in flight at once; above it the balancer answers 503. Default 4096.
    pub max_requests: usize,
    /// Client connections at once, idle ones included; above it those make room that let the
    /// balancer wait longest, and without such the balancer answers 503. Default 4096.
    #[serde(default = "default_max_connections")]
    pub max_connections: usize,
    /// HTTPS at the entry; `None` is plain HTTP. Content goes to the engines' own listener, which stays
    /// plain HTTP.
    #[serde(default)]
    pub tls: Option<TlsSpec>,
    /// Whether purging the data needs the name typed. Remembered here, so that it holds until an
    /// `up` takes it back.
    #[serde(default)]
    pub protect: bool,
    /// Digest of the resolved blueprint; a different one makes `up` report a change.
    pub blueprint_digest: String,
}

impl LocalSpec {
    /// A specification with the documented defaults.
    pub fn new(name: impl Into<String>, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            data_dir: data_dir.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8420)),
            servers: 3,
            least_servers: one(),
            most_servers: sixty_four(),
            start_limit: thirty_seconds(),
            scale: ScaleSpec::default(),
            bake: ten_seconds(),
            zones: 3,
            health: HealthSpec::default(),
            mail_from: "sync@localhost.localdomain".to_owned(),
            digest_interval: Duration::from_secs(30),
            watch_interval: Duration::from_millis(200),
            drain_timeout: Duration::from_secs(10),
            max_requests: 4096,
            max_connections: default_max_connections(),
            tls: None,
            protect: false,
            blueprint_digest: String::new(),
        }
    }

    /// What clients are told to use.
    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme(), self.listen)
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// Where the entry's certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TlsSpec {
    /// Made here, for this machine's addresses, kept in the data directory and renewed in time.
    SelfMade,
    /// Absolute paths of PEM files; both may be the same file. A replaced file is noticed within
    /// seconds.
    Files { certificate: PathBuf, key: PathBuf },
}

/// Also what a specification of an earlier release means.
pub(crate) fn default_max_connections() -> usize {
    4096
}

const fn one() -> u8 {
    1
}

const fn sixty_four() -> u8 {
    64
}

const fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

const fn thirty_seconds() -> Duration {
    Duration::from_secs(30)
}

/// Target tracking: the group keeps each of these averages at its target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleSpec {
    /// Processor time of a server, in percent of one core.
    pub cpu: Option<u32>,
    /// Requests of a server in a minute.
    pub requests: Option<u32>,
    /// Time between two looks. Default 5 s.
    pub interval: Duration,
    /// Looks in a row above a target until the group grows. Default 3, as the alarms that AWS
    /// makes for target tracking.
    pub looks_to_grow: u32,
    /// Looks in a row with room until it shrinks by one. Default 15, as there.
    pub looks_to_shrink: u32,
    /// After a change the size stays for this long. Default 60 s.
    pub cooldown: Duration,
}

impl Default for ScaleSpec {
    fn default() -> Self {
        Self {
            cpu: None,
            requests: None,
            interval: Duration::from_secs(5),
            looks_to_grow: 3,
            looks_to_shrink: 15,
            cooldown: Duration::from_secs(60),
        }
    }
}

/// How a server's health is judged, as a cloud load balancer would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthSpec {
    /// Asked with GET; 200 to 299 is healthy. Default `/health`.
    pub path: String,
    /// Time between probes. Default 5 s.
    pub interval: Duration,
    /// How long one probe may take. Default 2 s.
    pub timeout: Duration,
    /// Failures in a row that make a healthy server unhealthy. Default 2.
    pub unhealthy: u32,
    /// Successes in a row that make an unhealthy server healthy. Default 2.
    pub healthy: u32,
}

impl Default for HealthSpec {
    fn default() -> Self {
        Self {
            path: "/health".to_owned(),
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            unhealthy: 2,
            healthy: 2,
        }
    }
}

/// Between checks of a server whose release has not proven itself, at most.
const CLOSE: Duration = Duration::from_secs(1);

impl HealthSpec {
    /// Between two checks. Who is looked at closely is found silent in three seconds a check.
    pub(crate) fn pause(&self, closely: bool) -> Duration {
        if closely { self.interval.min(CLOSE) } else { self.interval }
    }
}

/// The programs the target is made of; absolute paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programs {
    /// Also the supervisor, the balancer and the engines, through hidden entry points.
    pub syncctl: PathBuf,
    /// The bundled server.
    pub syncd: PathBuf,
}
