//! Plans to look at: what a test cannot judge, a reader of its snapshot can.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stack::{Rendered, Sha256Digest, Stack};

use crate::plan::{
    Change, ChangeAction, Drift, DriftedProperty, Harm, Kind, Level, Notice, Operation, Plan,
    PolicyAction, PropertyChange, ReleasePlan, Replacement, Source, StackPlan, TagChange, judge,
};

/// The shipped production blueprint, for the first time.
pub(crate) fn first() -> Plan {
    let rendered = production();
    let stacks = vec![created(Kind::Data, &rendered.data), created(Kind::App, &rendered.app)];
    let notice = Notice {
        level: Level::Warning,
        text: "The service answers on plain HTTP, which clients refuse.".to_owned(),
        advice: Some("Set `entry.domain` and `entry.certificate`.".to_owned()),
        line: Some("production.yaml:14".to_owned()),
    };
    let head = head("production");
    let mut plan = Plan { stacks, notices: vec![notice], drift_checked: true, ..head };
    super::with_properties(&mut plan, &rendered);
    plan
}

/// Nothing at all.
pub(crate) fn empty() -> Plan {
    let mut plan = head("production");
    plan.release.deployed = Some(plan.release.sha256.clone());
    plan.release.is_shipped = true;
    plan.stacks = vec![
        stack(Kind::Data, "production-data", Operation::Nothing),
        stack(Kind::App, "production", Operation::Nothing),
    ];
    plan.drift_checked = true;
    plan
}

/// One of everything that hurts.
pub(crate) fn harmful() -> Plan {
    let mut plan = head("production");
    plan.release.deployed = Some("5e".repeat(32));
    plan.stacks = vec![harmful_data(), harmful_app()];
    plan.drift = drift();
    plan.drift_checked = true;
    plan.notices = vec![
        Notice {
            level: Level::Note,
            text: "arm64 (t4g.small) would cost about a fifth less.".to_owned(),
            advice: None,
            line: Some("production.yaml:21 servers.instance".to_owned()),
        },
        Notice {
            level: Level::Blocker,
            text: "The account may run 16 vCPUs of standard instances in eu-west-1; this deployment can need 24 during a roll.".to_owned(),
            advice: Some("Ask for more under Service Quotas, L-1216C47A, or lower `servers.max`.".to_owned()),
            line: Some("production.yaml:23 servers.max".to_owned()),
        },
    ];
    plan
}

fn head(name: &str) -> Plan {
    Plan {
        name: name.to_owned(),
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        caller: "arn:aws:sts::123456789012:assumed-role/deployer/alice".to_owned(),
        blueprint: "production.yaml".to_owned(),
        digest: "3f".repeat(32),
        protect: true,
        release: ReleasePlan {
            sha256: "9a41c07be013".to_owned() + &"d".repeat(52),
            deployed: None,
            architecture: "x86_64".to_owned(),
            source: "bundled".to_owned(),
            size: 25_270_000,
            is_shipped: false,
        },
        stacks: Vec::new(),
        drift: Vec::new(),
        drift_checked: false,
        notices: Vec::new(),
    }
}

fn stack(kind: Kind, name: &str, operation: Operation) -> StackPlan {
    StackPlan {
        kind,
        name: name.to_owned(),
        operation,
        source: Source::ChangeSet,
        changes: Vec::new(),
        tags: Vec::new(),
        template_bytes: 30_000,
    }
}

fn production() -> Rendered {
    render(blueprint::Sources {
        preset: blueprint::Preset::find("production"),
        ..Default::default()
    })
}

/// Deployments that together have everything the templates can make.
pub(crate) fn every_deployment() -> Vec<Rendered> {
    let mail = "email: { identity: example.com, manage: create, zone: Z0123456789ABCDEFGHIJ }";
    let entry =
        "entry: { domain: sync.example.com, certificate: request, zone: Z0123456789ABCDEFGHIJ }";
    let texts = ["public-ip", "nat", "endpoints"].map(|egress| {
        let key = "storage: { key: create }";
        let head = "version: 1\nname: x\ntarget: aws\nregion: eu-west-1";
        format!("{head}\n{mail}\n{entry}\n{key}\nnetwork: {{ egress: {egress} }}\n")
    });
    let file = |text: &String| Some(blueprint::parse(text, "x.yaml").unwrap());
    let sources =
        texts.iter().map(|text| blueprint::Sources { file: file(text), ..Default::default() });
    let presets = ["preview", "production", "reference"].map(|name| blueprint::Sources {
        preset: blueprint::Preset::find(name),
        ..Default::default()
    });
    sources.chain(presets).map(render).collect()
}

/// Logical ids of everything the templates can make.
pub(crate) fn every_resource() -> Vec<String> {
    let deployments = every_deployment();
    let stacks = deployments.iter().flat_map(|it| [&it.data, &it.app]);
    stacks.flat_map(|stack| stack.template.resources().keys().cloned()).collect()
}

/// Types of everything the templates can make.
pub(crate) fn every_type() -> Vec<String> {
    let deployments = every_deployment();
    let stacks = deployments.iter().flat_map(|it| [&it.data, &it.app]);
    let resources = stacks.flat_map(|stack| stack.template.resources().values());
    resources.map(|resource| resource["Type"].as_str().unwrap().to_owned()).collect()
}

fn render(sources: blueprint::Sources) -> Rendered {
    let resolved = blueprint::resolve(&sources).unwrap();
    let deployment = resolved.deployment();
    let zones = ["a", "b", "c"].iter().take(deployment.network.zones as usize);
    let found = stack::Resolved {
        zones: zones.map(|zone| format!("eu-west-1{zone}")).collect(),
        image: "ami-0123456789abcdef0".to_owned(),
        release: Sha256Digest::new(&"9a".repeat(32)).unwrap(),
        first_servers: deployment.servers.desired,
        table_protection: false,
        kept_key: None,
        mail_endpoint: true,
        owner: "alice".to_owned(),
        expires: deployment.ttl.map(|_| "2026-12-01T00:00:00Z".to_owned()),
    };
    stack::render(deployment, &found).unwrap()
}

fn created(kind: Kind, rendered: &Stack) -> StackPlan {
    let plan = stack(kind, &rendered.name, Operation::Create);
    let changes = crate::diff::diff(None, rendered).unwrap();
    let tags = crate::diff::tags(&BTreeMap::new(), &rendered.tags);
    StackPlan { changes, tags, source: Source::Templates, ..plan }
}

pub(crate) fn change(id: &str, kind: &str, action: ChangeAction, harm: Harm) -> Change {
    Change {
        logical_id: id.to_owned(),
        physical_id: None,
        resource_type: kind.to_owned(),
        action,
        replacement: Replacement::Never,
        policy: None,
        harm,
        effects: Vec::new(),
        properties: Vec::new(),
    }
}

pub(crate) fn property(
    path: &str,
    before: Option<Value>,
    after: Option<Value>,
    line: &str,
) -> PropertyChange {
    let line = Some(line.to_owned()).filter(|line| !line.is_empty());
    let recreation = Replacement::Never;
    let path = path.to_owned();
    PropertyChange { path, before, after, recreation, cause: None, line, is_echo: false }
}

fn harmful_data() -> StackPlan {
    let days = |days: u32| {
        Some(json!({"Rules": [
            {"Id": "restorable", "NoncurrentVersionExpiration": {"NoncurrentDays": days}},
            {"Id": "unfinished-uploads"},
        ]}))
    };
    let table = Change {
        physical_id: Some("production-metadata-123456789012-eu-west-1".to_owned()),
        replacement: Replacement::Always,
        policy: Some(PolicyAction::ReplaceAndDelete),
        properties: vec![PropertyChange {
            recreation: Replacement::Always,
            ..property(
                "Properties.TableName",
                Some(json!("production-metadata-123456789012-eu-west-1")),
                Some(json!("acme-sync-metadata-123456789012-eu-west-1")),
                "production.yaml:3 name",
            )
        }],
        ..change("Metadata", "AWS::DynamoDB::Table", ChangeAction::Modify, Harm::Destroys)
    };
    let mut content = Change {
        physical_id: Some("production-content-123456789012-eu-west-1".to_owned()),
        properties: vec![property(
            "Properties.LifecycleConfiguration",
            days(90),
            days(30),
            "production.yaml:29 storage.content.versions",
        )],
        ..change("Content", "AWS::S3::Bucket", ChangeAction::Modify, Harm::Destroys)
    };
    judge(&mut content);
    let record = Change {
        physical_id: Some("_dmarc.example.com".to_owned()),
        policy: Some(PolicyAction::Delete),
        ..change("Dmarc", "AWS::Route53::RecordSet", ChangeAction::Remove, Harm::Safe)
    };
    let tags = tag_changes();
    StackPlan {
        changes: vec![table, content, record],
        tags,
        ..stack(Kind::Data, "production-data", Operation::Update)
    }
}

fn tag_changes() -> Vec<TagChange> {
    let tag = |key: &str, before: Option<&str>, after: Option<&str>| TagChange {
        key: key.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
        line: (key == "team").then(|| "production.yaml:44 tags.team".to_owned()),
    };
    vec![
        tag("syncctl:owner", Some("alice"), Some("bob")),
        tag("team", Some("storage"), Some("platform")),
        tag("cost-center", None, Some("4711")),
        tag("owner", Some("bob"), None),
    ]
}

fn harmful_app() -> StackPlan {
    let template = Change {
        physical_id: Some("lt-0a1b2c3d4e5f60718".to_owned()),
        replacement: Replacement::Always,
        policy: Some(PolicyAction::ReplaceAndDelete),
        properties: vec![
            property(
                crate::diff::RENAMED,
                Some(json!("LaunchTemplate5e5e5e5e5e5e")),
                Some(json!("LaunchTemplate9a41c07be013")),
                "",
            ),
            property(
                "Properties.LaunchTemplateData.InstanceType",
                Some(json!("t3.small")),
                Some(json!("t3.medium")),
                "production.yaml:21 servers.instance",
            ),
        ],
        ..change(
            "LaunchTemplate9a41c07be013",
            "AWS::EC2::LaunchTemplate",
            ChangeAction::Modify,
            Harm::Rolls,
        )
    };
    let mut changes = vec![listener(), template, group()];
    changes.extend(harmless());
    changes.push(echo());
    changes.iter_mut().filter(|it| it.resource_type == "AWS::IAM::Policy").for_each(judge);
    StackPlan { changes, tags: tag_changes(), ..stack(Kind::App, "production", Operation::Update) }
}

fn listener() -> Change {
    let arn = |id: &str| {
        Some(
            json!([{"CertificateArn": format!("arn:aws:acm:eu-west-1:123456789012:certificate/{id}")}]),
        )
    };
    Change {
        physical_id: Some("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/produ-LoadB-1AB2C3/50dc6c495c0c9188/f2f7dc8efc522ab2".to_owned()),
        replacement: Replacement::Conditional,
        properties: vec![property(
            "Properties.Certificates",
            arn("0a1b2c3d-0000-4000-8000-000000000001"),
            arn("f9e8d7c6-0000-4000-8000-000000000002"),
            "production.yaml:16 entry.certificate",
        )],
        ..change("HttpsListener", "AWS::ElasticLoadBalancingV2::Listener", ChangeAction::Modify, Harm::Interrupts)
    }
}

fn group() -> Change {
    let template = |id: &str| Some(json!(id));
    let through = PropertyChange {
        cause: Some("LaunchTemplate9a41c07be013".to_owned()),
        ..property(
            "Properties.LaunchTemplate.LaunchTemplateId",
            template("lt-0a1b2c3d4e5f60718"),
            None,
            "",
        )
    };
    Change {
        physical_id: Some("production-servers-123456789012-eu-west-1".to_owned()),
        properties: vec![
            property(
                "Properties.MinSize",
                Some(json!("3")),
                Some(json!("5")),
                "production.yaml:22 servers.min",
            ),
            through,
            property(
                "UpdatePolicy.AutoScalingInstanceRefresh.Preferences.BakeTime",
                Some(json!(120)),
                Some(json!(600)),
                "--set rollout.bake",
            ),
        ],
        ..change("Group", "AWS::AutoScaling::AutoScalingGroup", ChangeAction::Modify, Harm::Rolls)
    }
}

/// The group keeps its name, and so whoever refers to it stays as it is.
fn echo() -> Change {
    let name = || Some(json!("production-servers-123456789012-eu-west-1"));
    let property = PropertyChange {
        cause: Some("Group".to_owned()),
        is_echo: true,
        ..property("Properties.AutoScalingGroupName", name(), None, "")
    };
    Change {
        properties: vec![property],
        ..change(
            "ScaleByProcessor",
            "AWS::AutoScaling::ScalingPolicy",
            ChangeAction::Modify,
            Harm::Safe,
        )
    }
}

fn harmless() -> Vec<Change> {
    let statement = |actions: &[&str]| {
        let table =
            "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/metadata";
        Some(json!({"Statement": [
            {"Sid": "Metadata", "Effect": "Allow", "Action": actions, "Resource": table},
        ]}))
    };
    vec![
        change("MailBounces", "AWS::CloudWatch::Alarm", ChangeAction::Add, Harm::Safe),
        Change {
            physical_id: Some("produ-Servi-AB12CD".to_owned()),
            properties: vec![property(
                "Properties.PolicyDocument",
                statement(&["dynamodb:GetItem", "dynamodb:PutItem"]),
                statement(&["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]),
                "",
            )],
            ..change("ServiceAccess", "AWS::IAM::Policy", ChangeAction::Modify, Harm::Safe)
        },
        Change {
            physical_id: Some("/aws/production/servers".to_owned()),
            ..change("ServerLogs", "AWS::Logs::LogGroup", ChangeAction::Import, Harm::Safe)
        },
    ]
}

fn drift() -> Vec<Drift> {
    let drifted = |path: &str, expected: &str, actual: &str| DriftedProperty {
        path: path.to_owned(),
        expected: expected.to_owned(),
        actual: actual.to_owned(),
    };
    let of = |stack, id: &str, kind: &str| Drift {
        stack,
        logical_id: id.to_owned(),
        physical_id: None,
        resource_type: kind.to_owned(),
        is_deleted: false,
        properties: Vec::new(),
        is_touched: false,
    };
    vec![
        Drift {
            is_touched: true,
            properties: vec![
                drifted("/MinSize", "3", "4"),
                drifted("/HealthCheckGracePeriod", "90", "300"),
            ],
            ..of(Kind::App, "Group", "AWS::AutoScaling::AutoScalingGroup")
        },
        Drift {
            properties: vec![drifted("/SecurityGroupIngress/0/CidrIp", "10.0.0.0/8", "0.0.0.0/0")],
            ..of(Kind::App, "BalancerFirewall", "AWS::EC2::SecurityGroup")
        },
        Drift {
            properties: vec![drifted(
                "/PublicAccessBlockConfiguration/BlockPublicPolicy",
                "true",
                "false",
            )],
            ..of(Kind::Data, "Content", "AWS::S3::Bucket")
        },
        Drift {
            is_deleted: true,
            physical_id: Some("production-TooFewServers-1A2B".to_owned()),
            ..of(Kind::App, "TooFewServers", "AWS::CloudWatch::Alarm")
        },
    ]
}
