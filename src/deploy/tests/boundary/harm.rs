//! What a change set says, and what the plan makes of it:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html>

use cloud::fake::{Answer, Asked};
use cloud::{ChangeAction, PolicyAction, Replacement, ResourceChange};
use deploy::DeployError;
use deploy::plan::{Change, Harm};

use crate::said::{BUCKET, TABLE, change, modified, with_policy};
use crate::scene::Scene;

const CHANGED: &str = "storage: { content: { versions: 60d } }\n";

/// Plans a change of the data stack.
async fn planned(changes: Vec<ResourceChange>) -> (Scene, Vec<Change>) {
    let scene = Scene::deployed("").await.changed(CHANGED);
    scene.world().answer("acme-data", Answer::ready(changes));
    let mut plan = scene.plan().await.unwrap().plan;
    (scene, plan.stacks.remove(0).changes)
}

#[tokio::test]
async fn what_becomes_of_the_old_one_decides_the_harm() {
    use PolicyAction::{
        Delete, ReplaceAndDelete, ReplaceAndRetain, ReplaceAndSnapshot, Retain, Snapshot,
    };
    let removed = || change("Metadata", TABLE, ChangeAction::Remove);
    let replaced = |sure| modified("Metadata", TABLE, "TableName", sure);
    let cases = [
        (removed(), Delete, Harm::Destroys),
        (removed(), Retain, Harm::Interrupts),
        (removed(), Snapshot, Harm::Interrupts),
        (replaced(Replacement::Always), ReplaceAndDelete, Harm::Destroys),
        (replaced(Replacement::Always), ReplaceAndRetain, Harm::Interrupts),
        (replaced(Replacement::Always), ReplaceAndSnapshot, Harm::Interrupts),
        (replaced(Replacement::Conditional), ReplaceAndDelete, Harm::Destroys),
        (replaced(Replacement::Conditional), ReplaceAndRetain, Harm::Interrupts),
    ];
    for (change, policy, harm) in cases {
        let (_, changes) = planned(vec![with_policy(change, policy)]).await;
        assert_eq!((changes[0].policy, changes[0].harm), (Some(policy), harm), "{policy:?}");
    }
}

/// `Dynamic`: "exact action for the resource can't be determined"; `Replacement` is given for `Modify` alone.
#[tokio::test]
async fn what_nobody_can_tell_counts_as_the_worst() {
    let dynamic = || change("Content", BUCKET, ChangeAction::Dynamic);
    let (scene, changes) = planned(vec![dynamic()]).await;
    assert_eq!(changes[0].harm, Harm::Destroys);
    let scene = scene.again();
    scene.world().answer("acme-data", Answer::ready(vec![dynamic()]));
    let error = scene.up(&[]).await.unwrap_err();
    let DeployError::Losses(lost) = error else { panic!("{error}") };
    assert_eq!(lost, ["Content"], "somebody has to agree by name");
    let executed = scene.asked().into_iter().any(|it| matches!(it, Asked::Execute(..)));
    assert!(!executed, "and nothing was begun");

    let kept = with_policy(dynamic(), PolicyAction::ReplaceAndRetain);
    assert_eq!(planned(vec![kept]).await.1[0].harm, Harm::Interrupts);
}

/// An answer larger than 1 MB comes in pages; what hurts may be on the last one
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html>).
#[tokio::test]
async fn what_hurts_comes_first_however_many_changes_there_are() {
    let alarm = |number| ResourceChange {
        before: Some(format!("{{\"AlarmDescription\":\"{}\"}}", "x".repeat(4_096))),
        ..change(&format!("Alarm{number}"), "AWS::CloudWatch::Alarm", ChangeAction::Remove)
    };
    // A stack holds at most 500 resources.
    let mut changes: Vec<ResourceChange> = (0..499).map(alarm).collect();
    let removed = change("Content", BUCKET, ChangeAction::Remove);
    changes.push(with_policy(removed, PolicyAction::Delete));
    let (_, changes) = planned(changes).await;
    assert_eq!(changes.len(), 500);
    assert_eq!(changes[0].logical_id, "Content");
    assert_eq!(changes[1].harm, Harm::Safe);
}
