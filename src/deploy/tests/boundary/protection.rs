//! Protection that is lifted for one approved change:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>

use cloud::failing::How;
use cloud::fake::{Answer, Asked, Script};
use cloud::{PolicyAction, Replacement};
use deploy::DeployError;

use crate::said::{TABLE, modified, with_policy};
use crate::scene::Scene;

const PROTECTED: &str = "protect: true\n";
const CHANGED: &str = "protect: true\nstorage: { content: { versions: 5d } }\n";

/// A protected deployment whose table is about to be replaced, in an update that fails.
async fn replacing() -> Scene {
    let scene = Scene::deployed(PROTECTED).await;
    scene.up(&[]).await.unwrap();
    let scene = scene.changed(CHANGED);
    let table = modified("Metadata", TABLE, "KeySchema", Replacement::Always);
    let answer = Answer::ready(vec![with_policy(table, PolicyAction::ReplaceAndDelete)]);
    scene.world().answer("acme-data", answer);
    let script = Script::default()
        .stack("UPDATE_IN_PROGRESS")
        .resource_because("Metadata", "UPDATE_FAILED", "One or more parameter values were invalid")
        .stack("UPDATE_ROLLBACK_IN_PROGRESS")
        .stack("UPDATE_ROLLBACK_COMPLETE");
    scene.world().script("acme-data", script);
    scene.world().asked.clear();
    scene
}

#[tokio::test]
async fn what_was_lifted_for_a_change_that_fails_is_put_back() {
    let scene = replacing().await;
    let error = scene.up(&["Metadata"]).await.unwrap_err();
    assert!(matches!(error, DeployError::Failed { .. }), "{error}");
    insta::assert_snapshot!(told(&scene), @r"
    plan acme-data
    plan acme
    lift the protection of acme-data
    protect the table: false
    execute acme-data
    protect the data of acme-data
    protect the table: true
    ");
    let world = scene.world();
    assert!(world.tables.values().all(|table| table.protected));
    assert!(world.stack("acme-data").unwrap().policy.as_ref().unwrap().contains("Deny"));
}

#[tokio::test]
async fn nothing_is_lifted_for_a_loss_that_nobody_has_agreed_to() {
    let scene = replacing().await;
    let error = scene.up(&[]).await.unwrap_err();
    assert!(matches!(error, DeployError::Losses(_)), "{error}");
    assert!(!scene.asked().iter().any(|it| matches!(it, Asked::Policy(..) | Asked::Execute(..))));
}

#[tokio::test]
async fn protection_that_cannot_be_put_back_is_told_and_comes_with_the_next_run() {
    let scene = replacing().await;
    scene.fail("SetStackPolicy", 2, 1, How::Throttled);
    scene.up(&["Metadata"]).await.unwrap_err();
    let told = scene.heard.troubles();
    assert!(told.iter().any(|it| it.contains("the next `up` does it")), "{told:?}");
    let policy = |scene: &Scene| scene.world().stack("acme-data").unwrap().policy.clone().unwrap();
    assert!(!policy(&scene).contains("Deny"), "still lifted");

    let scene = scene.changed(PROTECTED);
    assert!(scene.up(&[]).await.unwrap().changed);
    assert!(policy(&scene).contains("Deny"));
}

/// What was asked, one line each.
fn told(scene: &Scene) -> String {
    let line = |asked: &Asked| match asked {
        Asked::Policy(stack, policy) if policy.contains("Deny") => {
            format!("protect the data of {stack}")
        }
        Asked::Policy(stack, _) => format!("lift the protection of {stack}"),
        Asked::ProtectTable(_, on) => format!("protect the table: {on}"),
        Asked::ChangeSet(request) => format!("plan {}", request.stack),
        Asked::Execute(stack, _) => format!("execute {stack}"),
        other => format!("{other:?}"),
    };
    scene.asked().iter().map(line).collect::<Vec<_>>().join("\n")
}
