use cloud::{CloudError, Reason, StackEvent, Validation};

use super::{What, explain, explain_call, first_cause, refused};
use crate::plan::Kind;

const STACK: &str = "AWS::CloudFormation::Stack";

fn event(second: i64, id: &str, kind: &str, status: &str, reason: &str) -> StackEvent {
    let physical = match kind {
        STACK => format!("arn:aws:cloudformation:eu-west-1:123456789012:stack/{id}/0a1b"),
        _ => format!("{id}-physical"),
    };
    StackEvent {
        id: format!("{id}-{status}-{second}"),
        at: jiff::Timestamp::from_second(1_790_000_000 + second).unwrap(),
        logical_id: id.to_owned(),
        physical_id: Some(physical),
        resource_type: kind.to_owned(),
        status: status.to_owned(),
        detailed_status: None,
        reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        token: None,
    }
}

fn failed_creation() -> Vec<StackEvent> {
    let limit = "Resource handler returned message: \"The maximum number of VPCs has been reached. (Service: Ec2, Status Code: 400, Request ID: 5ce9e2b3)\" (RequestToken: 79d6, HandlerErrorCode: GeneralServiceException)";
    vec![
        event(0, "acme", STACK, "CREATE_IN_PROGRESS", "User Initiated"),
        event(1, "Network", "AWS::EC2::VPC", "CREATE_IN_PROGRESS", ""),
        event(2, "Network", "AWS::EC2::VPC", "CREATE_FAILED", limit),
        event(
            2,
            "Gateway",
            "AWS::EC2::InternetGateway",
            "CREATE_FAILED",
            "Resource creation cancelled",
        ),
        event(2, "ServerRole", "AWS::IAM::Role", "CREATE_FAILED", "Resource creation cancelled"),
        event(
            3,
            "acme",
            STACK,
            "ROLLBACK_IN_PROGRESS",
            "The following resource(s) failed to create: [Network, Gateway, ServerRole]. Rollback requested by user.",
        ),
        event(9, "acme", STACK, "ROLLBACK_COMPLETE", ""),
    ]
}

#[test]
fn the_first_cause_comes_first_in_any_order() {
    let mut events = failed_creation();
    for _ in 0..events.len() {
        events.rotate_left(1);
        let cause = explain(Kind::App, &events, &[]).unwrap();
        assert_eq!(cause.logical_id, "Network");
        assert_eq!(cause.what, What::Create);
        assert_eq!(cause.message, "The maximum number of VPCs has been reached.");
        assert_eq!(cause.code.as_deref(), Some("GeneralServiceException"));
        assert_eq!(cause.request_id.as_deref(), Some("5ce9e2b3"));
        assert!(cause.advice.unwrap().contains("Service Quotas"));
        assert_eq!((cause.also.len(), cause.hidden), (0, 2));
        assert!(!cause.is_in_rollback);
    }
}

#[test]
fn independent_failures_stand_beside_it() {
    let mut events = failed_creation();
    let exists = "production-content already exists";
    events.push(event(2, "Content", "AWS::S3::Bucket", "CREATE_FAILED", exists));
    let stuck = "resource sg-1 has a dependent object";
    events.push(event(8, "ServersFirewall", "AWS::EC2::SecurityGroup", "DELETE_FAILED", stuck));
    let cause = explain(Kind::App, &events, &[]).unwrap();
    let also: Vec<_> =
        cause.also.iter().map(|it| (it.logical_id.as_str(), it.is_in_rollback)).collect();
    assert_eq!(also, [("Content", false), ("ServersFirewall", true)]);
    assert_eq!(cause.also[0].key, Some("name"));
}

#[test]
fn a_failure_that_names_an_earlier_one_follows_from_it() {
    let events = [
        event(
            1,
            "LoadBalancer",
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "DELETE_FAILED",
            "Access denied",
        ),
        event(
            2,
            "PublicSubnet1",
            "AWS::EC2::Subnet",
            "DELETE_FAILED",
            "in use by LoadBalancer-physical",
        ),
    ];
    let cause = explain(Kind::App, &events, &[]).unwrap();
    assert_eq!((cause.logical_id.as_str(), cause.what), ("LoadBalancer", What::Delete));
    assert_eq!((cause.also.len(), cause.hidden), (0, 1));
}

#[test]
fn an_alarm_or_a_person_can_be_the_cause() {
    let events = [
        event(0, "acme", STACK, "UPDATE_IN_PROGRESS", "User Initiated"),
        event(
            5,
            "acme",
            STACK,
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "Rollback triggered: alarm BootFailed is in ALARM",
        ),
        event(
            5,
            "Group",
            "AWS::AutoScaling::AutoScalingGroup",
            "UPDATE_FAILED",
            "Resource update cancelled",
        ),
    ];
    let cause = explain(Kind::App, &events, &[]).unwrap();
    assert_eq!(cause.message, "Rollback triggered: alarm BootFailed is in ALARM");
    assert_eq!((cause.what, cause.hidden), (What::Update, 1));
}

#[test]
fn a_hook_speaks_for_itself() {
    let words = "Hook failed with message: Template failed validation, the following rule(s) failed: AWS_S3_Bucket_AccessControl.";
    let events = [
        event(1, "Content", "AWS::S3::Bucket", "CREATE_IN_PROGRESS", words),
        event(
            2,
            "Content",
            "AWS::S3::Bucket",
            "CREATE_FAILED",
            "The following hook(s) failed: [Acme::Guard]",
        ),
    ];
    let cause = explain(Kind::Data, &events, &[]).unwrap();
    assert_eq!(cause.message, words);
    assert!(cause.advice.is_some());
}

#[test]
fn validation_comes_before_everything() {
    let finding = |path: &str, is_fatal| Validation {
        logical_id: None,
        path: Some(path.to_owned()),
        message: "Invalid value".to_owned(),
        is_fatal,
    };
    let findings = [
        finding("/Resources/Network/Properties/Tags", false),
        finding("/Resources/Group/Properties/MinSize", true),
    ];
    let cause = explain(Kind::App, &[], &findings).unwrap();
    assert_eq!((cause.logical_id.as_str(), cause.what), ("Group", What::Check));
    assert_eq!(cause.key, Some("servers.min"));
}

#[test]
fn nothing_failed() {
    let events = [event(0, "acme", STACK, "CREATE_COMPLETE", "")];
    assert_eq!(explain(Kind::App, &events, &[]), None);
    assert_eq!(explain(Kind::App, &[], &[]), None);
}

#[test]
fn a_call_is_explained_by_its_words_or_its_reason() {
    let error = |reason, code: &str, message: &str| {
        explain_call(&CloudError::new("cloudformation", "CreateChangeSet", reason, code, message))
    };
    let busy = error(
        Reason::Conflict,
        "ValidationError",
        "Stack:x is in UPDATE_IN_PROGRESS state and can not be updated.",
    );
    assert!(busy.advice.unwrap().text.contains("syncctl attach"));
    let denied = error(Reason::Denied, "AccessDenied", "Access Denied");
    assert!(denied.advice.unwrap().text.contains("`cloudformation:CreateChangeSet`"));
    let silent = error(Reason::Unreachable, "", "connection refused");
    assert_eq!((silent.code, silent.message.as_str()), (None, "connection refused"));
    assert_eq!(error(Reason::Other, "InternalFailure", "oops").advice, None);
}

#[test]
fn a_cause_is_a_sentence() {
    let cause = first_cause(&failed_creation(), Kind::App).unwrap();
    let expected = "VPC (Network) could not be made: The maximum number of VPCs has been reached.";
    assert_eq!(cause.sentence(), expected);
}

#[test]
fn a_refused_change_set_always_has_a_cause() {
    let cause = refused(&[], "The following hook(s) failed: [Acme::Guard]").unwrap();
    assert!(cause.advice.is_some());
    let expected = "the change would fail: The following hook(s) failed: [Acme::Guard]";
    assert_eq!(cause.sentence(), expected);
    assert_eq!(refused(&[], ""), None);
}
