//! A stack made from nothing, told by what its parts are for and the numbers that matter, instead of sixty lines
//! that all begin with a plus.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use stack::{Rendered, Stack};

use crate::plan::{
    Change, ChangeAction, Kind, Operation, Plan, PropertyChange, Replacement, StackPlan,
};

use super::concern::{Concern, counted};
use super::rows::is_fold;
use super::values::scalar;

/// Gives what new stacks make its properties, so that a first deployment can be told with its numbers. Values of
/// parameters, the account and the Region stand in them; what only AWS knows stays as the template says it.
pub fn with_properties(plan: &mut Plan, rendered: &Rendered) {
    let pseudo = [("AWS::AccountId", plan.account.clone()), ("AWS::Region", plan.region.clone())];
    let pseudo = BTreeMap::from(pseudo.map(|(name, value)| (name.to_owned(), value)));
    for stack in plan.stacks.iter_mut().filter(|stack| stack.operation == Operation::Create) {
        let rendered = match stack.kind {
            Kind::Data => &rendered.data,
            Kind::App => &rendered.app,
        };
        let added = stack.changes.iter_mut().filter(|it| it.action == ChangeAction::Add);
        for change in added.filter(|change| change.properties.is_empty()) {
            change.properties = properties(&change.logical_id, rendered, &pseudo);
        }
    }
}

fn properties(id: &str, stack: &Stack, pseudo: &BTreeMap<String, String>) -> Vec<PropertyChange> {
    let resource = stack.template.resources().get(id);
    let properties = resource.and_then(|resource| resource.get("Properties")?.as_object());
    let values = properties.into_iter().flatten().map(|(name, value)| PropertyChange {
        path: format!("Properties.{name}"),
        before: None,
        after: Some(substituted(value, &stack.parameters, pseudo)),
        recreation: Replacement::Never,
        cause: None,
        line: None,
        is_echo: false,
    });
    let mut values: Vec<PropertyChange> = values.collect();
    // Kilobytes of boot script tell nobody anything.
    let data = values.iter_mut().filter_map(|value| value.after.as_mut()?.as_object_mut());
    data.for_each(|data| drop(data.remove("UserData")));
    values
}

fn substituted(
    value: &Value,
    parameters: &BTreeMap<String, String>,
    pseudo: &BTreeMap<String, String>,
) -> Value {
    let inner = |value| substituted(value, parameters, pseudo);
    match value {
        Value::Object(map) => {
            let found =
                map.iter().next().filter(|_| map.len() == 1).and_then(|(name, argument)| {
                    match (name.as_str(), argument) {
                        ("Ref", Value::String(name)) => parameters
                            .get(name)
                            .or_else(|| pseudo.get(name))
                            .map(|it| Value::from(it.as_str())),
                        ("Fn::Sub", Value::String(text)) => {
                            let fill = |text: String, (name, value): (&String, &String)| {
                                text.replace(&format!("${{{name}}}"), value)
                            };
                            let text = pseudo.iter().chain(parameters).fold(text.clone(), fill);
                            (!text.contains("${")).then(|| Value::from(text))
                        }
                        ("Fn::Select", Value::Array(parts)) => {
                            let list = inner(parts.get(1)?);
                            let index = usize::try_from(parts.first()?.as_u64()?).ok()?;
                            list.as_str()?.split(',').nth(index).map(Value::from)
                        }
                        _ => None,
                    }
                });
            found.unwrap_or_else(|| {
                map.iter().map(|(key, value)| (key.clone(), inner(value))).collect()
            })
        }
        Value::Array(items) => items.iter().map(inner).collect(),
        scalar => scalar.clone(),
    }
}

/// Everything new for one concern.
pub(super) struct Group {
    pub(super) concern: Concern,
    pub(super) number: usize,
    /// The numbers and names that matter, most important first; empty where the plan has no values.
    pub(super) facts: Vec<String>,
    /// What it is made of: `VPC`, `6 subnets`, `NAT gateway`.
    pub(super) parts: Vec<String>,
}

/// The groups of a new stack, without what has lines of its own.
pub(super) fn groups(stack: &StackPlan) -> Vec<Group> {
    let folded: Vec<&Change> = stack.changes.iter().filter(|change| is_fold(change)).collect();
    let group = |concern| {
        let members: Vec<&Change> =
            folded.iter().copied().filter(|change| Concern::of(change) == concern).collect();
        (!members.is_empty()).then(|| Group {
            concern,
            number: members.len(),
            facts: facts(concern, &Resources(&members)),
            parts: parts(&members),
        })
    };
    Concern::ALL.into_iter().filter_map(group).collect()
}

fn parts(members: &[&Change]) -> Vec<String> {
    let mut types: Vec<(&str, usize)> = Vec::new();
    for member in members {
        match types.iter_mut().find(|(kind, _)| *kind == member.resource_type) {
            Some((_, number)) => *number += 1,
            None => types.push((&member.resource_type, 1)),
        }
    }
    types.sort_by_key(|(kind, _)| rank(kind));
    types.into_iter().map(|(kind, number)| counted(kind, number)).collect()
}

/// What a reader looks for first comes first; what only joins two others comes last.
fn rank(resource_type: &str) -> (u8, &str) {
    let last = resource_type.rsplit("::").next().unwrap_or_default();
    let rank = match last {
        "VPC" | "LoadBalancer" | "AutoScalingGroup" | "Table" | "Role" | "EmailIdentity"
        | "Alarm" => 0,
        "Bucket" | "Subnet" | "Certificate" | "LaunchTemplate" | "ConfigurationSet" => 1,
        "NatGateway" | "VPCEndpoint" | "Listener" | "TargetGroup" | "Key" | "SecurityGroup" => 2,
        "Route"
        | "SubnetRouteTableAssociation"
        | "VPCGatewayAttachment"
        | "SecurityGroupIngress" => 4,
        _ => 3,
    };
    (rank, resource_type)
}

/// The members of a group, asked for values.
struct Resources<'a>(&'a [&'a Change]);

impl Resources<'_> {
    fn has(&self, logical_id: &str) -> bool {
        self.0.iter().any(|change| change.logical_id == logical_id)
    }

    fn value(&self, logical_id: &str, path: &str) -> Option<&Value> {
        let change =
            self.0.iter().find(|change| super::names::stem(&change.logical_id) == logical_id)?;
        let mut best: Option<(&str, &Value)> = None;
        for property in &change.properties {
            let own = property.path.strip_prefix("Properties.").unwrap_or(&property.path);
            let is_at =
                path == own || path.strip_prefix(own).is_some_and(|rest| rest.starts_with('.'));
            if let (true, Some(value)) = (is_at, &property.after) {
                best = Some((own, value));
            }
        }
        let (own, value) = best?;
        let rest = path[own.len()..].split('.').filter(|step| !step.is_empty());
        rest.into_iter().try_fold(value, |value, step| match step.parse::<usize>() {
            Ok(index) => value.get(index),
            Err(_) => value.get(step),
        })
    }

    /// A value that a person can read: no reference to something else.
    fn text(&self, logical_id: &str, path: &str) -> Option<String> {
        let value = self.value(logical_id, path)?;
        (!value.is_object() && !value.is_array() && !value.is_null()).then(|| scalar(value, ""))
    }

    fn distinct(&self, resource_type: &str, path: &str) -> Vec<String> {
        let ids = self.0.iter().filter(|change| change.resource_type == resource_type);
        let values = ids.filter_map(|change| self.text(&change.logical_id, path));
        values.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

fn facts(concern: Concern, resources: &Resources<'_>) -> Vec<String> {
    let facts = match concern {
        Concern::Content => content(resources),
        Concern::Metadata => metadata(resources),
        Concern::Network => network(resources),
        Concern::Entry => entry(resources),
        Concern::Servers => servers(resources),
        Concern::Mail => vec![resources.text("MailIdentity", "EmailIdentity")],
        Concern::Alarms => vec![alarms(resources)],
        Concern::Identity => vec![roles(resources)],
        Concern::Other => Vec::new(),
    };
    facts.into_iter().flatten().collect()
}

fn content(resources: &Resources<'_>) -> Vec<Option<String>> {
    let days = "LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration.NoncurrentDays";
    let algorithm = "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm";
    let key = match resources.text("Content", algorithm).as_deref() {
        Some("aws:kms") if resources.has("Key") => {
            Some("encrypted with a key of its own".to_owned())
        }
        Some("aws:kms") => Some("encrypted with an existing key".to_owned()),
        Some(_) => Some("encrypted with S3's key".to_owned()),
        None => None,
    };
    vec![
        resources.text("Content", "BucketName").map(|name| format!("bucket {name}")),
        resources
            .text("Content", days)
            .map(|days| format!("deleted files restorable for {days} days")),
        key,
    ]
}

fn metadata(resources: &Resources<'_>) -> Vec<Option<String>> {
    let recovery = "PointInTimeRecoverySpecification.RecoveryPeriodInDays";
    vec![
        resources.text("Metadata", "TableName").map(|name| format!("table {name}")),
        resources
            .text("Metadata", recovery)
            .map(|days| format!("restorable to any second of {days} days")),
    ]
}

fn network(resources: &Resources<'_>) -> Vec<Option<String>> {
    let zones = resources.distinct("AWS::EC2::Subnet", "AvailabilityZone");
    let zones = (!zones.is_empty()).then(|| zones.join(", "));
    let interfaces = resources.has("EndpointsFirewall");
    let way = match (resources.has("Nat"), interfaces) {
        (true, _) => "servers reach AWS through a NAT gateway",
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
    let rules =
        resources.value("BalancerFirewall", "SecurityGroupIngress").and_then(Value::as_array);
    let ranges = rules.into_iter().flatten().filter_map(|rule| rule.get("CidrIp")?.as_str());
    let ranges: BTreeSet<&str> = ranges.collect();
    let open = (!ranges.is_empty())
        .then(|| format!("open to {}", ranges.into_iter().collect::<Vec<_>>().join(", ")));
    vec![resources.text("DomainRecord", "Name"), protocol, open, health]
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
        cpu.map(|cpu| format!("{cpu} % processor")),
        requests.map(|requests| format!("{requests} requests a minute")),
    ];
    let goals: Vec<String> = goals.into_iter().flatten().collect();
    let logs = resources.text("ServerLogs", "RetentionInDays");
    vec![
        size,
        resources.text("LaunchTemplate", "LaunchTemplateData.ImageId"),
        (!goals.is_empty()).then(|| format!("grows to keep to {}", goals.join(" and "))),
        logs.map(|days| format!("logs kept {days} days")),
    ]
}

fn roles(resources: &Resources<'_>) -> Option<String> {
    named(resources, "AWS::IAM::Role", "role of ").map(|names| format!("for {names}"))
}

fn alarms(resources: &Resources<'_>) -> Option<String> {
    named(resources, "AWS::CloudWatch::Alarm", "alarm: ")
}

/// The names of all resources of a type, without what they have in common.
fn named(resources: &Resources<'_>, resource_type: &str, common: &str) -> Option<String> {
    let members = resources.0.iter().filter(|change| change.resource_type == resource_type);
    let names = members.map(|change| super::names::name(&change.logical_id));
    let names: Vec<String> =
        names.map(|name| name.strip_prefix(common).unwrap_or(&name).to_owned()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
