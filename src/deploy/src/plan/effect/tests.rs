use serde_json::{Value, json};

use crate::plan::{Change, ChangeAction, Harm};
use crate::report::sample::{change, property};

/// A change in place of one property, as it is judged.
fn judged(
    id: &str,
    kind: &str,
    path: &str,
    before: impl Into<Option<Value>>,
    after: impl Into<Option<Value>>,
) -> (Harm, Vec<String>) {
    let mut change = Change {
        properties: vec![property(path, before.into(), after.into(), "")],
        ..change(id, kind, ChangeAction::Modify, Harm::Safe)
    };
    crate::plan::judge(&mut change);
    (change.harm, change.effects)
}

const BUCKET: &str = "AWS::S3::Bucket";
const TABLE: &str = "AWS::DynamoDB::Table";
const POLICY: &str = "AWS::IAM::Policy";

/// The three forms in which a change of the days arrives: from a change set, from the templates, and as a whole.
fn days(before: u32, after: u32) -> [(Harm, Vec<String>); 3] {
    let number = "NoncurrentVersionExpiration.NoncurrentDays";
    let rules = |days: u32| json!([{"Id": "restorable", "NoncurrentVersionExpiration": {"NoncurrentDays": days}}]);
    let at = |path: &str, before, after| judged("Content", BUCKET, path, before, after);
    let rule = "Properties.LifecycleConfiguration.Rules";
    [
        at(&format!("{rule}[0].{number}"), json!(before.to_string()), json!(after.to_string())),
        at(&format!("{rule}[restorable].{number}"), json!(before), json!(after)),
        at(rule, rules(before), rules(after)),
    ]
}

#[test]
fn fewer_days_of_versions_destroy_those_that_are_older() {
    for (harm, words) in days(90, 30) {
        assert_eq!(harm, Harm::Destroys);
        let expected =
            "earlier versions older than 30 days are deleted for good, from the first day on";
        assert_eq!(words, [expected]);
    }
    for (harm, words) in days(30, 90) {
        assert_eq!(harm, Harm::Safe);
        assert_eq!(words, ["keeps versions longer; storage costs grow"]);
    }
}

#[test]
fn a_backup_that_is_switched_off_is_lost() {
    let path = "Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled";
    let (harm, words) = judged("Metadata", TABLE, path, json!("true"), json!("false"));
    assert_eq!(harm, Harm::Destroys);
    assert!(words[0].starts_with("the backup of the last 35 days is discarded"), "{words:?}");
    let whole = "Properties.PointInTimeRecoverySpecification";
    let on = |on: bool| json!({"PointInTimeRecoveryEnabled": on});
    assert_eq!(judged("Metadata", TABLE, whole, on(true), on(false)).0, Harm::Destroys);
    assert_eq!(judged("Metadata", TABLE, whole, on(false), on(true)).0, Harm::Safe);
}

#[test]
fn without_its_key_content_is_unreadable() {
    let path = "Properties.BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.KMSMasterKeyID";
    let (harm, words) = judged("Content", BUCKET, path, json!("arn:one"), None);
    assert_eq!(harm, Harm::Destroys);
    assert!(words[0].starts_with("files uploaded so far become unreadable"), "{words:?}");
    assert_eq!(judged("Content", BUCKET, path, json!("a"), json!("b")).0, Harm::Destroys);
    // What was uploaded without a key stays readable.
    assert_eq!(judged("Content", BUCKET, path, None, json!("arn:one")).0, Harm::Safe);
}

#[test]
fn rights_are_told_by_statement() {
    let statement = |actions: Value| json!({"Sid": "Key", "Effect": "Allow", "Action": actions, "Resource": "arn:aws:kms:eu-west-1:123456789012:key/1"});
    let path = "Properties.PolicyDocument.Statement[Key]";
    let (harm, words) =
        judged("ReaderAccess", POLICY, path, statement(json!(["kms:Decrypt"])), None);
    assert_eq!(
        (harm, words),
        (Harm::Interrupts, vec!["readers lose kms:Decrypt on key/1".to_owned()])
    );
    let (harm, words) = judged(
        "ServiceAccess",
        POLICY,
        "Properties.PolicyDocument.Statement",
        json!([statement(json!("kms:Decrypt"))]),
        json!([statement(json!(["kms:Decrypt", "kms:GenerateDataKey"]))]),
    );
    assert_eq!(
        (harm, words),
        (Harm::Safe, vec!["servers gain kms:GenerateDataKey on key/1".to_owned()])
    );
}

#[test]
fn who_may_connect() {
    let group = "AWS::EC2::SecurityGroup";
    let rules = |ranges: &[&str]| -> Value {
        ranges.iter().map(|range| json!({"CidrIp": range, "FromPort": 443})).collect()
    };
    let path = "Properties.SecurityGroupIngress";
    let at = |before: &[&str], after: &[&str]| {
        judged("BalancerFirewall", group, path, rules(before), rules(after))
    };
    let (harm, words) = at(&["0.0.0.0/0"], &["10.0.0.0/8", "192.0.2.0/24"]);
    assert_eq!(harm, Harm::Interrupts);
    assert_eq!(words, ["clients outside 10.0.0.0/8, 192.0.2.0/24 lose access"]);
    assert_eq!(at(&["10.0.0.0/8"], &["0.0.0.0/0"]), (Harm::Safe, Vec::new()));
    let (_, words) = at(&["10.0.0.0/8", "192.0.2.0/24"], &["10.0.0.0/8"]);
    assert_eq!(words, ["clients in 192.0.2.0/24 lose access"]);
    // A list that stays as long is told item by item.
    let item = format!("{path}[0].CidrIp");
    let (_, words) =
        judged("BalancerFirewall", group, &item, json!("0.0.0.0/0"), json!("10.0.0.0/8"));
    assert_eq!(words, ["clients outside 10.0.0.0/8 lose access"]);
}

#[test]
fn what_requests_find_can_interrupt() {
    let record = "AWS::Route53::RecordSet";
    let names = (json!("sync.example.com"), json!("files.example.com"));
    let (harm, words) = judged("DomainRecord", record, "Properties.Name", names.0, names.1);
    assert_eq!(harm, Harm::Interrupts);
    assert_eq!(words, ["sync.example.com stops resolving; devices log in at the new address"]);
    let targets = "AWS::ElasticLoadBalancingV2::TargetGroup";
    let paths = (json!("/health"), json!("/ready"));
    let (harm, words) =
        judged("TargetGroup", targets, "Properties.HealthCheckPath", paths.0, paths.1);
    assert_eq!(harm, Harm::Interrupts);
    assert_eq!(words, ["servers that do not answer at /ready are taken out of service"]);
}

#[test]
fn public_addresses_are_said_in_words() {
    let interfaces = json!([{"AssociatePublicIpAddress": true, "Groups": ["sg-1"]}]);
    let path = "Properties.LaunchTemplateData.NetworkInterfaces";
    let kind = "AWS::EC2::LaunchTemplate";
    let (harm, words) = judged("LaunchTemplate1", kind, path, None, interfaces.clone());
    assert_eq!(harm, Harm::Rolls);
    assert_eq!(words, ["servers get public addresses, inbound only from the load balancer"]);
    let (_, words) = judged("LaunchTemplate1", kind, path, interfaces, None);
    assert_eq!(words, ["servers lose their public addresses"]);
}

#[test]
fn a_mail_identity_is_no_data_and_missed_all_the_same() {
    let mut change = Change {
        physical_id: Some("example.com".to_owned()),
        policy: Some(crate::plan::PolicyAction::Delete),
        ..change("MailIdentity", "AWS::SES::EmailIdentity", ChangeAction::Remove, Harm::Safe)
    };
    crate::plan::judge(&mut change);
    assert_eq!(change.harm, Harm::Interrupts);
    let expected = "nobody can send as example.com until the identity is made and verified again";
    assert_eq!(change.effects, [expected]);
}

#[test]
fn an_echo_harms_nobody() {
    let mut change = Change {
        properties: vec![property("Properties.HealthCheckPath", Some(json!("/a")), None, "")],
        ..change(
            "TargetGroup",
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            ChangeAction::Modify,
            Harm::Safe,
        )
    };
    change.properties[0].is_echo = true;
    crate::plan::judge(&mut change);
    assert_eq!((change.harm, change.effects), (Harm::Safe, Vec::new()));
}
