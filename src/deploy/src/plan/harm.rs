//! What a change does to people and data.

use serde::{Deserialize, Serialize};

use super::effect::effects;
use super::{Change, ChangeAction, PolicyAction, Replacement};

/// The order in which changes are shown, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    /// Data is gone afterwards.
    Destroys,
    /// Requests can fail meanwhile, or connections break.
    Interrupts,
    /// Servers are replaced one after the other; nobody notices.
    Rolls,
    /// Nobody notices.
    Safe,
}

/// Says of a change how bad it is, and in words what it comes to.
pub(crate) fn judge(change: &mut Change) {
    let effects = effects(change);
    let worst = effects.iter().map(|effect| effect.harm);
    change.harm = worst.chain([Harm::of(change)]).min().unwrap_or(Harm::Safe);
    change.effects = effects.into_iter().map(|effect| effect.words).collect();
}

impl Harm {
    /// What a change does, from everything else that is known of it. Where a replacement is possible and not sure,
    /// the worse case counts, and so it does where nobody says what becomes of the old resource.
    fn of(change: &Change) -> Self {
        let is_in = |list: &[(&str, &str)]| list.iter().any(|it| it.0 == change.resource_type);
        if goes(change) && change.resource_type != LAUNCH_TEMPLATE {
            return match (is_in(&DATA), is_kept(change)) {
                (true, false) => Self::Destroys,
                // The data is still there, and the service no longer looks at it.
                (true, true) => Self::Interrupts,
                (false, _) if is_in(&PATH) => Self::Interrupts,
                (false, _) => Self::Safe,
            };
        }
        let is_interrupting = |path: &str| INTERRUPTING.contains(&(&change.resource_type, path));
        if changes_any(change, is_interrupting) {
            Self::Interrupts
        } else if rolls(change) {
            Self::Rolls
        } else {
            Self::Safe
        }
    }
}

/// What cannot be made again, with the reason.
const DATA: [(&str, &str); 3] = [
    ("AWS::S3::Bucket", "files, releases or logs are in it"),
    ("AWS::DynamoDB::Table", "names, versions and accounts are in it"),
    ("AWS::KMS::Key", "nobody can read what was encrypted with it"),
];

/// Whether a resource of this type holds what cannot be made again.
pub(crate) fn holds_data(resource_type: &str) -> bool {
    DATA.iter().any(|(kind, _)| *kind == resource_type)
}

/// What requests go through, with what happens when it is replaced or removed.
const PATH: [(&str, &str); 22] = [
    ("AWS::AutoScaling::AutoScalingGroup", "all servers stop"),
    ("AWS::CertificateManager::Certificate", "clients see another certificate, or none"),
    ("AWS::EC2::InternetGateway", "nobody reaches the network"),
    ("AWS::EC2::NatGateway", "servers do not reach AWS"),
    ("AWS::EC2::Route", "servers or the load balancer have no way out"),
    ("AWS::EC2::RouteTable", "servers or the load balancer have no way out"),
    ("AWS::EC2::SecurityGroup", "connections are refused until the new one is in place"),
    ("AWS::EC2::SecurityGroupIngress", "the load balancer does not reach the servers"),
    ("AWS::EC2::Subnet", "servers and load balancer move to another one"),
    ("AWS::EC2::SubnetRouteTableAssociation", "a subnet has no way out meanwhile"),
    ("AWS::EC2::VPC", "everything moves to another network"),
    ("AWS::EC2::VPCEndpoint", "servers do not reach the service behind it"),
    ("AWS::EC2::VPCGatewayAttachment", "nobody reaches the network"),
    ("AWS::ElasticLoadBalancingV2::Listener", "clients cannot connect meanwhile"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "it gets another name and other addresses"),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "servers register anew"),
    ("AWS::IAM::InstanceProfile", "servers lose their credentials"),
    ("AWS::IAM::Policy", "servers or clients lose rights"),
    ("AWS::IAM::Role", "sessions of servers and clients end"),
    ("AWS::KMS::Alias", "servers do not find the key of the content"),
    ("AWS::Route53::RecordSet", "the name is not found until caches have forgotten it"),
    ("AWS::SES::EmailIdentity", "it has to be verified again, and its reputation is gone"),
];

/// Properties that interrupt although they change in place.
const INTERRUPTING: [(&str, &str); 2] = [
    ("AWS::ElasticLoadBalancingV2::Listener", "Properties.Port"),
    ("AWS::ElasticLoadBalancingV2::Listener", "Properties.Protocol"),
];

/// Properties of the group that make it replace its instances (`AutoScalingInstanceRefresh`).
const ROLLING: [&str; 6] = [
    "Properties.AvailabilityZones",
    "Properties.LaunchConfigurationName",
    "Properties.LaunchTemplate",
    "Properties.MixedInstancesPolicy",
    "Properties.PlacementGroup",
    "Properties.VPCZoneIdentifier",
];

const LAUNCH_TEMPLATE: &str = "AWS::EC2::LaunchTemplate";
const GROUP: &str = "AWS::AutoScaling::AutoScalingGroup";

/// Whether the resource that is there now will not be any more.
fn goes(change: &Change) -> bool {
    match change.action {
        // A change that nobody can tell beforehand has no replacement to go by.
        ChangeAction::Remove | ChangeAction::Dynamic => true,
        ChangeAction::Add | ChangeAction::Import => false,
        ChangeAction::Modify | ChangeAction::Sync => change.replacement != Replacement::Never,
    }
}

fn is_kept(change: &Change) -> bool {
    match change.policy {
        Some(
            PolicyAction::Retain
            | PolicyAction::Snapshot
            | PolicyAction::ReplaceAndRetain
            | PolicyAction::ReplaceAndSnapshot,
        ) => true,
        Some(PolicyAction::Delete | PolicyAction::ReplaceAndDelete) | None => false,
    }
}

fn rolls(change: &Change) -> bool {
    let changes = matches!(change.action, ChangeAction::Modify | ChangeAction::Dynamic);
    changes
        && match change.resource_type.as_str() {
            LAUNCH_TEMPLATE => true,
            GROUP => changes_any(change, |path| ROLLING.contains(&path)),
            _ => false,
        }
}

/// Whether any property or one that holds it is such: `Properties.LaunchTemplate` for
/// `Properties.LaunchTemplate.Version`.
fn changes_any(change: &Change, is_such: impl Fn(&str) -> bool) -> bool {
    change.properties.iter().filter(|property| !property.is_echo).any(|property| {
        let path = &property.path;
        let ends = path.match_indices(['.', '[']).map(|(at, _)| at).chain([path.len()]);
        ends.into_iter().any(|end| is_such(&path[..end]))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Change, ChangeAction, PolicyAction, PropertyChange, Replacement};
    use super::{DATA, Harm, PATH};
    use crate::schemas::schema;

    fn change(
        resource_type: &str,
        action: ChangeAction,
        replacement: Replacement,
        policy: Option<PolicyAction>,
        path: &str,
    ) -> Change {
        Change {
            logical_id: "It".to_owned(),
            physical_id: None,
            resource_type: resource_type.to_owned(),
            action,
            replacement,
            policy,
            harm: Harm::Safe,
            effects: Vec::new(),
            properties: vec![PropertyChange {
                path: path.to_owned(),
                before: None,
                after: None,
                recreation: replacement,
                cause: None,
                line: None,
                is_echo: false,
            }],
        }
    }

    #[test]
    fn each_kind_of_harm() {
        use ChangeAction::{Add, Modify, Remove};
        use PolicyAction::{Delete, ReplaceAndDelete, ReplaceAndRetain, Retain};
        use Replacement::{Always, Conditional, Never};
        let cases = [
            ("AWS::S3::Bucket", Remove, Never, Some(Delete), "", Harm::Destroys),
            ("AWS::S3::Bucket", Remove, Never, Some(Retain), "", Harm::Interrupts),
            ("AWS::S3::Bucket", Remove, Never, None, "", Harm::Destroys),
            ("AWS::S3::Bucket", Add, Never, None, "", Harm::Safe),
            ("AWS::S3::Bucket", Modify, Never, None, "Properties.CorsConfiguration", Harm::Safe),
            ("AWS::DynamoDB::Table", Modify, Always, Some(ReplaceAndRetain), "", Harm::Interrupts),
            (
                "AWS::DynamoDB::Table",
                Modify,
                Conditional,
                Some(ReplaceAndDelete),
                "",
                Harm::Destroys,
            ),
            ("AWS::EC2::Subnet", Modify, Always, Some(ReplaceAndDelete), "", Harm::Interrupts),
            ("AWS::SNS::Topic", Remove, Never, Some(Delete), "", Harm::Safe),
            ("AWS::EC2::LaunchTemplate", Modify, Always, Some(ReplaceAndDelete), "", Harm::Rolls),
            ("AWS::EC2::LaunchTemplate", Remove, Never, Some(Delete), "", Harm::Safe),
            (
                "AWS::AutoScaling::AutoScalingGroup",
                Modify,
                Never,
                None,
                "Properties.LaunchTemplate.LaunchTemplateId",
                Harm::Rolls,
            ),
            (
                "AWS::AutoScaling::AutoScalingGroup",
                Modify,
                Never,
                None,
                "Properties.MinSize",
                Harm::Safe,
            ),
            (
                "AWS::AutoScaling::AutoScalingGroup",
                Modify,
                Always,
                Some(ReplaceAndDelete),
                "Properties.AutoScalingGroupName",
                Harm::Interrupts,
            ),
            (
                "AWS::ElasticLoadBalancingV2::Listener",
                Modify,
                Never,
                None,
                "Properties.Port",
                Harm::Interrupts,
            ),
        ];
        for (name, action, replacement, policy, path, expected) in cases {
            let change = change(name, action, replacement, policy, path);
            assert_eq!(Harm::of(&change), expected, "{change:?}");
        }
    }

    #[test]
    fn what_is_listed_is_known() {
        for (name, _) in DATA.iter().chain(&PATH) {
            assert!(schema(name).is_some(), "{name}");
        }
    }
}
