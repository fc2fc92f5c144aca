//! The six kinds of validation before deployment. Two refuse the change set (`FAIL`), four let it be made and warn
//! (`WARN`); each finding has a path into the template, from its root or from the resource:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_OperationEvent.html>.
//! AWS gives no sentence for every kind; what counts here are mode and path.

use cloud::failing::How;
use cloud::fake::{Answer, Asked};
use cloud::{Replacement, Validation};
use deploy::DeployError;
use deploy::explain::Cause;
use deploy::plan::{Level, Notice};

use crate::said::{GROUP, finding, modified};
use crate::scene::Scene;

const SERVERS: &str = "servers: { min: 4, max: 9 }\n";
const LINE: Option<&str> = Some("acme.yaml:5 servers.min");
const REFUSED: &str = "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.";

#[tokio::test]
async fn a_wrong_property_is_refused_at_its_line() {
    for path in ["/Resources/Group/Properties/MinSize", "/Properties/MinSize"] {
        let cause = refused(finding("Group", path, "#/MinSize: not a number", true)).await;
        assert_eq!(cause.sentence(), "server group (Group) would fail: #/MinSize: not a number");
        assert_eq!(cause.line.as_deref(), LINE, "{path}");
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused_at_the_name() {
    let message =
        "Resource of type 'AWS::S3::Bucket' with identifier 'acme-content' already exists.";
    let path = "/Resources/Content/Properties/BucketName";
    let cause = refused(finding("Content", path, message, true)).await;
    assert_eq!(cause.line.as_deref(), Some("acme.yaml:2 name"));
    assert!(cause.advice.unwrap().contains("needs another `name`"));
}

#[tokio::test]
async fn four_kinds_only_warn_and_the_plan_says_what_they_found() {
    let cases = [
        ("Content", "/Resources/Content", "S3 bucket 'acme-content' is not empty", None),
        ("Group", "/Properties/MinSize", "Service quota L-1216C47A would be exceeded", LINE),
        ("Recorder", "/Resources/Recorder", "A configuration recorder exists already", None),
        ("Images", "/Resources/Images", "ECR repository 'images' has images in it", None),
    ];
    for (id, path, message, line) in cases {
        let notice = warned(finding(id, path, message, false)).await;
        assert_eq!(notice.level, Level::Warning, "it does not keep anybody from applying");
        assert_eq!(notice.text, format!("CloudFormation warns of {id}: {message}"));
        assert_eq!(notice.line.as_deref(), line);
    }
}

/// A stack that does not exist has no change set before it is made.
#[tokio::test]
async fn what_a_creation_is_warned_of_is_told_before_it_begins() {
    let scene = Scene::empty("");
    let quota =
        finding("Metadata", "/Resources/Metadata", "Service quota would be exceeded", false);
    let answer = Answer { validations: vec![quota], ..Answer::ready(Vec::new()) };
    scene.world().answer("acme-data", answer);
    // The bucket for the release is not there: how it goes on is another story.
    scene.up(&[]).await.unwrap_err();
    let told = scene.heard.troubles();
    assert_eq!(told, ["CloudFormation warns of Metadata: Service quota would be exceeded"]);
}

#[tokio::test]
async fn warnings_that_cannot_be_read_keep_nobody_from_planning() {
    let scene = Scene::deployed("").await.changed(SERVERS);
    scene.fail("DescribeEvents", 1, 9, How::Denied);
    let change = modified("Group", GROUP, "MinSize", Replacement::Never);
    scene.world().answer("acme", Answer::ready(vec![change]));
    assert!(scene.plan().await.unwrap().plan.has_changes());
}

/// Plans a change that CloudFormation refuses.
async fn refused(finding: Validation) -> Cause {
    let scene = Scene::deployed("").await.changed(SERVERS);
    scene.world().answer("acme", Answer::refused(REFUSED, vec![finding]));
    let error = scene.plan().await.unwrap_err();
    let DeployError::Refused { cause: Some(cause), .. } = error else { panic!("{error}") };
    let discarded = scene.asked().into_iter().any(|it| matches!(it, Asked::Discard(..)));
    assert!(discarded, "a refused change set is litter");
    *cause
}

/// Plans a change that CloudFormation warns of.
async fn warned(finding: Validation) -> Notice {
    let scene = Scene::deployed("").await.changed(SERVERS);
    let change = modified("Group", GROUP, "MinSize", Replacement::Never);
    let answer = Answer { validations: vec![finding], ..Answer::ready(vec![change]) };
    scene.world().answer("acme", answer);
    let plan = scene.plan().await.unwrap().plan;
    plan.notices.into_iter().find(|it| it.text.starts_with("CloudFormation")).unwrap()
}
