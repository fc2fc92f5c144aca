//! What others have or do: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html>.

use cloud::StackStatus;
use cloud::fake::{Answer, Script};
use deploy::DeployError;
use deploy::plan::ChangeAction;
use deploy::planner::{Planning, prepare};
use deploy::sealed::{reopen, seal};

use crate::said::{GROUP, modified};
use crate::scene::{PLAN, Scene};

const TAKEN: &str = "Resource handler returned message: \"acme-content-123456789012-eu-west-1 already exists (Service: S3, Status Code: 409, Request ID: 5B, Extended Request ID: x=)\" (RequestToken: 7e, HandlerErrorCode: AlreadyExists)";

/// Names are one namespace for all accounts; somebody else's bucket answers 403.
#[tokio::test]
async fn a_bucket_of_another_account_is_not_taken_for_a_leftover() {
    let scene = Scene::empty("");
    let name = "acme-content-123456789012-eu-west-1".to_owned();
    scene.world().foreign_buckets.insert(name.clone());
    let error = scene.up(&[]).await.unwrap_err();
    assert!(matches!(&error, DeployError::Taken { bucket, .. } if *bucket == name), "{error}");
    assert!(scene.asked().is_empty(), "nothing was begun");
}

#[tokio::test]
async fn a_bucket_name_that_is_taken_meanwhile_fails_the_creation_and_leaves_nothing() {
    let scene = Scene::empty("");
    let script = Script::default()
        .stack("CREATE_IN_PROGRESS")
        .resource_because("Content", "CREATE_FAILED", TAKEN)
        .stack_because(
            "DELETE_IN_PROGRESS",
            "The following resource(s) failed to create: [Content].",
        )
        .stack("DELETE_COMPLETE");
    scene.world().script("acme-data", script);

    let plan = scene.plan().await.unwrap().plan;
    let changes = plan.stacks.iter().flat_map(|stack| &stack.changes);
    assert!(
        changes.clone().all(|change| change.action == ChangeAction::Add),
        "nothing to take over"
    );
    let error = scene.up(&[]).await.unwrap_err();

    let DeployError::Failed { cause: Some(cause), .. } = error else { panic!("{error}") };
    assert_eq!(cause.code.as_deref(), Some("AlreadyExists"));
    assert_eq!(cause.line.as_deref(), Some("acme.yaml:2 name"));
    assert!(cause.advice.unwrap().contains("a stranger's needs another `name`"));
    assert_eq!(scene.status("acme-data"), "none");
}

#[tokio::test]
async fn a_sealed_plan_is_stale_once_another_pipeline_has_changed_the_stack() {
    let (scene, sealed) = sealed().await;
    {
        let mut world = scene.world();
        let at = world.clock + jiff::SignedDuration::from_secs(60);
        world.stack_mut("acme").unwrap().summary.updated = Some(at);
    }
    assert_eq!(reopened(&scene, &sealed).await, "the plan is stale: acme was changed since");
}

#[tokio::test]
async fn a_sealed_plan_whose_change_set_is_gone_or_spent_is_stale() {
    let (scene, sealed) = sealed().await;
    let spent = cloud::ChangeSetStatus::Spent("OBSOLETE".to_owned());
    scene.world().stack_mut("acme").unwrap().change_sets[0].set.status = spent;
    let told = reopened(&scene, &sealed).await;
    assert_eq!(told, "the plan is stale: its change set syncctl-11-app is OBSOLETE");

    scene.world().stack_mut("acme").unwrap().change_sets.clear();
    assert_eq!(reopened(&scene, &sealed).await, "the plan is stale: its change set is gone");
}

#[tokio::test]
async fn a_sealed_plan_waits_while_another_pipeline_is_at_work() {
    let (scene, _) = sealed().await;
    let busy = StackStatus::new("UPDATE_IN_PROGRESS");
    scene.world().stack_mut("acme").unwrap().summary.status = busy;
    let error = prepare(&scene.deployer(), again()).await.unwrap_err();
    assert!(matches!(error, DeployError::Busy { .. }), "{error}");
}

/// A plan that was sealed to be approved.
async fn sealed() -> (Scene, deploy::sealed::Sealed) {
    let scene = Scene::deployed("").await.changed("servers: { min: 4, max: 9 }\n");
    let group = modified("Group", GROUP, "MinSize", cloud::Replacement::Never);
    scene.world().answer("acme", Answer::ready(vec![group]));
    let prepared = prepare(&scene.deployer(), Planning { seal: true, ..PLAN }).await.unwrap();
    let now = (scene.deployer().now)();
    (scene, seal(&prepared, now))
}

/// What an `apply` of it says.
async fn reopened(scene: &Scene, sealed: &deploy::sealed::Sealed) -> String {
    let prepared = prepare(&scene.deployer(), again()).await.unwrap();
    reopen(&scene.deployer(), sealed, prepared).await.unwrap_err().to_string()
}

/// As `apply FILE` looks again, without change sets.
fn again() -> Planning {
    Planning { quick: true, drift: false, keep: false, ..PLAN }
}
