//! What stands in the way of an `apply` before it begins.

use cloud::failing::How;
use cloud::{CertificateState, DnsRecord, MailIdentityState, Reason};
use deploy::DeployError;
use deploy::explain::explain_call;
use deploy::plan::{Level, Notice};

use crate::scene::Scene;

const CERTIFICATE: &str =
    "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000";
const MAIL: &str = "email: { identity: example.com }\n";

#[tokio::test]
async fn a_check_that_the_caller_may_not_make_is_a_note() {
    let scene = Scene::empty(MAIL);
    for operation in ["DescribeRegions", "GetServiceQuota", "DescribeVpcs", "GetAccount"] {
        scene.fail(operation, 1, 9, How::Denied);
    }
    scene.world().facts.mail_identities.insert("example.com".to_owned(), identity(true));
    let notices = notices(&scene).await;
    assert!(notices.iter().all(|notice| notice.level != Level::Blocker), "{notices:?}");
    let told: Vec<&str> = notices.iter().map(|it| it.text.as_str()).collect();
    assert!(told.contains(&"Not checked: whether the Region is switched on (these credentials may not call ec2:DescribeRegions)."), "{told:?}");
    assert!(told.contains(&"Not checked: what SES lets the account send (these credentials may not call ses:GetAccount)."), "{told:?}");
}

/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
#[tokio::test]
async fn a_region_that_is_not_switched_on_blocks() {
    let scene = Scene::empty("");
    scene.world().facts.is_opted_in = false;
    let notice = &notices(&scene).await[0];
    assert_eq!(notice.level, Level::Blocker);
    assert!(notice.advice.as_ref().unwrap().contains("enable-region --region-name eu-west-1"));
    let error = scene.up(&[]).await.unwrap_err();
    assert!(matches!(error, DeployError::Blocked(_)), "{error}");
    assert!(scene.asked().is_empty(), "nothing was begun");
}

/// Where a Region is not switched on, or a session's token is not made for it, the first call already fails
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html>).
#[tokio::test]
async fn credentials_that_the_region_does_not_know_point_at_the_region() {
    let scene = Scene::empty("");
    let how = How::Answer(
        Reason::Credentials,
        "InvalidClientTokenId",
        "The security token included in the request is invalid",
    );
    scene.fail("GetCallerIdentity", 1, 1, how);
    let error = scene.plan().await.unwrap_err();
    let DeployError::Call(error) = error else { panic!("{error}") };
    let advice = explain_call(&error).advice.unwrap();
    assert_eq!(advice.key, Some("region"));
    assert!(advice.text.contains("enable-region"), "{}", advice.text);
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits>
#[tokio::test]
async fn a_quota_of_processors_blocks_what_cannot_start_and_warns_of_a_roll() {
    for (quota, level) in [(5.0, Level::Blocker), (6.0, Level::Warning), (64.0, Level::Note)] {
        let scene = Scene::empty("servers: { instance: t3.small, min: 3, max: 9 }\n");
        scene.world().facts.quotas.insert("L-1216C47A".to_owned(), quota);
        let notices = notices(&scene).await;
        let told = notices.iter().find(|notice| notice.text.starts_with("A roll needs"));
        assert_eq!(told.map_or(Level::Note, |notice| notice.level), level, "{quota}");
    }
}

/// <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>
#[tokio::test]
async fn a_quota_of_networks_that_is_used_up_blocks() {
    let scene = Scene::empty("");
    scene.world().facts.quotas.insert("L-F678F1CE".to_owned(), 5.0);
    scene.world().facts.vpcs = 5;
    let notice = &notices(&scene).await[0];
    assert_eq!(notice.text, "The account has 5 VPCs in this Region, and its quota is 5.");
}

/// <https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html>
#[tokio::test]
async fn a_certificate_that_waits_blocks_with_the_records_that_it_waits_for() {
    let scene = Scene::empty(&format!(
        "entry: {{ domain: sync.example.com, certificate: \"{CERTIFICATE}\" }}\n"
    ));
    let waiting = CertificateState {
        status: "PENDING_VALIDATION".to_owned(),
        names: vec!["sync.example.com".to_owned()],
        records: vec![record("_x1.sync.example.com", "_x2.acm-validations.aws")],
    };
    scene.world().facts.certificates.insert(CERTIFICATE.to_owned(), waiting);
    let notice = &notices(&scene).await[0];
    assert_eq!(notice.text, "The certificate is PENDING_VALIDATION.");
    assert!(
        notice
            .advice
            .as_ref()
            .unwrap()
            .contains("_x1.sync.example.com CNAME _x2.acm-validations.aws")
    );
    assert_eq!(notice.line.as_deref(), Some("acme.yaml:5 entry.certificate"));
}

/// <https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html>
#[tokio::test]
async fn the_mail_sandbox_and_an_identity_that_waits_are_warned_of() {
    let scene = Scene::empty(MAIL);
    scene.world().facts.mail_account.has_production_access = false;
    scene.world().facts.mail_identities.insert("example.com".to_owned(), identity(false));
    let notices = notices(&scene).await;
    let warnings =
        notices.iter().filter(|it| it.line.as_deref() == Some("acme.yaml:5 email.identity"));
    let texts: Vec<&str> = warnings.map(|it| it.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "SES is in its sandbox in this Region: mail reaches verified addresses only.",
            "example.com is not verified; SES refuses mail from it.",
        ]
    );
}

async fn notices(scene: &Scene) -> Vec<Notice> {
    scene.plan().await.unwrap().plan.notices
}

fn identity(is_verified: bool) -> MailIdentityState {
    let records = vec![record("a._domainkey.example.com", "a.dkim.amazonses.com")];
    MailIdentityState { is_verified, dkim_status: "PENDING".to_owned(), records }
}

fn record(name: &str, value: &str) -> DnsRecord {
    DnsRecord { name: name.to_owned(), kind: "CNAME".to_owned(), value: value.to_owned() }
}
