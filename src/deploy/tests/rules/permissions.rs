//! The policies: nothing missing, nothing too wide.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use blueprint::Deployment;
use deploy::permissions::calls::{CALLS, Purpose};
use deploy::permissions::{LEFT_OUT, MOST_CHARACTERS, ci, collector, deployer};
use deploy::schemas::{Handler, schema};
use serde_json::Value;

use crate::blueprints::{deployment, deployments, rendered_with};

const ACCOUNT: &str = "123456789012";

/// Statements that name no resource although they change something, with the reason.
const WIDE: [(&str, &str); 1] = [(
    "StackMakes",
    "keys, certificates, mail identities and deliveries of logs have no name before they are made",
)];

fn statements(documents: &[Value]) -> Vec<&Value> {
    documents.iter().flat_map(|it| it["Statement"].as_array().unwrap()).collect()
}

/// One text or a list of them.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap()).collect(),
        text => vec![text.as_str().unwrap()],
    }
}

fn is_match(pattern: &str, action: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => action.starts_with(start),
        None => pattern == action,
    }
}

fn grants(documents: &[Value], action: &str) -> bool {
    let mut statements = statements(documents).into_iter();
    statements.any(|it| texts(&it["Action"]).iter().any(|pattern| is_match(pattern, action)))
}

/// A deployment with its templates and policies. Rendering takes most of the time of these tests.
struct Case {
    resources: Vec<(String, Value)>,
    deployer: Vec<Value>,
    ci: Vec<Value>,
    collector: Vec<Value>,
}

fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> =
        LazyLock::new(|| deployments().map(|it| case(&it)).collect());
    &CASES
}

fn case(deployment: &Deployment) -> Case {
    let rendered = rendered_with(deployment, |_| {});
    let stacks = [rendered.data, rendered.app];
    let resources = stacks.iter().flat_map(|stack| stack.template.resources());
    Case {
        resources: resources.map(|(id, resource)| (id.clone(), resource.clone())).collect(),
        deployer: deployer(deployment, Some(ACCOUNT)).unwrap(),
        ci: ci(deployment, Some(ACCOUNT)).unwrap(),
        collector: collector(deployment, Some(ACCOUNT)).unwrap(),
    }
}

impl Case {
    fn types(&self) -> BTreeSet<&str> {
        self.resources.iter().map(|(_, resource)| resource["Type"].as_str().unwrap()).collect()
    }
}

fn is_left_out(resource_type: &str, action: &str) -> bool {
    LEFT_OUT.iter().any(|it| it.resource_type == resource_type && it.actions.contains(&action))
}

#[test]
fn whatever_a_handler_may_call_is_granted_or_left_out_with_a_reason() {
    for case in cases() {
        for name in case.types() {
            for (handler, actions) in &schema(name).unwrap().handlers {
                for action in actions.iter().filter(|action| !is_left_out(name, action)) {
                    assert!(grants(&case.deployer, action), "{action} of {name} is missing");
                    let is_look = matches!(handler, Handler::Read | Handler::List);
                    assert!(!is_look || grants(&case.ci, action), "{action} of {name} is missing");
                }
            }
        }
    }
}

#[test]
fn what_is_left_out_serves_nothing_that_templates_have() {
    for case in cases() {
        for (id, resource) in &case.resources {
            let entries = LEFT_OUT.iter().filter(|it| resource["Type"] == it.resource_type);
            for property in entries.flat_map(|entry| entry.properties) {
                assert!(resource["Properties"].get(property).is_none(), "{id} has {property}");
            }
        }
    }
    for entry in LEFT_OUT {
        let schema = schema(entry.resource_type).unwrap();
        let of_handlers = schema.handlers.values().flatten();
        let asked: BTreeSet<&String> = of_handlers.chain(&schema.tagging.permissions).collect();
        for action in entry.actions {
            assert!(asked.iter().any(|it| it == action), "nobody asks for {action}");
        }
    }
}

#[test]
fn every_document_fits_and_says_what_it_is_for() {
    for case in cases() {
        for documents in [&case.deployer, &case.ci, &case.collector] {
            let mut sids = BTreeSet::new();
            for document in documents {
                let text = document.to_string();
                let length = text.chars().filter(|letter| !letter.is_whitespace()).count();
                assert!(length <= MOST_CHARACTERS, "{length}");
                assert_eq!(document["Version"], "2012-10-17");
            }
            // IAM attaches at most ten policies to a role.
            assert!(documents.len() <= 5, "{}", documents.len());
            for statement in statements(documents) {
                let sid = statement["Sid"].as_str().unwrap();
                assert!(sid.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{sid}");
                assert!(sids.insert(sid.to_owned()), "{sid} twice");
                assert!(!texts(&statement["Action"]).is_empty());
                assert!(!texts(&statement["Resource"]).is_empty(), "{sid} is about nothing");
            }
        }
    }
}

#[test]
fn nothing_is_wider_than_it_has_to_be() {
    for case in cases() {
        for statement in statements(&case.deployer).into_iter().chain(statements(&case.collector)) {
            let sid = statement["Sid"].as_str().unwrap();
            for action in texts(&statement["Action"]) {
                assert!(!action.ends_with(":*") && action != "*", "{sid}: {action}");
                let (_, name) = action.split_once(':').unwrap();
                let looks = ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb));
                assert!(looks || !action.ends_with('*'), "{sid}: {action}");
                if looks || !texts(&statement["Resource"]).contains(&"*") {
                    continue;
                }
                assert!(WIDE.iter().any(|(known, _)| *known == sid), "{sid}: {action} on anything");
                assert!(statement.get("Condition").is_some(), "{sid}");
            }
            let via = &statement["Condition"]["StringEquals"]["aws:CalledViaFirst"];
            assert_eq!(via == "cloudformation.amazonaws.com", sid.starts_with("Stack"), "{sid}");
        }
    }
}

#[test]
fn a_planner_changes_nothing_but_change_sets() {
    let allowed = [
        "cloudformation:CreateChangeSet",
        "cloudformation:DeleteChangeSet",
        "cloudformation:DetectStackDrift",
        "cloudformation:DetectStackResourceDrift",
        "cloudformation:TagResource",
        "cloudformation:UntagResource",
    ];
    for case in cases() {
        for action in statements(&case.ci).into_iter().flat_map(|it| texts(&it["Action"])) {
            let (_, name) = action.split_once(':').unwrap();
            let only_looks = ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb));
            assert!(only_looks || allowed.contains(&action), "{action}");
        }
        assert!(!grants(&case.ci, "cloudformation:ExecuteChangeSet"));
    }
}

#[test]
fn a_collector_deletes_stacks_of_previews_only_and_makes_nothing() {
    for case in cases() {
        for statement in statements(&case.collector) {
            let sid = statement["Sid"].as_str().unwrap();
            for action in texts(&statement["Action"]) {
                let (_, name) = action.split_once(':').unwrap();
                let makes = ["Create", "Put", "Run", "Execute", "PassRole"];
                let is_made = makes.iter().any(|verb| name.starts_with(verb));
                assert!(!is_made || sid.starts_with("Stack"), "{sid}: {action}");
            }
            if texts(&statement["Action"]).contains(&"cloudformation:DeleteStack") {
                let tag =
                    &statement["Condition"]["StringEquals"]["aws:ResourceTag/syncctl:preview"];
                assert_eq!(tag, "true", "{sid}");
            }
        }
        assert!(!grants(&case.collector, "cloudformation:ExecuteChangeSet"));
        assert!(!grants(&case.collector, "iam:PassRole"));
    }
}

#[test]
fn roles_go_to_the_two_services_that_use_them() {
    let all = deployer(&deployment(""), Some(ACCOUNT)).unwrap();
    let pass: Vec<&Value> = statements(&all)
        .into_iter()
        .filter(|it| texts(&it["Action"]).contains(&"iam:PassRole"))
        .collect();
    let [pass] = &pass[..] else { panic!("{pass:?}") };
    let to = &pass["Condition"]["StringEquals"]["iam:PassedToService"];
    assert_eq!(texts(to), ["ec2.amazonaws.com", "vpc-flow-logs.amazonaws.com"]);
    let role = |id| format!("arn:aws:iam::123456789012:role/acme-sync-{id}-*");
    assert_eq!(texts(&pass["Resource"]), [role("FlowLogsRole"), role("ServerRole")]);
}

#[test]
fn retained_data_cannot_be_emptied() {
    let kept = deployer(&deployment("storage: { content: { retain: true } }\n"), None).unwrap();
    assert!(!grants(&kept, "s3:DeleteObjectVersion"));
    let rest = "protect: false\nstorage: { content: { retain: false } }\n";
    assert!(grants(&deployer(&deployment(rest), None).unwrap(), "s3:DeleteObjectVersion"));
}

/// A new method of a trait needs an entry.
#[test]
fn every_method_that_asks_aws_is_listed() {
    let traits = [
        ("Stacks", include_str!("../../../cloud/src/stacks.rs")),
        ("Resources", include_str!("../../../cloud/src/resources.rs")),
        ("Fleet", include_str!("../../../cloud/src/fleet.rs")),
        ("Region", include_str!("../../../cloud/src/region.rs")),
    ];
    let methods = traits.into_iter().flat_map(|(name, text)| {
        let methods = text.split("\n    async fn ").skip(1);
        methods.map(move |it| format!("{name}::{}", it.split(['(', '<']).next().unwrap()))
    });
    let methods: BTreeSet<String> = methods.collect();
    assert!(methods.len() > 40, "{methods:?}");
    let listed = CALLS.iter().map(|call| call.method.to_owned());
    let listed: BTreeSet<String> = listed.filter(|method| method.contains("::")).collect();
    assert_eq!(methods, listed);
    assert!(CALLS.iter().any(|call| call.purpose == Purpose::Empty));
}
