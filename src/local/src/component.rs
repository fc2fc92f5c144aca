//! The parts of a deployment and how each is started: pure, from the wish and the addresses.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::balancer::config::{BackendSpec, BalancerConfig};
use crate::balancer::limits::Times;
use crate::data::DataDir;
use crate::desired::Desired;
use crate::layout::{ENGINES_API, ENGINES_S3, Layout, zone_of};
use crate::process::spawn::Launch;
use crate::spec::HealthSpec;

pub(crate) const SUPERVISOR: &str = "supervisor";
pub(crate) const BALANCER: &str = "balancer";
pub(crate) const ENGINES: &str = "engines";

/// For engines and balancer.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Read by nobody but the fingerprint: what a process takes from files when it starts.
const ENV_FIXED: &str = "SYNCCTL_LOCAL_FIXED";

pub(crate) const REGION: &str = "us-east-1";
pub(crate) const TABLE: &str = "syncd-metadata";
pub(crate) const BUCKET: &str = "syncd-content";
pub(crate) const WRITER_ROLE: &str = "arn:aws:iam::000000000000:role/syncd-writer";
pub(crate) const READER_ROLE: &str = "arn:aws:iam::000000000000:role/syncd-reader";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Supervisor,
    Engines,
    Server,
    Balancer,
}

/// One process that should run.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Only servers have one.
    pub(crate) zone: Option<String>,
    pub(crate) address: SocketAddr,
    pub(crate) launch: Launch,
    /// Of the launch, worked out once.
    pub(crate) fingerprint: String,
    pub(crate) health: HealthSpec,
    /// A process that is not healthy by then is replaced.
    pub(crate) start_limit: Duration,
}

/// Engines, then the balancer: what there is one of. Empty while the engines have no address.
pub(crate) fn fixed(data: &DataDir, desired: &Desired, layout: &Layout) -> Vec<Component> {
    let Some((s3, api)) = layout.engines() else { return Vec::new() };
    vec![engines(data, desired, s3, api).finished(), balancer(data, desired).finished()]
}

/// A server of the group; `None` while it, or the engines, have no address.
pub(crate) fn server(
    data: &DataDir,
    desired: &Desired,
    layout: &Layout,
    name: &str,
) -> Option<Component> {
    let (s3, api) = layout.engines()?;
    let address = layout.get(name)?;
    let component = Component {
        launch: Launch {
            component: name.to_owned(),
            program: desired.programs.syncd.clone(),
            digest: desired.programs.syncd_digest.clone(),
            arguments: Vec::new(),
            environment: server_environment(data, desired, name, address, s3, api),
            listeners: BTreeMap::from([(name.to_owned(), address)]),
        },
        name: name.to_owned(),
        kind: Kind::Server,
        zone: Some(zone_of(name)?.to_owned()),
        address,
        fingerprint: String::new(),
        health: desired.spec.health.clone(),
        start_limit: desired.spec.start_limit,
    };
    Some(component.finished())
}

impl Component {
    fn finished(mut self) -> Self {
        self.fingerprint = self.launch.fingerprint();
        self
    }
}

/// What the balancer is given besides its servers.
pub(crate) fn balancer_config(desired: &Desired, backends: Vec<BackendSpec>) -> BalancerConfig {
    BalancerConfig {
        listen: desired.spec.listen,
        max_requests: desired.spec.max_requests,
        max_connections: desired.spec.max_connections,
        times: Times::default(),
        tls: desired.spec.tls.clone(),
        drain_timeout: desired.spec.drain_timeout,
        health: desired.spec.health.clone(),
        backends,
    }
}

/// Where a local program reaches a listener that may listen on every address.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => {
            SocketAddr::from(([127, 0, 0, 1], v4.port()))
        }
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, v6.port()))
        }
        other => other,
    }
}

fn engines(data: &DataDir, desired: &Desired, s3: SocketAddr, api: SocketAddr) -> Component {
    let mut launch = own(desired, ENGINES, hidden(data, "__engines"));
    // What running engines can't change, so that a change of it asks for new ones.
    let fixed = format!("s3={s3} api={api} mail_from={}", desired.spec.mail_from);
    launch.environment.insert(ENV_FIXED.to_owned(), fixed);
    launch.listeners = BTreeMap::from([(ENGINES_S3.to_owned(), s3), (ENGINES_API.to_owned(), api)]);
    Component {
        name: ENGINES.to_owned(),
        kind: Kind::Engines,
        zone: None,
        address: api,
        launch,
        fingerprint: String::new(),
        // A disk that is busy for a while is no reason to kill what writes to it.
        health: HealthSpec { unhealthy: 6, ..HealthSpec::default() },
        start_limit: START_LIMIT,
    }
}

fn balancer(data: &DataDir, desired: &Desired) -> Component {
    let mut launch = own(desired, BALANCER, hidden(data, "__balancer"));
    let fixed = balancer_config(desired, Vec::new());
    let text = serde_json::to_string(&fixed).unwrap_or_default();
    launch.environment.insert(ENV_FIXED.to_owned(), text);
    Component {
        name: BALANCER.to_owned(),
        kind: Kind::Balancer,
        zone: None,
        address: reachable(desired.spec.listen),
        launch,
        fingerprint: String::new(),
        health: HealthSpec {
            path: crate::balancer::HEALTH_PATH.to_owned(),
            ..HealthSpec::default()
        },
        start_limit: START_LIMIT,
    }
}

fn own(desired: &Desired, component: &str, arguments: Vec<String>) -> Launch {
    Launch {
        component: component.to_owned(),
        program: desired.programs.syncctl.clone(),
        digest: desired.programs.syncctl_digest.clone(),
        arguments,
        environment: BTreeMap::new(),
        listeners: BTreeMap::new(),
    }
}

pub(crate) fn supervisor_launch(data: &DataDir, desired: &Desired) -> Launch {
    own(desired, SUPERVISOR, hidden(data, "__supervisor"))
}

fn hidden(data: &DataDir, entry: &str) -> Vec<String> {
    vec![entry.to_owned(), "--data".to_owned(), data.root().to_string_lossy().into_owned()]
}

fn server_environment(
    data: &DataDir,
    desired: &Desired,
    instance: &str,
    address: SocketAddr,
    s3: SocketAddr,
    api: SocketAddr,
) -> BTreeMap<String, String> {
    let spec = &desired.spec;
    let public = format!("{}://{}", spec.scheme(), reachable(spec.listen));
    [
        ("SYNCD_LISTEN", address.to_string()),
        ("SYNCD_INSTANCE", instance.to_owned()),
        ("SYNCD_TABLE", TABLE.to_owned()),
        ("SYNCD_BUCKET", BUCKET.to_owned()),
        ("SYNCD_WRITER_ROLE_ARN", WRITER_ROLE.to_owned()),
        ("SYNCD_READER_ROLE_ARN", READER_ROLE.to_owned()),
        ("SYNCD_CLIENT_S3_ENDPOINT", format!("http://{s3}")),
        ("SYNCD_PUBLIC_URL", public),
        ("SYNCD_MAIL_FROM", spec.mail_from.clone()),
        ("SYNCD_DIGEST_INTERVAL", spec.digest_interval.as_secs().max(1).to_string()),
        ("SYNCD_WATCH_INTERVAL_MS", spec.watch_interval.as_millis().max(1).to_string()),
        // The supervisor takes a server out of the balancer before it asks it to end, so the
        // server need not wait to be noticed.
        ("SYNCD_DRAIN_DELAY", "0".to_owned()),
        ("SYNCD_DRAIN_TIMEOUT", spec.drain_timeout.as_secs().max(1).to_string()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://{api}")),
        ("AWS_ENDPOINT_URL_S3", format!("http://{s3}")),
        ("AWS_SHARED_CREDENTIALS_FILE", data.credentials_file().to_string_lossy().into_owned()),
        // Nothing of the caller's own AWS configuration may reach the server.
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
