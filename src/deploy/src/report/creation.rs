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
use super::words::count;

mod facts;
mod rights;

use facts::facts;

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
    let policy = resource.and_then(|resource| resource.get("DeletionPolicy"));
    let policy = policy.map(|policy| PropertyChange {
        path: "DeletionPolicy".to_owned(),
        before: None,
        after: Some(policy.clone()),
        recreation: Replacement::Never,
        cause: None,
        line: None,
        is_echo: false,
    });
    let mut values: Vec<PropertyChange> = values.chain(policy).collect();
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

/// Who can reach a new stack from outside, if it has an entry.
pub(super) fn exposure(stack: &StackPlan) -> Option<String> {
    let members: Vec<&Change> = stack.changes.iter().filter(|change| is_fold(change)).collect();
    facts::exposure(&Resources(&members))
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
            parts: parts(concern, &members),
        })
    };
    Concern::ALL.into_iter().filter_map(group).collect()
}

fn parts(concern: Concern, members: &[&Change]) -> Vec<String> {
    let mut types: Vec<(&str, Vec<&Change>)> = Vec::new();
    for member in members {
        match types.iter_mut().find(|(kind, _)| *kind == member.resource_type) {
            Some((_, of_type)) => of_type.push(member),
            None => types.push((&member.resource_type, vec![member])),
        }
    }
    types.sort_by_key(|(kind, _)| rank(kind));
    match types.as_slice() {
        // The facts name it already.
        [(_, of_type)] if of_type.len() == 1 && concern == Concern::Metadata => Vec::new(),
        types => types.iter().map(|(kind, of_type)| part(kind, of_type)).collect(),
    }
}

fn part(resource_type: &str, members: &[&Change]) -> String {
    let number = members.len();
    match resource_type {
        "AWS::EC2::NatGateway" => "regional NAT gateway".to_owned(),
        "AWS::EC2::VPCEndpoint" => {
            let names = members.iter().map(|it| super::names::name(&it.logical_id));
            let mut names: Vec<String> =
                names.map(|name| name.trim_start_matches("endpoint for ").to_owned()).collect();
            names.sort_by_key(|name| name != "S3");
            format!("{} ({})", count(number, "VPC endpoint", "VPC endpoints"), names.join(", "))
        }
        kind => counted(kind, number),
    }
}

/// What is paid for although nobody uses it, all stacks together. Prices are AWS's to say, and change.
pub(super) fn charged(plan: &Plan) -> Option<String> {
    let stacks = plan.stacks.iter().filter(|stack| super::rows::is_folded(stack));
    let members: Vec<&Change> = stacks
        .flat_map(|stack| &stack.changes)
        .filter(|change| change.action == ChangeAction::Add)
        .collect();
    let number = |kind: &str| members.iter().filter(|it| it.resource_type == kind).count();
    let resources = Resources(&members);
    let servers = resources.text("Group", "MinSize").filter(|_| number(GROUP) > 0);
    let is_paid = |change: &&&Change| {
        let kind = change.properties.iter().find(|it| it.path == "Properties.VpcEndpointType");
        let kind = kind.and_then(|property| property.after.as_ref());
        kind.is_some_and(|kind| *kind == "Interface")
    };
    let endpoints = members.iter().filter(is_paid).count();
    let is_there = |kind: &str, name: &str| (number(kind) > 0).then(|| name.to_owned());
    let paid = [
        is_there("AWS::ElasticLoadBalancingV2::LoadBalancer", "load balancer"),
        servers.map(|servers| match servers.as_str() {
            "1" => "1 server".to_owned(),
            servers => format!("{servers} servers"),
        }),
        is_there("AWS::EC2::NatGateway", "NAT gateway"),
        (endpoints > 0).then(|| count(endpoints, "interface endpoint", "interface endpoints")),
        is_there("AWS::KMS::Key", "KMS key"),
        is_there("AWS::CloudWatch::Alarm", "alarms"),
    ];
    let paid: Vec<String> = paid.into_iter().flatten().collect();
    (!paid.is_empty()).then(|| format!("charged while idle: {}", paid.join(", ")))
}

const GROUP: &str = "AWS::AutoScaling::AutoScalingGroup";

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

    /// What stands beside the properties.
    fn attribute(&self, logical_id: &str, name: &str) -> Option<&Value> {
        let change = self.0.iter().find(|change| change.logical_id == logical_id)?;
        change.properties.iter().find(|property| property.path == name)?.after.as_ref()
    }

    fn of_type(&self, resource_type: &str) -> impl Iterator<Item = &Change> {
        self.0.iter().copied().filter(move |change| change.resource_type == resource_type)
    }

    fn distinct(&self, resource_type: &str, path: &str) -> Vec<String> {
        let ids = self.0.iter().filter(|change| change.resource_type == resource_type);
        let values = ids.filter_map(|change| self.text(&change.logical_id, path));
        values.collect::<BTreeSet<_>>().into_iter().collect()
    }
}
