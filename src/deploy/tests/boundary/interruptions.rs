//! What comes between the deployer and AWS:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>

use cloud::Reason;
use cloud::failing::How;
use cloud::fake::{Answer, Asked, Script};
use deploy::DeployError;
use deploy::explain::explain_call;

use crate::said::{GROUP, modified};
use crate::scene::Scene;

/// A deployment about to get more servers, in an update of several looks.
async fn changing() -> Scene {
    let scene = Scene::deployed("").await.changed("servers: { min: 4, max: 9 }\n");
    let group = modified("Group", GROUP, "MinSize", cloud::Replacement::Never);
    scene.world().answer("acme", Answer::ready(vec![group]));
    let script = Script::default()
        .stack("UPDATE_IN_PROGRESS")
        .resource("Group", "UPDATE_IN_PROGRESS")
        .resource("Group", "UPDATE_COMPLETE")
        .stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        .stack("UPDATE_COMPLETE");
    scene.world().script("acme", script);
    scene
}

#[tokio::test]
async fn throttling_in_the_middle_is_told_once_and_sat_out() {
    let scene = changing().await;
    let prepared = scene.plan().await.unwrap();
    scene.fail("DescribeStackEvents", 3, 4, How::Throttled);
    let applied = scene.apply(&prepared).await.unwrap();
    assert!(applied.changed);
    let told = scene.heard.troubles();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("Rate exceeded") && told[0].contains("the operation goes on"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_service_that_stays_away_is_left_and_aws_goes_on() {
    let scene = changing().await;
    let prepared = scene.plan().await.unwrap();
    scene.fail("DescribeStackEvents", 3, 100, How::Throttled);
    let error = scene.apply(&prepared).await.unwrap_err();
    let DeployError::Call(error) = error else { panic!("{error}") };
    assert_eq!(error.reason, Reason::Overloaded);
    assert_eq!(scene.cloud.count("DescribeStackEvents"), 2 + 6, "five times more, then no longer");
}

#[tokio::test]
async fn credentials_that_expire_midway_leave_the_operation_to_itself() {
    let scene = changing().await;
    let prepared = scene.plan().await.unwrap();
    scene.fail("DescribeStackEvents", 3, 1, How::Expired);
    let error = scene.apply(&prepared).await.unwrap_err();
    let DeployError::Call(error) = error else { panic!("{error}") };
    assert_eq!(error.reason, Reason::Credentials);
    let advice = explain_call(&error).advice.unwrap().text;
    assert!(advice.contains("goes on meanwhile") && advice.contains("syncctl attach"), "{advice}");

    // With fresh ones the next run sees it at work, and then finds it done.
    let scene = scene.again();
    let busy = scene.plan().await.unwrap_err();
    assert!(matches!(busy, DeployError::Busy { .. }), "{busy}");
    while scene.status("acme") != "UPDATE_COMPLETE" {
        cloud::Stacks::stack(&scene.cloud, "acme").await.unwrap();
    }
    let applied = scene.up(&[]).await.unwrap();
    assert!(!applied.changed);
}

/// "CloudFormation deletes all other change sets associated with the stack because they aren't valid for the updated
/// stack"
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html>).
#[tokio::test]
async fn a_plan_that_another_pipeline_has_overtaken_is_stale() {
    let scene = changing().await;
    let prepared = scene.plan().await.unwrap();
    scene.world().stack_mut("acme").unwrap().change_sets.clear();
    let error = scene.apply(&prepared).await.unwrap_err();
    let DeployError::Stale(why) = error else { panic!("{error}") };
    assert!(why.contains("somebody else has changed the stack"), "{why}");
}

#[tokio::test]
async fn an_update_that_another_pipeline_has_begun_is_not_disturbed() {
    let scene = changing().await;
    let prepared = scene.plan().await.unwrap();
    let busy = cloud::StackStatus::new("UPDATE_IN_PROGRESS");
    scene.world().stack_mut("acme").unwrap().summary.status = busy;
    let error = scene.apply(&prepared).await.unwrap_err();
    let DeployError::Call(error) = error else { panic!("{error}") };
    assert_eq!(error.reason, Reason::Conflict);
    let executed = scene.asked().into_iter().any(|it| matches!(it, Asked::Execute(..)));
    assert!(!executed);
}

/// The client's second attempt meets the first one's work. Which of these AWS answers then depends on how far that
/// is; all three are documented.
#[tokio::test]
async fn an_execution_whose_answer_was_lost_is_followed_as_ones_own() {
    for code in ["InvalidChangeSetStatus", "ChangeSetNotFound", "TokenAlreadyExistsException"] {
        let scene = changing().await;
        let how = How::Repeated(Reason::Conflict, code, "as the second attempt finds it");
        scene.fail("ExecuteChangeSet", 1, 1, how);
        let applied = scene.up(&[]).await;
        assert!(applied.is_ok(), "{code}: {applied:?}");
        assert_eq!(scene.status("acme"), "UPDATE_COMPLETE");
    }
}
