//! What STS gives out and what it refuses.

use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use testkit::Engines;

use crate::ground::{sts, tag};

#[tokio::test]
async fn a_role_is_assumed_for_one_space_and_a_while() {
    let engines = Engines::start().await;
    let client = sts(&engines);
    let writer = engines.writer_role();
    let ask = |duration: i32| {
        client
            .assume_role()
            .role_arn(writer)
            .role_session_name("device-1")
            .duration_seconds(duration)
    };
    let refusal = async |request: AssumeRoleFluentBuilder| {
        let error = request.send().await.unwrap_err().into_service_error();
        error.code().unwrap_or_default().to_owned()
    };
    let space = || tag("space", "sp1");

    let answer = ask(900).tags(space()).send().await.unwrap();
    let credentials = answer.credentials().unwrap();
    assert!(credentials.access_key_id().starts_with("ASIA"));
    let left = credentials.expiration().secs() - jiff::Timestamp::now().as_second();
    assert!((890..=900).contains(&left), "{left} seconds");
    assert_eq!(
        answer.assumed_role_user().unwrap().arn(),
        "arn:aws:sts::000000000000:assumed-role/syncd-writer/device-1"
    );
    ask(3600).tags(space()).send().await.unwrap();

    assert_eq!(refusal(ask(899).tags(space())).await, "ValidationError");
    assert_eq!(refusal(ask(3601).tags(space())).await, "ValidationError");
    assert_eq!(refusal(ask(900)).await, "ValidationError", "no space");
    assert_eq!(refusal(ask(900).tags(tag("space", "a/b"))).await, "ValidationError");
    assert_eq!(refusal(ask(900).tags(tag("space", ""))).await, "ValidationError");
    assert_eq!(refusal(ask(900).tags(tag("team", "x")).tags(space())).await, "ValidationError");
    assert_eq!(refusal(ask(900).tags(space()).policy("{}")).await, "ValidationError");
    let stranger = ask(900).tags(space()).role_arn("arn:aws:iam::000000000000:role/admin");
    assert_eq!(refusal(stranger).await, "AccessDenied");
}

#[tokio::test]
async fn the_caller_must_be_root() {
    let engines = Engines::start().await;
    let identity = sts(&engines).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some("000000000000"));

    let temporary = crate::ground::assume(&engines, engines.writer_role(), "sp1").await;
    let client = aws_sdk_sts::Client::new(&engines.sdk_config_as(temporary));
    let error = client.get_caller_identity().send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("UnrecognizedClientException"));
}
