//! Where clients come in.

use blueprint::{Certificate, Deployment};
use serde::Serialize;
use serde_json::{Value, json};

/// The load balancer's side of the blueprint.
#[derive(Serialize)]
pub(crate) struct Entry {
    domain: Option<String>,
    zone: Option<String>,
    /// `request`, an ARN, or none.
    certificate: Option<String>,
    /// Ports that clients may reach.
    ports: Vec<u16>,
    allow: Vec<String>,
    health: Health,
}

/// Times in seconds.
#[derive(Serialize)]
struct Health {
    path: String,
    interval: u64,
    timeout: u64,
    unhealthy: u32,
    healthy: u32,
}

impl Entry {
    pub(crate) fn new(deployment: &Deployment) -> Self {
        let entry = &deployment.entry;
        Self {
            domain: entry.domain.as_ref().map(ToString::to_string),
            zone: entry.zone.as_ref().map(ToString::to_string),
            certificate: entry.certificate.as_ref().map(ToString::to_string),
            ports: if entry.certificate.is_some() { vec![443, 80] } else { vec![80] },
            allow: entry.allow.iter().map(ToString::to_string).collect(),
            health: Health {
                path: entry.health.path.to_string(),
                interval: entry.health.interval.seconds(),
                timeout: entry.health.timeout.seconds(),
                unhealthy: entry.health.unhealthy,
                healthy: entry.health.healthy,
            },
        }
    }
}

/// The certificate as the listener and its alarm name it.
pub(crate) fn certificate_arn(deployment: &Deployment) -> Option<Value> {
    Some(match deployment.entry.certificate.as_ref()? {
        Certificate::Requested => json!({"Ref": "Certificate"}),
        existing => json!(existing.to_string()),
    })
}

/// Listener whose traffic reaches the servers.
pub(crate) fn listener(deployment: &Deployment) -> &'static str {
    if deployment.entry.certificate.is_some() { "HttpsListener" } else { "HttpListener" }
}

/// Where people reach the service.
pub(crate) fn public_url(deployment: &Deployment) -> Value {
    match &deployment.entry.domain {
        Some(domain) => json!(format!("https://{domain}")),
        None => json!({"Fn::Sub": "http://${LoadBalancer.DNSName}"}),
    }
}

/// The origin of the web page. Without a domain it is a name that AWS chooses after the bucket was made, so all its
/// names of the Region may ask; what counts is the credential anyway.
pub(crate) fn web_origin(deployment: &Deployment) -> String {
    match &deployment.entry.domain {
        Some(domain) => format!("https://{domain}"),
        None => format!("http://*.{}.elb.amazonaws.com", deployment.region),
    }
}
