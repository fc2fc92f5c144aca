//! One preview that may go, and everything that can be wrong with it.

use std::collections::BTreeMap;

use cloud::{ChangeSetStatus, ChangeSetSummary, StackResource, StackStatus, StackSummary};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use stack::StackKind;

use super::judge::{Bench, Evidence, examine, glance};
use super::mark::claims;
use super::pair::pairs;
use super::skip::Skip;

const ACCOUNT: &str = "123456789012";

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// A stack with everything that is read of it.
#[derive(Clone, Debug)]
struct Part {
    kind: StackKind,
    summary: StackSummary,
    template: Value,
    resources: Vec<StackResource>,
    change_sets: Vec<ChangeSetSummary>,
    table_protected: bool,
}

fn part(kind: StackKind) -> Part {
    let (name, word, id, resource_type) = match kind {
        StackKind::Data => ("pr-7-data", "data", "Content", "AWS::S3::Bucket"),
        StackKind::App => ("pr-7", "app", "Network", "AWS::EC2::VPC"),
    };
    let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let tags = [("syncctl:name", "pr-7"), ("syncctl:preview", "true"), ("syncctl:owner", "ann")];
    Part {
        kind,
        summary: StackSummary {
            id: format!("arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/{name}/1-2-3"),
            name: name.to_owned(),
            status: StackStatus::new("CREATE_COMPLETE"),
            status_reason: None,
            created: "2026-11-01T12:00:00Z".parse().unwrap(),
            updated: None,
            parameters: [("Expires", "2026-11-20T11:59:59Z")].map(pair).into(),
            tags: tags.map(pair).into(),
            outputs: [].into(),
            protected: false,
        },
        template: json!({
            "Metadata": {"syncctl": {"deployment": "pr-7", "stack": word, "preview": true}},
            "Resources": {id: {"Type": resource_type, "DeletionPolicy": "Delete"}},
        }),
        resources: vec![StackResource {
            logical_id: id.to_owned(),
            physical_id: Some("x".to_owned()),
            resource_type: resource_type.to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
            status_reason: None,
        }],
        change_sets: Vec::new(),
        table_protected: false,
    }
}

/// Both halves of the verdict, as they are put together for real.
fn verdict(parts: &[Part]) -> Result<(), Skip> {
    let found = pairs(parts.iter().map(|part| part.summary.clone()).collect());
    let Some(pair) = found.iter().find(|pair| pair.name == "pr-7") else {
        return Err(Skip::NotOurs("pr-7".to_owned()));
    };
    glance(pair, Bench { account: ACCOUNT, region: "eu-west-1", now: now() })?;
    for part in parts.iter().filter(|part| pair.stacks().any(|(_, it)| *it == part.summary)) {
        let template = part.template.to_string();
        let evidence = Evidence {
            kind: part.kind,
            stack: &part.summary,
            template: &template,
            resources: &part.resources,
            change_sets: &part.change_sets,
            table_protected: part.table_protected,
        };
        examine("pr-7", evidence, now())?;
    }
    Ok(())
}

fn change_set(name: &str, created: Option<&str>, status: ChangeSetStatus) -> ChangeSetSummary {
    let created = created.map(|text| text.parse().unwrap());
    ChangeSetSummary { id: String::new(), name: name.to_owned(), created, status }
}

type Wrong = (&'static str, fn(&mut Part));

/// Each of these alone is reason enough, in either stack.
const WRONGS: &[Wrong] = &[
    ("another deployment's tag", |it| set_tag(it, "syncctl:name", "prod")),
    ("a name of other case", |it| set_tag(it, "syncctl:name", "PR-7")),
    ("no name", |it| drop(it.summary.tags.remove("syncctl:name"))),
    ("no tag of ours", |it| it.summary.tags.clear()),
    ("no preview", |it| drop(it.summary.tags.remove("syncctl:preview"))),
    ("no preview any more", |it| set_tag(it, "syncctl:preview", "false")),
    ("no time", |it| drop(it.summary.parameters.remove("Expires"))),
    ("a tag instead of the time", |it| {
        it.summary.parameters.clear();
        set_tag(it, "syncctl:expires", "2026-11-20T11:59:59Z");
    }),
    ("a time that is none", |it| set_expiry(it, "yesterday")),
    ("an empty time", |it| set_expiry(it, "")),
    ("a time without a zone", |it| set_expiry(it, "2026-11-20T11:59:59")),
    ("a time to come", |it| set_expiry(it, "2026-11-20T12:00:01Z")),
    ("this very moment", |it| set_expiry(it, "2026-11-20T12:00:00Z")),
    ("protection", |it| it.summary.protected = true),
    ("a protected table", |it| it.table_protected = true),
    ("a table that asks for it", |it| {
        it.summary.parameters.insert("TableProtection".to_owned(), "true".to_owned());
    }),
    ("another account", |it| it.summary.id = it.summary.id.replace(ACCOUNT, "210987654321")),
    ("another Region", |it| it.summary.id = it.summary.id.replace("eu-west-1", "eu-west-2")),
    ("another stack's id", |it| it.summary.id = it.summary.id.replace("stack/", "stack/x")),
    ("no id", |it| it.summary.id.clear()),
    ("an update", |it| set_status(it, "UPDATE_IN_PROGRESS")),
    ("a clean-up", |it| set_status(it, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")),
    ("a creation", |it| set_status(it, "CREATE_IN_PROGRESS")),
    ("a deletion", |it| set_status(it, "DELETE_IN_PROGRESS")),
    ("a rollback", |it| set_status(it, "ROLLBACK_IN_PROGRESS")),
    ("a review", |it| set_status(it, "REVIEW_IN_PROGRESS")),
    ("a failed rollback", |it| set_status(it, "UPDATE_ROLLBACK_FAILED")),
    ("a failed deletion", |it| set_status(it, "DELETE_FAILED")),
    ("a failed creation", |it| set_status(it, "CREATE_FAILED")),
    ("a failed first rollback", |it| set_status(it, "ROLLBACK_FAILED")),
    ("a death that left something", |it| set_status(it, "ROLLBACK_COMPLETE")),
    ("a word of tomorrow", |it| set_status(it, "HIBERNATED")),
    ("no template", |it| it.template = Value::Null),
    ("somebody else's template", |it| it.template = json!({"Resources": {}})),
    ("another deployment's template", |it| {
        it.template["Metadata"]["syncctl"]["deployment"] = "prod".into();
    }),
    ("a template without an end", |it| {
        it.template["Metadata"]["syncctl"]["preview"] = false.into();
    }),
    ("a template of another part", |it| {
        it.template["Metadata"]["syncctl"]["stack"] = "other".into();
    }),
    ("something that stays", |it| keep(it, json!("Retain"))),
    ("something that stays but on creation", |it| keep(it, json!("RetainExceptOnCreate"))),
    ("a snapshot", |it| keep(it, json!("Snapshot"))),
    ("a policy that nobody can read", |it| keep(it, json!({"Ref": "Policy"}))),
    ("a bucket that does not say so", |it| {
        it.template["Resources"]["More"] = json!({"Type": "AWS::S3::Bucket"});
    }),
    ("somebody else's plan", |it| {
        let old = Some("2026-01-01T00:00:00Z");
        it.change_sets.push(change_set("theirs", old, ChangeSetStatus::Ready));
    }),
    ("a plan of just now", |it| {
        let fresh = Some("2026-11-20T11:30:00Z");
        it.change_sets.push(change_set("syncctl-x-app", fresh, ChangeSetStatus::Ready));
    }),
    ("a plan of nobody knows when", |it| {
        it.change_sets.push(change_set("syncctl-x-app", None, ChangeSetStatus::Pending));
    }),
];

fn set_tag(part: &mut Part, key: &str, value: &str) {
    part.summary.tags.insert(key.to_owned(), value.to_owned());
}

fn set_expiry(part: &mut Part, value: &str) {
    part.summary.parameters.insert("Expires".to_owned(), value.to_owned());
}

fn set_status(part: &mut Part, word: &str) {
    part.summary.status = StackStatus::new(word);
}

fn keep(part: &mut Part, policy: Value) {
    part.template["Resources"]["Kept"] =
        json!({"Type": "AWS::SQS::Queue", "DeletionPolicy": policy});
}

fn both() -> [Part; 2] {
    [StackKind::Data, StackKind::App].map(part)
}

#[test]
fn a_preview_whose_time_is_over_may_go_and_so_may_what_is_left_of_one() {
    let [data, app] = both();
    assert_eq!(verdict(&[data.clone(), app.clone()]), Ok(()));
    assert_eq!(verdict(&[app.clone(), data.clone()]), Ok(()), "in any order");
    assert_eq!(verdict(&[data]), Ok(()), "its removal was interrupted");
    assert_eq!(verdict(&[app]), Ok(()));
}

#[test]
fn anything_wrong_with_either_stack_keeps_both() {
    for (what, wrong) in WRONGS {
        for index in [0, 1] {
            let mut parts = both();
            wrong(&mut parts[index]);
            assert!(verdict(&parts).is_err(), "{what} in stack {index}");
            let mut parts = both();
            parts.iter_mut().for_each(wrong);
            assert!(verdict(&parts).is_err(), "{what} in both");
        }
    }
}

#[test]
fn the_two_must_expire_at_the_same_time() {
    let mut parts = both();
    set_expiry(&mut parts[0], "2026-11-19T00:00:00Z");
    assert!(matches!(verdict(&parts), Err(Skip::ExpiriesDiffer { .. })));
}

#[test]
fn one_that_died_while_it_was_made_may_go_once_it_holds_nothing() {
    let [_, mut dead] = both();
    set_status(&mut dead, "ROLLBACK_COMPLETE");
    assert!(matches!(verdict(&[dead.clone()]), Err(Skip::Stuck { .. })));
    dead.resources.iter_mut().for_each(|it| "DELETE_COMPLETE".clone_into(&mut it.status));
    assert_eq!(verdict(&[dead]), Ok(()));
}

#[test]
fn plans_that_are_over_or_forgotten_hold_nobody_up() {
    let mut parts = both();
    let old = Some("2026-11-19T00:00:00Z");
    let spent = |word: &str| ChangeSetStatus::Spent(word.to_owned());
    parts[1].change_sets = vec![
        change_set("syncctl-a-app", old, ChangeSetStatus::Ready),
        change_set("theirs", old, spent("EXECUTE_COMPLETE")),
        change_set("theirs-too", None, ChangeSetStatus::Failed("why".to_owned())),
    ];
    assert_eq!(verdict(&parts), Ok(()));
    parts[1].change_sets.push(change_set("theirs-three", old, spent("EXECUTE_IN_PROGRESS")));
    assert!(matches!(verdict(&parts), Err(Skip::Planned { .. })));
}

#[test]
fn names_that_end_in_data_belong_to_the_name_before() {
    let [data, mut app] = both();
    let mut odd = data.summary.clone();
    odd.name = "pr-7-data-data".to_owned();
    app.summary.tags.clear();
    let found = pairs(vec![odd, data.summary, app.summary]);
    let names: Vec<&str> = found.iter().map(|pair| pair.name.as_str()).collect();
    assert_eq!(names, ["pr-7", "pr-7-data"], "the stack without tags came along");
    assert!(found[0].app.is_some() && found[1].app.is_none());
    let bench = Bench { account: ACCOUNT, region: "eu-west-1", now: now() };
    assert!(matches!(glance(&found[1], bench), Err(Skip::NotAName(_))));
}

#[test]
fn every_reason_says_which_stack_and_has_a_word() {
    let mut parts = both();
    parts[1].summary.protected = true;
    let skip = verdict(&parts).unwrap_err();
    assert_eq!(skip.to_string(), "pr-7 is protected against deletion");
    assert_eq!(skip.code(), "protected");
}

/// Anything that looks a little like a stack of ours.
fn stranger() -> impl Strategy<Value = StackSummary> {
    let words = || {
        prop::sample::select(vec!["pr-7", "prod", "true", "", "pr-7-data", "2020-01-01T00:00:00Z"])
    };
    let names = prop::sample::select(vec!["pr-7", "pr-7-data", "prod", "prod-data", "x"]);
    let keys =
        prop::sample::select(vec!["syncctl:name", "syncctl:preview", "syncctl:expires", "Name"]);
    let tags = prop::collection::btree_map(
        keys.prop_map(str::to_owned),
        words().prop_map(str::to_owned),
        0..4,
    );
    let expires = prop::option::of(words());
    (names, tags, expires, any::<bool>()).prop_map(|(name, tags, expires, protected)| {
        let parameters = expires.map(|at| ("Expires".to_owned(), at.to_owned()));
        StackSummary {
            id: format!("arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/{name}/1"),
            name: name.to_owned(),
            parameters: parameters.into_iter().collect(),
            tags,
            protected,
            ..part(StackKind::App).summary
        }
    })
}

proptest! {
    /// A list of stacks alone can only ever name candidates that carry their own name, the mark and a past time, and
    /// whose other half does so too.
    #[test]
    fn candidates_carry_everything(stacks in prop::collection::vec(stranger(), 0..8)) {
        for pair in pairs(stacks) {
            let bench = Bench { account: ACCOUNT, region: "eu-west-1", now: now() };
            if glance(&pair, bench).is_ok() {
                for (_, stack) in pair.stacks() {
                    prop_assert_eq!(&stack.tags["syncctl:name"], &pair.name);
                    prop_assert_eq!(&stack.tags["syncctl:preview"], "true");
                    prop_assert_eq!(&stack.parameters["Expires"], "2020-01-01T00:00:00Z");
                    prop_assert!(!stack.protected);
                }
            }
        }
    }

    /// Whatever is wrong at once, it is never enough that something else is right.
    #[test]
    fn nothing_makes_up_for_what_is_wrong(first in 0..WRONGS.len(), second in 0..WRONGS.len(), at in 0..2_usize, also in 0..2_usize) {
        let mut parts = both();
        WRONGS[first].1(&mut parts[at]);
        WRONGS[second].1(&mut parts[also]);
        // The second may have undone the first, then it is wrong itself.
        prop_assert!(verdict(&parts).is_err());
    }

    #[test]
    fn whoever_claims_to_be_ours_is_judged(stacks in prop::collection::vec(stranger(), 0..8)) {
        // CloudFormation has one stack of a name.
        let stacks: BTreeMap<String, StackSummary> =
            stacks.into_iter().map(|stack| (stack.name.clone(), stack)).collect();
        let found = pairs(stacks.values().cloned().collect());
        let judged: Vec<&StackSummary> =
            found.iter().flat_map(|pair| pair.stacks().map(|(_, stack)| stack)).collect();
        for stack in stacks.values().filter(|stack| claims(stack)) {
            prop_assert!(judged.contains(&stack), "{}", stack.name);
        }
    }
}
