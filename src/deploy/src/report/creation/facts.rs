//! The numbers and names that matter about what is new, most important first.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::concern::Concern;
use super::super::names::name;
use super::super::words::count;
use super::{Resources, rights};

pub(super) fn facts(concern: Concern, resources: &Resources<'_>) -> Vec<String> {
    let facts = match concern {
        Concern::Content => content(resources),
        Concern::Metadata => metadata(resources),
        Concern::Network => network(resources),
        Concern::Entry => entry(resources),
        Concern::Servers => servers(resources),
        Concern::Mail => mail(resources),
        Concern::Alarms => vec![alarms(resources)],
        Concern::Identity => rights::roles(resources),
        Concern::Other => Vec::new(),
    };
    facts.into_iter().flatten().collect()
}

fn content(resources: &Resources<'_>) -> Vec<Option<String>> {
    let days = "LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration.NoncurrentDays";
    let algorithm = "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm";
    let key = match resources.text("Content", algorithm).as_deref() {
        Some("aws:kms") if resources.has("Key") => Some("encrypted with a new KMS key".to_owned()),
        Some("aws:kms") => Some("encrypted with a KMS key that is there".to_owned()),
        Some(_) => Some("encrypted with S3's own key".to_owned()),
        None => None,
    };
    let bucket = |id: &str, what: &str| {
        let name = resources.text(id, "BucketName")?;
        Some(format!("{what} in {name}, {}", on_down(resources, id)?))
    };
    vec![
        bucket("Content", "content"),
        resources
            .text("Content", days)
            .map(|days| format!("deleted files restorable for {}", days_of(&days))),
        key,
        bucket("Artifacts", "releases"),
        bucket("Logs", "access logs"),
    ]
}

fn metadata(resources: &Resources<'_>) -> Vec<Option<String>> {
    let recovery = "PointInTimeRecoverySpecification.RecoveryPeriodInDays";
    let table = resources.text("Metadata", "TableName");
    vec![
        table.and_then(|name| Some(format!("table {name}, {}", on_down(resources, "Metadata")?))),
        resources
            .text("Metadata", recovery)
            .map(|days| format!("restorable to any second of {}", days_of(&days))),
    ]
}

/// What `down` does to it.
fn on_down(resources: &Resources<'_>, id: &str) -> Option<&'static str> {
    let policy = resources.attribute(id, "DeletionPolicy");
    Some(match policy?.as_str()? {
        policy if policy.starts_with("Retain") => "kept on `down`",
        _ => "deleted on `down`",
    })
}

fn network(resources: &Resources<'_>) -> Vec<Option<String>> {
    let zones = resources.distinct("AWS::EC2::Subnet", "AvailabilityZone");
    let zones = (!zones.is_empty()).then(|| zones.join(", "));
    let interfaces = resources.has("EndpointsFirewall");
    let way = match (resources.has("Nat"), interfaces) {
        (true, _) => "servers reach AWS through one regional NAT gateway (all zones)",
        (_, true) => "servers reach AWS through private endpoints only",
        _ => "servers reach AWS with addresses of their own",
    };
    let cidr = resources.text("Network", "CidrBlock");
    let place = match (cidr, zones) {
        (Some(cidr), Some(zones)) => Some(format!("{cidr} in {zones}")),
        (cidr, zones) => cidr.or(zones),
    };
    let way = resources.has("Network").then(|| way.to_owned());
    vec![place, way]
}

fn entry(resources: &Resources<'_>) -> Vec<Option<String>> {
    let protocol = match (resources.has("HttpsListener"), resources.has("HttpListener")) {
        (true, _) => Some("HTTPS on port 443".to_owned()),
        (false, true) => Some("plain HTTP on port 80".to_owned()),
        (false, false) => None,
    };
    let path = resources.text("TargetGroup", "HealthCheckPath");
    let interval = resources.text("TargetGroup", "HealthCheckIntervalSeconds");
    let health = path
        .zip(interval)
        .map(|(path, interval)| format!("health check {path} every {interval} s"));
    let zone = resources.text("DomainRecord", "HostedZoneId");
    let record = resources.text("DomainRecord", "Name");
    let record =
        record.map(|record| format!("DNS record {record} in zone {}", zone.unwrap_or_default()));
    let proof = resources.has("Certificate");
    let proof = proof.then(|| "certificate from ACM, proven by a record in the zone".to_owned());
    vec![protocol, record, proof, health]
}

/// Who can reach the service, in one line of its own: `reachable from 0.0.0.0/0 on ports 80 and 443`.
pub(super) fn exposure(resources: &Resources<'_>) -> Option<String> {
    let rules =
        resources.value("BalancerFirewall", "SecurityGroupIngress").and_then(Value::as_array)?;
    let texts = |name: &str| -> BTreeSet<String> {
        let value = |rule: &Value| match rule.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        rules.iter().filter_map(value).collect()
    };
    let joined = |set: BTreeSet<String>, with: &str| set.into_iter().collect::<Vec<_>>().join(with);
    let public = resources
        .value("LaunchTemplate", "LaunchTemplateData.NetworkInterfaces.0.AssociatePublicIpAddress");
    let servers = match public {
        Some(value) if *value == true => {
            "servers have public addresses, inbound only from the load balancer"
        }
        _ => "servers have no public addresses",
    };
    let ports = texts("FromPort");
    let word = if ports.len() == 1 { "port" } else { "ports" };
    Some(format!(
        "reachable from {} on {word} {}; {servers}",
        joined(texts("CidrIp"), ", "),
        joined(ports, " and ")
    ))
}

fn servers(resources: &Resources<'_>) -> Vec<Option<String>> {
    let (min, max) = (resources.text("Group", "MinSize"), resources.text("Group", "MaxSize"));
    let size = min.zip(max).map(|(min, max)| format!("{min} to {max}"));
    let kind = resources.text("LaunchTemplate", "LaunchTemplateData.InstanceType");
    let size = match (size, kind) {
        (Some(size), Some(kind)) => Some(format!("{size} × {kind}")),
        (size, kind) => size.or(kind),
    };
    let cpu = resources.text("ScaleByProcessor", "TargetTrackingConfiguration.TargetValue");
    let requests = resources.text("ScaleByRequests", "TargetTrackingConfiguration.TargetValue");
    let goals = [
        cpu.map(|cpu| format!("{cpu} % CPU")),
        requests.map(|requests| format!("{requests} requests per server and minute")),
    ];
    let goals: Vec<String> = goals.into_iter().flatten().collect();
    let logs = resources.text("ServerLogs", "RetentionInDays");
    vec![
        size,
        resources.text("LaunchTemplate", "LaunchTemplateData.ImageId"),
        (!goals.is_empty()).then(|| format!("scales to {}", goals.join(" and "))),
        logs.map(|days| format!("logs kept {}", days_of(&days))),
    ]
}

/// The identity, and the records that are made for it, each by its name.
fn mail(resources: &Resources<'_>) -> Vec<Option<String>> {
    let record = |id: &str| {
        let name = resources.text(id, "Name")?;
        Some(format!("{name} ({})", resources.text(id, "Type")?))
    };
    let signing = ["Dkim1", "Dkim2", "Dkim3"].iter().filter(|id| resources.has(id)).count();
    let signing = (signing > 0).then(|| format!("{signing} below _domainkey (CNAME)"));
    let records: Vec<String> = ["BounceExchanger", "BounceSender", "Dmarc"]
        .into_iter()
        .filter_map(record)
        .chain(signing)
        .collect();
    let zone = resources.text("Dmarc", "HostedZoneId").unwrap_or_default();
    vec![
        resources.text("MailIdentity", "EmailIdentity"),
        (!records.is_empty())
            .then(|| format!("DNS records in zone {zone}: {}", records.join(", "))),
    ]
}

fn alarms(resources: &Resources<'_>) -> Option<String> {
    let alarms = resources.of_type("AWS::CloudWatch::Alarm");
    let names = alarms.map(|change| name(&change.logical_id));
    let names: Vec<String> =
        names.map(|name| name.trim_start_matches("alarm: ").to_owned()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// `1 day`, `30 days`.
fn days_of(days: &str) -> String {
    days.parse().map_or_else(|_| format!("{days} days"), |days| count(days, "day", "days"))
}
