//! A change set with the values that it does not give.

use cloud::{ChangeDetail, ResourceChange};
use deploy::diff::merge;
use deploy::plan::{Change, ChangeAction, Harm, PolicyAction, Replacement};
use stack::Stack;

use crate::blueprints::{changes, rendered};

/// What CloudFormation says of a resource without giving values.
fn said(logical_id: &str, resource_type: &str, action: ChangeAction) -> ResourceChange {
    ResourceChange {
        logical_id: logical_id.to_owned(),
        physical_id: (action != ChangeAction::Add).then(|| format!("id-of-{logical_id}")),
        resource_type: resource_type.to_owned(),
        action,
        replacement: Replacement::Never,
        policy: None,
        details: Vec::new(),
        before: None,
        after: None,
    }
}

fn detail(property: &str, recreation: Replacement, values: Option<(&str, &str)>) -> ChangeDetail {
    ChangeDetail {
        attribute: "Properties".to_owned(),
        property: Some(property.to_owned()),
        recreation,
        before: values.map(|(before, _)| before.to_owned()),
        after: values.map(|(_, after)| after.to_owned()),
        cause: None,
    }
}

fn tags() -> ChangeDetail {
    ChangeDetail {
        attribute: "Tags".to_owned(),
        property: None,
        ..detail("", Replacement::Never, None)
    }
}

const GROUP: &str = "AWS::AutoScaling::AutoScalingGroup";

/// Two states of the app stack, one blueprint key apart, and the local plan between them.
fn sizes() -> (Stack, Vec<Change>) {
    let before = rendered("servers: { min: 2, max: 9 }\n").app;
    let after = rendered("servers: { min: 4, max: 9 }\n").app;
    let local = changes(&before, &after);
    (after, local)
}

#[test]
fn values_come_from_the_change_set_or_else_from_the_templates() {
    let (after, local) = sizes();
    let mut group = said("Group", GROUP, ChangeAction::Modify);
    group.details = vec![detail("MinSize", Replacement::Never, None), tags()];
    let merged = merge(std::slice::from_ref(&group), local.clone(), &after);
    assert_eq!(merged.len(), 1, "the change set decides what changes");
    let [property] = &merged[0].properties[..] else { panic!("{merged:?}") };
    assert_eq!(property.path, "Properties.MinSize");
    assert_eq!((&property.before, &property.after), (&Some("2".into()), &Some("4".into())));
    assert_eq!(property.cause.as_deref(), Some("MinServers"));

    group.details = vec![detail("/Properties/MinSize", Replacement::Never, Some(("2", "5")))];
    let merged = merge(&[group], local, &after);
    assert_eq!(merged[0].properties[0].after, Some("5".into()));
}

#[test]
fn noise_is_left_out_and_losses_never() {
    let (after, local) = sizes();
    let tagged = |id: &str, resource_type: &str| {
        let mut change = said(id, resource_type, ChangeAction::Modify);
        change.details = vec![tags()];
        change
    };
    let mut replaced = tagged("Network", "AWS::EC2::VPC");
    replaced.replacement = Replacement::Always;
    replaced.policy = Some(PolicyAction::ReplaceAndDelete);
    let mut gone = said("Nowhere", "AWS::S3::Bucket", ChangeAction::Remove);
    gone.policy = Some(PolicyAction::Delete);
    let set = [
        tagged("Alarms", "AWS::SNS::Topic"),
        said("OfAFalseCondition", "AWS::EC2::EIP", ChangeAction::Add),
        // Missing in the world although both templates have it.
        said("TargetGroup", "AWS::ElasticLoadBalancingV2::TargetGroup", ChangeAction::Add),
        replaced,
        gone,
    ];
    let merged = merge(&set, local, &after);
    let found: Vec<_> = merged.iter().map(|it| (it.logical_id.as_str(), it.harm)).collect();
    let expected =
        [("Nowhere", Harm::Destroys), ("Network", Harm::Interrupts), ("TargetGroup", Harm::Safe)];
    assert_eq!(found, expected);
}

#[test]
fn a_roll_is_one_launch_template_and_a_group_that_stays() {
    let before = rendered("servers: { instance: t3.small }\n").app;
    let after = rendered("servers: { instance: t3.medium }\n").app;
    let local = changes(&before, &after);
    let id = |stack: &Stack| {
        let mut ids = stack.template.resources().keys();
        ids.find(|id| id.starts_with("LaunchTemplate")).unwrap().clone()
    };
    let launch_template = "AWS::EC2::LaunchTemplate";
    let mut old = said(&id(&before), launch_template, ChangeAction::Remove);
    old.policy = Some(PolicyAction::Delete);
    let mut group = said("Group", GROUP, ChangeAction::Modify);
    group.replacement = Replacement::Conditional;
    group.policy = Some(PolicyAction::ReplaceAndDelete);
    group.details = vec![detail("LaunchTemplate", Replacement::Conditional, None)];
    let set = [said(&id(&after), launch_template, ChangeAction::Add), old, group];
    assert_eq!(merge(&set, local.clone(), &after), local);

    // Without a local plan there are no values, and what is open stays open.
    let merged = merge(&set, Vec::new(), &after);
    let [group, template] = &merged[..] else { panic!("{merged:?}") };
    assert_eq!(group.replacement, Replacement::Conditional);
    assert_eq!((template.harm, template.properties.len()), (Harm::Rolls, 1));
}

#[test]
fn the_change_set_is_right_about_what_happens() {
    let (after, local) = sizes();
    let mut group = said("Group", GROUP, ChangeAction::Modify);
    group.replacement = Replacement::Always;
    group.policy = Some(PolicyAction::ReplaceAndRetain);
    group.details = vec![detail("AutoScalingGroupName", Replacement::Always, Some(("a", "b")))];
    let merged = merge(&[group], local, &after);
    assert_eq!(merged[0].replacement, Replacement::Always);
    assert_eq!(merged[0].policy, Some(PolicyAction::ReplaceAndRetain));
    assert_eq!(merged[0].harm, Harm::Interrupts);
}

/// A detail that names what it comes from.
fn from(
    cause: &str,
    property: &str,
    recreation: Replacement,
    before: Option<&str>,
) -> ChangeDetail {
    ChangeDetail {
        cause: Some(cause.to_owned()),
        before: before.map(str::to_owned),
        after: before.map(|_| LATER.to_owned()),
        ..detail(property, recreation, None)
    }
}

const LATER: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// The group is changed in place, and keeps its name: whoever has that name keeps everything.
#[test]
fn a_reference_to_what_stays_is_an_echo() {
    let (after, local) = sizes();
    let mut group = said("Group", GROUP, ChangeAction::Modify);
    group.details = vec![detail("MinSize", Replacement::Never, Some(("2", "4")))];
    let mut policy =
        said("ScaleByProcessor", "AWS::AutoScaling::ScalingPolicy", ChangeAction::Modify);
    policy.replacement = Replacement::Conditional;
    let name = "AutoScalingGroupName";
    policy.details = vec![from("Group", name, Replacement::Always, Some("acme-sync-servers"))];
    let mut alarm = said("TooFewServers", "AWS::CloudWatch::Alarm", ChangeAction::Modify);
    alarm.details = vec![
        detail("Threshold", Replacement::Never, Some(("2", "4"))),
        from("Group", "Dimensions", Replacement::Never, Some("acme-sync-servers")),
    ];
    let set = [group.clone(), policy.clone(), alarm];
    let merged = merge(&set, local.clone(), &after);
    let of = |id: &str| merged.iter().find(|change| change.logical_id == id).unwrap();
    let policy_after = of("ScaleByProcessor");
    assert!(policy_after.is_echo());
    assert_eq!(policy_after.replacement, Replacement::Never);
    assert!(!of("TooFewServers").is_echo(), "its threshold changes");
    let echoes: Vec<bool> = of("TooFewServers").properties.iter().map(|it| it.is_echo).collect();
    assert_eq!(echoes, [true, false], "Dimensions, Threshold");

    // A group that is replaced, or a value that is another one, is no echo.
    group.replacement = Replacement::Always;
    let merged = merge(&[group, policy.clone()], local.clone(), &after);
    let found = merged.iter().find(|it| it.logical_id == "ScaleByProcessor").unwrap();
    assert_eq!((found.is_echo(), found.replacement), (false, Replacement::Conditional));
    policy.details[0].after = Some("another".to_owned());
    let merged = merge(&[policy], local, &after);
    assert_eq!((merged[0].is_echo(), merged[0].replacement), (false, Replacement::Conditional));
}

/// An attribute that changes in place, such as the version of a launch template, is no echo.
#[test]
fn a_reference_to_what_nobody_knows_stays_open() {
    let (after, local) = sizes();
    let mut policy =
        said("ScaleByProcessor", "AWS::AutoScaling::ScalingPolicy", ChangeAction::Modify);
    policy.replacement = Replacement::Conditional;
    policy.details = vec![from("TargetGroup.Odd", "PolicyType", Replacement::Always, None)];
    let merged = merge(&[policy], local, &after);
    assert_eq!((merged[0].is_echo(), merged[0].replacement), (false, Replacement::Conditional));
}

/// Two zones of three stay where they are, although the parameter with their names changes.
#[test]
fn a_zone_less_moves_no_other() {
    let before = rendered("network: { zones: 3 }\n").app;
    let after = rendered("network: { zones: 2 }\n").app;
    let local = changes(&before, &after);
    let subnet = |id: &str, values: Option<(&str, &str)>| {
        let mut change = said(id, "AWS::EC2::Subnet", ChangeAction::Modify);
        change.replacement = Replacement::Always;
        change.policy = Some(PolicyAction::ReplaceAndDelete);
        let mut zone = detail("AvailabilityZone", Replacement::Always, values);
        zone.cause = Some("Zones".to_owned());
        change.details = vec![zone];
        change
    };
    let mut routes =
        said("PublicSubnet1Routes", "AWS::EC2::SubnetRouteTableAssociation", ChangeAction::Modify);
    routes.replacement = Replacement::Always;
    routes.policy = Some(PolicyAction::ReplaceAndDelete);
    routes.details = vec![from("PublicSubnet1", "SubnetId", Replacement::Always, Some("subnet-1"))];
    let set = [subnet("PublicSubnet1", None), routes.clone()];
    let merged = merge(&set, local.clone(), &after);
    assert!(merged.iter().all(deploy::plan::Change::is_echo), "{merged:?}");
    assert!(merged.iter().all(|change| change.harm == Harm::Safe && change.policy.is_none()));

    // What CloudFormation states with values is believed, with everything that follows from it.
    let set = [subnet("PublicSubnet1", Some(("eu-west-1a", "eu-west-1c"))), routes];
    for change in merge(&set, local, &after) {
        assert_eq!((change.is_echo(), change.replacement), (false, Replacement::Always));
        assert_eq!(change.harm, Harm::Interrupts);
    }
}

/// A change set names every reason for every item of a list, and a list that nobody knows as a list of secrets.
#[test]
fn each_item_of_a_list_comes_from_its_own_resource() {
    let before = rendered("network: { cidr: 10.20.0.0/16, egress: nat }\n").app;
    let after = rendered("network: { cidr: 10.30.0.0/16, egress: nat }\n").app;
    let local = changes(&before, &after);
    let mut group = said("Group", GROUP, ChangeAction::Modify);
    for item in 0..3 {
        for cause in ["PrivateSubnet1", "PrivateSubnet2", "PrivateSubnet3"] {
            let path = format!("/Properties/VPCZoneIdentifier/{item}");
            group.details.push(from(cause, &path, Replacement::Never, Some("subnet-1")));
        }
    }
    let replaced = ["PrivateSubnet1", "PrivateSubnet2", "PrivateSubnet3"].map(|id| {
        let mut subnet = said(id, "AWS::EC2::Subnet", ChangeAction::Modify);
        subnet.replacement = Replacement::Always;
        subnet.details =
            vec![detail("CidrBlock", Replacement::Always, Some(("10.20.0.0/20", "10.30.0.0/20")))];
        subnet
    });
    let merged = merge(&[&[group][..], &replaced].concat(), local, &after);
    let group = merged.iter().find(|change| change.logical_id == "Group").unwrap();
    let causes: Vec<&str> =
        group.properties.iter().filter_map(|property| property.cause.as_deref()).collect();
    assert_eq!(causes, ["PrivateSubnet1", "PrivateSubnet2", "PrivateSubnet3"]);
}

#[test]
fn a_value_that_comes_to_be_is_said_so_in_words() {
    let (after, _) = sizes();
    let mut policy =
        said("ScaleByRequests", "AWS::AutoScaling::ScalingPolicy", ChangeAction::Modify);
    let label =
        "/Properties/TargetTrackingConfiguration/PredefinedMetricSpecification/ResourceLabel";
    let later = format!("app/acme/{LATER}");
    policy.details = vec![detail(label, Replacement::Never, Some(("app/acme/1", &later)))];
    let merged = merge(std::slice::from_ref(&policy), Vec::new(), &after);
    let expected = Some("app/acme/(known afterwards)".into());
    assert_eq!(merged[0].properties[0].after, expected);
    // The templates know no more than that it refers to something.
    let before = rendered("network: { cidr: 10.20.0.0/16 }\n").app;
    let after = rendered("network: { cidr: 10.30.0.0/16 }\n").app;
    let local = changes(&before, &after);
    let merged = merge(&[policy], local, &after);
    assert_eq!(merged[0].properties[0].after, expected);
}

/// What would lose data is never explained away.
#[test]
fn a_table_that_may_be_replaced_stays_in_sight() {
    let (after, local) = sizes();
    let mut table = said("Metadata", "AWS::DynamoDB::Table", ChangeAction::Modify);
    table.replacement = Replacement::Conditional;
    table.policy = Some(PolicyAction::ReplaceAndDelete);
    table.details = vec![from("Group", "TableName", Replacement::Always, Some("metadata"))];
    let merged = merge(&[table], local, &after);
    assert_eq!(merged[0].replacement, Replacement::Conditional);
    assert_eq!(merged[0].harm, Harm::Destroys);
    assert!(!merged[0].is_echo() && !merged[0].properties[0].is_echo);
}
