//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html>

use cloud::fake::{Answer, Asked};
use cloud::{
    ChangeAction, ChangeSetStatus, DriftDetection, DriftedProperty, DriftedResource, Replacement,
};
use deploy::plan::{Harm, Operation};
use deploy::planner::{Planning, prepare};

use crate::said::{change, modified};
use crate::scene::{PLAN, Scene};

const TARGETS: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";
const ALARM: &str = "AWS::CloudWatch::Alarm";
const REVERT: Planning = Planning { revert_drift: true, ..PLAN };

/// Somebody has changed the health check, and the threshold of an alarm to what the blueprint now wants.
async fn changed_by_hand() -> Scene {
    let scene = Scene::deployed("").await;
    let path = DriftedProperty {
        path: "/HealthCheckPath".to_owned(),
        expected: "/health".to_owned(),
        actual: "/".to_owned(),
    };
    let drifted = DriftedResource {
        logical_id: "TargetGroup".to_owned(),
        physical_id: Some("id-of-TargetGroup".to_owned()),
        resource_type: TARGETS.to_owned(),
        is_deleted: false,
        properties: vec![path],
    };
    scene.world().stack_mut("acme").unwrap().drift = (DriftDetection::Done(1), vec![drifted]);
    scene
}

#[tokio::test]
async fn what_was_changed_by_hand_comes_back_with_a_drift_aware_change_set() {
    let scene = changed_by_hand().await;
    let mut path = modified("TargetGroup", TARGETS, "HealthCheckPath", Replacement::Never);
    path.details[0].before = Some("/".to_owned());
    path.details[0].after = Some("/health".to_owned());
    let synced = change("TooFewServers", ALARM, ChangeAction::Sync);
    scene.world().answer("acme", Answer::ready(vec![path, synced]));
    scene.world().answer("acme-data", nothing());

    let prepared = prepare(&scene.deployer(), REVERT).await.unwrap();

    let app = &prepared.plan.stacks[1];
    assert_eq!(app.operation, Operation::Update, "nothing but drift, and yet a change");
    let ids: Vec<&str> = app.changes.iter().map(|it| it.logical_id.as_str()).collect();
    assert_eq!(ids, ["TargetGroup", "TooFewServers"]);
    let harms: Vec<Harm> = app.changes.iter().map(|it| it.harm).collect();
    assert_eq!(harms, [Harm::Interrupts, Harm::Safe], "checks move to another path");
    let property = &app.changes[0].properties[0];
    assert_eq!(
        (property.before.clone(), property.after.clone()),
        (Some("/".into()), Some("/health".into()))
    );
    assert!(
        prepared.plan.drift[0].is_touched,
        "the plan says that it overwrites what was done by hand"
    );
    assert_eq!(prepared.plan.stacks[0].operation, Operation::Nothing);
    assert!(modes(&scene).iter().all(|revert| *revert), "{:?}", modes(&scene));
}

/// `SyncWithActual`: "resource will not be changed, only CloudFormation metadata will change"
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html>).
#[tokio::test]
async fn what_is_only_noted_down_is_not_called_changed() {
    let scene = changed_by_hand().await;
    let synced = change("TooFewServers", ALARM, ChangeAction::Sync);
    scene.world().answer("acme", Answer::ready(vec![synced]));
    scene.world().answer("acme-data", nothing());
    let prepared = prepare(&scene.deployer(), REVERT).await.unwrap();
    let told = deploy::report::markdown(&prepared.plan, 60_000);
    assert!(told.contains("stays as it is; only CloudFormation's record of it changes"), "{told}");
}

#[tokio::test]
async fn an_endpoint_that_cannot_revert_drift_says_so_and_plans_without() {
    let scene = changed_by_hand().await;
    scene.world().unknown.insert("DeploymentMode");
    for stack in ["acme", "acme-data"] {
        scene.world().answer(stack, nothing());
    }

    let prepared = prepare(&scene.deployer(), REVERT).await.unwrap();

    assert!(!prepared.plan.has_changes());
    assert_eq!(prepared.plan.drift.len(), 1, "what was done by hand is still shown");
    let clear = "This endpoint cannot undo drift with a change set (REVERT_DRIFT); drift stays.";
    assert_eq!(scene.heard.troubles(), [clear, clear], "once for each stack");
    let mut modes = modes(&scene);
    modes.sort_unstable();
    assert_eq!(modes, [false, false, true, true], "each asked again without");
}

/// `DETECTION_FAILED`: results are there for what could be looked at
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackDriftDetectionStatus.html>).
#[tokio::test]
async fn a_look_for_drift_that_fails_for_one_resource_shows_the_others() {
    let scene = changed_by_hand().await;
    let reason = "Failed to detect drift on resource [Group]".to_owned();
    scene.world().stack_mut("acme").unwrap().drift.0 = DriftDetection::Failed(reason);
    let prepared = scene.plan().await.unwrap();
    assert_eq!(prepared.plan.drift[0].logical_id, "TargetGroup");
    assert!(scene.heard.troubles()[0].ends_with("[Group]"));
}

#[tokio::test]
async fn an_endpoint_that_does_not_look_for_drift_says_so() {
    let scene = changed_by_hand().await;
    scene.world().unknown.insert("DetectStackDrift");
    let prepared = scene.plan().await.unwrap();
    assert!(prepared.plan.drift.is_empty());
    assert!(scene.heard.troubles()[0].contains("cannot look for drift"));
}

/// The group decides how many servers there are: that it has, is no drift, whatever CloudFormation says
/// (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-capacity-limits.html>).
#[tokio::test]
async fn servers_that_the_group_has_added_are_no_drift() {
    let scene = changed_by_hand().await;
    let property = |path: &str| DriftedProperty {
        path: path.to_owned(),
        expected: "3".to_owned(),
        actual: "5".to_owned(),
    };
    let mut scaled = DriftedResource {
        logical_id: "Group".to_owned(),
        physical_id: Some("acme-servers".to_owned()),
        resource_type: "AWS::AutoScaling::AutoScalingGroup".to_owned(),
        is_deleted: false,
        properties: vec![property("/DesiredCapacity")],
    };
    let answer = |group: &DriftedResource| (DriftDetection::Done(1), vec![group.clone()]);
    scene.world().stack_mut("acme").unwrap().drift = answer(&scaled);
    assert!(scene.plan().await.unwrap().plan.drift.is_empty());

    scaled.properties.push(property("/MaxSize"));
    scene.world().stack_mut("acme").unwrap().drift = answer(&scaled);
    let found = scene.plan().await.unwrap().plan.drift;
    let paths: Vec<&str> = found[0].properties.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["/MaxSize"], "what a person has changed beside it is");
}

fn nothing() -> Answer {
    Answer { status: ChangeSetStatus::Empty, ..Answer::ready(Vec::new()) }
}

/// Whether each change set asked for drift to be undone.
fn modes(scene: &Scene) -> Vec<bool> {
    let mode = |asked| match asked {
        Asked::ChangeSet(request) => Some(request.revert_drift),
        _ => None,
    };
    scene.asked().into_iter().filter_map(mode).collect()
}
