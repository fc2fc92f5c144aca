//! What an action may act on, and through what.

use super::calls::{Call, On, Purpose};
use super::names::Names;

/// Everything of a statement but its actions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scope {
    pub(super) sid: &'static str,
    pub(super) resources: Vec<String>,
    /// Operator, key, values.
    pub(super) conditions: Vec<(&'static str, &'static str, Vec<String>)>,
}

/// Services that may get a role of ours: EC2 with the instance profile, and the network's flow logs.
const PASSED_TO: [&str; 2] = ["ec2.amazonaws.com", "vpc-flow-logs.amazonaws.com"];

/// Services that make a role of their own at their first use in an account.
///
/// <https://docs.aws.amazon.com/vpc/latest/userguide/using-service-linked-roles.html> for NAT gateways.
const SERVICE_LINKED: [&str; 3] = [
    "autoscaling.amazonaws.com",
    "ec2-nat-gateway.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
];

/// What a server consists of, in EC2's words.
const SERVER: [&str; 6] =
    ["instance", "launch-template", "network-interface", "security-group", "subnet", "volume"];

/// What a network consists of, launch templates among it: their ids are known to nobody before.
const NETWORK: [&str; 12] = [
    "elastic-ip",
    "internet-gateway",
    "launch-template",
    "natgateway",
    "network-interface",
    "route-table",
    "security-group",
    "security-group-rule",
    "subnet",
    "vpc",
    "vpc-endpoint",
    "vpc-flow-log",
];

/// The scope of a call of the deployer's own.
pub(super) fn own(call: &Call, names: &Names) -> Scope {
    let objects = || names.bucket_arns().iter().map(|arn| format!("{arn}/*")).collect();
    let all = || vec!["*".to_owned()];
    let is_plan = call.purpose == Purpose::Plan;
    let (sid, resources) = match (call.on, is_plan) {
        (On::Stacks, true) => ("PlanStacks", names.stack_arns()),
        (On::Stacks, false) => ("ChangeStacks", names.stack_arns()),
        (On::Buckets, true) => ("LookAtBuckets", names.bucket_arns()),
        (On::Buckets, false) => ("CountBuckets", names.bucket_arns()),
        (On::Objects, _) => ("EmptyBuckets", objects()),
        (On::Releases, true) => ("LookAtReleases", vec![releases(names)]),
        (On::Releases, false) => ("ShipReleases", vec![releases(names)]),
        (On::Artifacts, true) => ("ReadNotes", vec![artifacts(names)]),
        (On::Artifacts, false) => ("WriteNotes", vec![artifacts(names)]),
        (On::Table, true) => ("LookAtTable", vec![table(names)]),
        (On::Table, false) => ("ProtectTableAndInvite", vec![table(names)]),
        (On::Key, _) => ("FindKey", vec![names.arn("kms", "key/*")]),
        (On::Logs, _) => {
            ("ReadLogs", vec![names.generated("logs", "log-group:"), log_streams(names)])
        }
        (On::PublicParameters, _) => {
            ("FindImage", vec![names.public("ssm", "parameter/aws/service/*")])
        }
        (On::Certificates, _) => ("LookAtCertificates", vec![names.arn("acm", "certificate/*")]),
        (On::MailIdentities, _) => ("LookAtMail", vec![names.arn("ses", "identity/*")]),
        (On::Anything, true) => ("LookAround", all()),
        (On::Anything, false) => ("LookAtServers", vec![names.arn("ec2", "instance/*")]),
    };
    let conditions = match call.on {
        // A key is asked for by its alias, and then no other key is anybody's business. The alias names the account,
        // which may be a wildcard here.
        On::Key => vec![("StringLike", "kms:RequestAlias", vec![names.alias().to_owned()])],
        On::Stacks if names.of_previews && !is_plan => {
            vec![("StringEquals", "aws:ResourceTag/syncctl:preview", vec!["true".to_owned()])]
        }
        _ => Vec::new(),
    };
    Scope { sid, resources, conditions }
}

/// The scopes of an action that CloudFormation calls, nothing of it possible past a stack operation.
pub(super) fn of_stack(action: &str, names: &Names) -> Vec<Scope> {
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    let scope = |sid, resources: Vec<String>| {
        let via = vec!["cloudformation.amazonaws.com".to_owned()];
        Scope { sid, resources, conditions: vec![("StringEquals", "aws:CalledViaFirst", via)] }
    };
    let with = |mut scope: Scope, key, values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        scope.conditions.push(("StringEquals", key, values));
        scope
    };
    let anything = |sid| scope(sid, vec!["*".to_owned()]);
    vec![match (service, name) {
        ("s3", "ListAllMyBuckets") => anything("StackLooks"),
        ("s3", _) if is_read(action) => scope("StackLooksAtBuckets", names.bucket_arns()),
        ("s3", _) => scope("StackBuckets", names.bucket_arns()),
        ("dynamodb", "ListTables") => anything("StackLooks"),
        ("dynamodb", _) if is_read(action) => scope("StackLooksAtTable", vec![table(names)]),
        ("dynamodb", _) => scope("StackTable", vec![table(names)]),
        ("iam", "PassRole") => with(
            scope("StackPassesRoles", names.service_role_arns()),
            "iam:PassedToService",
            &PASSED_TO,
        ),
        ("iam", "CreateServiceLinkedRole") => {
            let role = names.global("iam", "role/aws-service-role/*");
            let scope = scope("StackFirstUseOfServices", vec![role]);
            with(scope, "iam:AWSServiceName", &SERVICE_LINKED)
        }
        ("iam", "ListRoles" | "ListInstanceProfiles") => anything("StackLooks"),
        ("iam", name) if name.contains("InstanceProfile") => {
            let profile = names.global("iam", "instance-profile/");
            scope("StackInstanceProfile", vec![format!("{profile}{}", names.profile())])
        }
        ("iam", _) if is_read(action) => scope("StackLooksAtRoles", names.role_arns()),
        ("iam", _) => scope("StackRoles", names.role_arns()),
        ("acm", "ListCertificates") => anything("StackLooks"),
        ("acm", "RequestCertificate") | ("kms", "CreateKey") => anything("StackMakes"),
        // The older of SES's two interfaces, which handlers use as well, knows no resources.
        ("ses", name) if name.starts_with("Create") => anything("StackMakes"),
        ("logs", "CreateLogDelivery" | "DeleteLogDelivery") => anything("StackMakes"),
        ("acm", _) => scope("StackCertificate", vec![names.arn("acm", "certificate/*")]),
        ("kms", "CreateAlias" | "DeleteAlias" | "UpdateAlias") => {
            scope("StackKeyAlias", vec![names.alias_arn(), names.arn("kms", "key/*")])
        }
        ("kms", "ListAliases" | "ListKeys") => anything("StackLooks"),
        ("kms", _) => scope("StackKey", vec![names.arn("kms", "key/*")]),
        ("route53", "ListHostedZones") => anything("StackLooks"),
        ("route53", "GetChange") => {
            scope("StackDnsProgress", vec![names.worldwide("route53", "change/*")])
        }
        ("route53", _) => scope("StackDns", names.hosted_zone_arns()),
        _ if is_read(action) => anything("StackLooks"),
        ("autoscaling", _) => {
            let group = format!("autoScalingGroup:*:autoScalingGroupName/{}", names.group);
            scope("StackGroup", vec![names.arn("autoscaling", &group)])
        }
        ("cloudwatch", _) => {
            // The second kind is made for the group by its own scaling policies.
            let scaling = format!("alarm:TargetTracking-{}-*", names.group);
            let alarms =
                [names.generated("cloudwatch", "alarm:"), names.arn("cloudwatch", &scaling)];
            scope("StackAlarms", alarms.into())
        }
        ("ec2", "RunInstances") => {
            let mut resources = of_ec2(names, &SERVER);
            resources.push(names.public("ec2", "image/*"));
            scope("StackStartsServers", resources)
        }
        ("ec2", _) => scope("StackNetwork", of_ec2(names, &NETWORK)),
        ("elasticloadbalancing", _) => {
            let kinds = ["listener/app/*", "loadbalancer/app/*", "targetgroup/*"];
            let arns = kinds.map(|kind| names.arn("elasticloadbalancing", kind));
            scope("StackBalancer", arns.into())
        }
        ("logs", _) => {
            let groups = names.generated("logs", "log-group:");
            scope("StackLogs", vec![groups, log_streams(names)])
        }
        ("ses", _) => scope("StackMail", names.mail_arns()),
        ("sns", _) => scope("StackTopic", vec![names.generated("sns", "")]),
        _ => anything("StackMakes"),
    }]
}

/// Whether an action only looks.
pub(super) fn is_read(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb))
}

fn of_ec2(names: &Names, kinds: &[&str]) -> Vec<String> {
    kinds.iter().map(|kind| names.arn("ec2", &format!("{kind}/*"))).collect()
}

fn releases(names: &Names) -> String {
    let [_, artifacts, _] = &names.buckets;
    names.worldwide("s3", &format!("{artifacts}/releases/*"))
}

fn artifacts(names: &Names) -> String {
    let [_, artifacts, _] = &names.buckets;
    names.worldwide("s3", &format!("{artifacts}/*"))
}

fn table(names: &Names) -> String {
    names.arn("dynamodb", &format!("table/{}", names.table))
}

fn log_streams(names: &Names) -> String {
    format!("{}:*", names.generated("logs", "log-group:"))
}
