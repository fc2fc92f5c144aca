//! Zones, ranges, and ways out.

use blueprint::Deployment;
use blueprint::deployment::Egress;
use serde::Serialize;

use crate::error::RenderError;
use crate::resolved::Resolved;

/// Services that servers call besides S3 and DynamoDB, with the logical id of their private endpoint. The first six
/// are what boot, logs, alarms, client credentials and Session Manager need.
const ENDPOINTS: [(&str, &str); 6] = [
    ("AutoScaling", "autoscaling"),
    ("Logs", "logs"),
    ("Monitoring", "monitoring"),
    ("Ssm", "ssm"),
    ("SsmMessages", "ssmmessages"),
    ("Sts", "sts"),
];

/// The network's side of the blueprint.
#[derive(Serialize)]
pub(crate) struct Network {
    cidr: String,
    egress: &'static str,
    pub(crate) zones: Vec<Zone>,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// A zone and its two ranges.
#[derive(Serialize)]
pub(crate) struct Zone {
    /// From 0, for `Fn::Select`.
    index: u32,
    /// From 1, for names.
    pub(crate) number: u32,
    pub(crate) public: String,
    pub(crate) private: String,
}

#[derive(Serialize)]
pub(crate) struct Endpoint {
    pub(crate) id: &'static str,
    service: &'static str,
}

impl Network {
    pub(crate) fn new(deployment: &Deployment, resolved: &Resolved) -> Result<Self, RenderError> {
        let network = &deployment.network;
        let zones = (0..network.zones).map(|index| zone(deployment, index));
        Ok(Self {
            cidr: network.cidr.to_string(),
            egress: network.egress.as_str(),
            zones: zones.collect::<Result<_, _>>()?,
            endpoints: endpoints(deployment, resolved),
        })
    }

    /// Ranges that the load balancer's own addresses are in.
    pub(crate) fn public_ranges(&self) -> String {
        let ranges: Vec<&str> = self.zones.iter().map(|zone| zone.public.as_str()).collect();
        ranges.join(",")
    }
}

/// The parts of a zone lie side by side, so that a zone more moves no other one's.
fn zone(deployment: &Deployment, index: u32) -> Result<Zone, RenderError> {
    let network = &deployment.network;
    let part = |number| {
        let range = network.cidr.part(network.subnet_prefix(), number);
        let problem =
            || RenderError::Range { cidr: network.cidr.to_string(), zones: network.zones };
        range.map(|range| range.to_string()).ok_or_else(problem)
    };
    Ok(Zone { index, number: index + 1, public: part(2 * index)?, private: part(2 * index + 1)? })
}

fn endpoints(deployment: &Deployment, resolved: &Resolved) -> Vec<Endpoint> {
    if deployment.network.egress != Egress::Endpoints {
        return Vec::new();
    }
    let mail = deployment.email.identity.is_some() && resolved.mail_endpoint;
    let mail = mail.then_some(("Mail", "email"));
    ENDPOINTS.into_iter().chain(mail).map(|(id, service)| Endpoint { id, service }).collect()
}
