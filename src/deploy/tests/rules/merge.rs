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
