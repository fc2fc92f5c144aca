//! A rollback that fails as well:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html>

use cloud::Reason;
use cloud::fake::{Asked, Script};
use deploy::DeployError;
use deploy::recover::{Ailment, Consent, Cure, cure, diagnose};

use crate::scene::Scene;

const GONE: &str = "Resource handler returned message: \"Target group 'id-of-TargetGroup' not found (Service: ElasticLoadBalancingV2, Status Code: 400, Request ID: 11) (SDK Attempt Count: 1)\" (RequestToken: 7e, HandlerErrorCode: NotFound)";
const FAILED: &str = "The following resource(s) failed to update: [TargetGroup].";

/// An update failed, and somebody had deleted the target group by hand.
fn failing() -> Script {
    Script::default()
        .stack("UPDATE_ROLLBACK_IN_PROGRESS")
        .resource_because("TargetGroup", "UPDATE_FAILED", GONE)
        .stack_because("UPDATE_ROLLBACK_FAILED", FAILED)
}

async fn stuck() -> (Scene, Ailment) {
    let scene = Scene::deployed("").await.changed("servers: { min: 4, max: 9 }\n");
    let update = Script::default()
        .stack("UPDATE_IN_PROGRESS")
        .resource_because("TooFewServers", "UPDATE_FAILED", "Rate exceeded")
        .stack("UPDATE_ROLLBACK_IN_PROGRESS")
        .resource_because("TargetGroup", "UPDATE_FAILED", GONE)
        .resource("TooFewServers", "UPDATE_COMPLETE")
        .stack_because("UPDATE_ROLLBACK_FAILED", FAILED);
    scene.world().script("acme", update);
    let error = scene.up(&[]).await.unwrap_err();
    assert!(matches!(error, DeployError::Failed { .. }), "{error}");
    let ailment = diagnose(&scene.deployer()).await.unwrap().remove(0);
    (scene.again(), ailment)
}

#[tokio::test]
async fn a_plan_does_not_begin_on_a_stack_that_is_stuck() {
    let (scene, ailment) = stuck().await;
    let error = scene.plan().await.unwrap_err();
    assert!(matches!(error, DeployError::Stuck { .. }), "{error}");
    assert_eq!(ailment.cure, Cure::GoOn);
    assert_eq!(ailment.blockers, ["TargetGroup"]);
    let cause = ailment.cause.unwrap();
    assert_eq!(cause.message, "Rate exceeded", "why it was rolled back comes first");
    assert!(cause.also[0].is_in_rollback, "{cause:?}");
    assert_eq!(cause.also[0].logical_id, "TargetGroup");
}

#[tokio::test]
async fn a_rollback_that_fails_again_says_why_and_one_by_one_goes_on_by_name() {
    let (scene, ailment) = stuck().await;
    scene.world().script("acme", failing());
    let error = cure(&scene.deployer(), &ailment, &Consent::default()).await.unwrap_err();
    let DeployError::Failed { status, cause: Some(cause), .. } = error else { panic!("{error}") };
    assert_eq!(status.as_str(), "UPDATE_ROLLBACK_FAILED");
    assert_eq!(cause.message, "Target group 'id-of-TargetGroup' not found");

    let skip = Consent { skip: vec!["TargetGroup".to_owned()], force: false };
    cure(&scene.deployer(), &ailment, &skip).await.unwrap();
    assert_eq!(scene.status("acme"), "UPDATE_ROLLBACK_COMPLETE");
    let last = scene.asked().pop().unwrap();
    assert_eq!(last, Asked::GoOn("acme".to_owned(), vec!["TargetGroup".to_owned()]));
    assert!(diagnose(&scene.deployer()).await.unwrap().is_empty());
}

/// "You can specify only resources that are in the UPDATE_FAILED state because a rollback failed."
#[tokio::test]
async fn what_has_not_failed_cannot_be_left_out() {
    let (scene, ailment) = stuck().await;
    let skip = Consent { skip: vec!["LoadBalancer".to_owned()], force: false };
    let error = cure(&scene.deployer(), &ailment, &skip).await.unwrap_err();
    let DeployError::Call(error) = error else { panic!("{error}") };
    assert_eq!(error.reason, Reason::Invalid);
    assert_eq!(scene.status("acme"), "UPDATE_ROLLBACK_FAILED");
}

#[tokio::test]
async fn what_somebody_has_cured_meanwhile_is_left_alone() {
    let (scene, ailment) = stuck().await;
    let cured = cloud::StackStatus::new("UPDATE_ROLLBACK_COMPLETE");
    scene.world().stack_mut("acme").unwrap().summary.status = cured;
    let before = scene.asked().len();
    let error = cure(&scene.deployer(), &ailment, &Consent::default()).await.unwrap_err();
    assert!(matches!(error, DeployError::Stale(_)), "{error}");
    assert_eq!(scene.asked().len(), before);
}
