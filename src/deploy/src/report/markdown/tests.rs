use proptest::prelude::*;

use super::{MARKDOWN_BYTES, markdown};
use crate::plan::{
    Change, ChangeAction, Drift, DriftedProperty, Harm, Kind, Level, Notice, Plan, PolicyAction,
    Replacement, TagChange,
};
use crate::report::sample::{self, change, property};

#[test]
fn a_first_deployment_in_a_comment() {
    insta::assert_snapshot!(markdown(&sample::first(), MARKDOWN_BYTES));
}

#[test]
fn dangers_stand_on_top_and_open() {
    insta::assert_snapshot!(markdown(&sample::harmful(), MARKDOWN_BYTES));
}

#[test]
fn nothing_is_said_calmly() {
    insta::assert_snapshot!(markdown(&sample::empty(), MARKDOWN_BYTES));
}

#[test]
fn what_does_not_fit_is_counted() {
    let mut plan = sample::harmful();
    let alarm = |index| {
        change(&format!("Alarm{index}"), "AWS::CloudWatch::Alarm", ChangeAction::Add, Harm::Safe)
    };
    plan.stacks[1].changes.extend((0..2_000).map(alarm));
    let text = markdown(&plan, MARKDOWN_BYTES);
    let shown = (0..2_000).filter(|index| text.contains(&format!("`Alarm{index}`"))).count();
    assert!(text.len() <= MARKDOWN_BYTES && text.len() > MARKDOWN_BYTES - 500, "{}", text.len());
    // The four changed tags come last and are left out as well.
    let left_out = 2_000 - shown + 4;
    assert!(text.contains(&format!("**{left_out} more entries are left out here")), "{shown}");
}

/// The sizes are those of real changes: a long physical id, three properties with their lines, one of them a policy.
#[test]
fn five_hundred_resources_fit_a_comment_and_every_danger_is_in_it() {
    let kinds = [
        ("AWS::DynamoDB::Table", Harm::Destroys, 12),
        ("AWS::S3::Bucket", Harm::Destroys, 8),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", Harm::Interrupts, 15),
        ("AWS::AutoScaling::AutoScalingGroup", Harm::Rolls, 25),
        ("AWS::IAM::Policy", Harm::Safe, 440),
    ];
    let mut plan = sample::harmful();
    plan.stacks[0].changes.clear();
    // What is safe comes first here, and has to come last in the text.
    plan.stacks[1].changes = kinds
        .iter()
        .rev()
        .flat_map(|(kind, harm, count)| {
            (0..*count).map(move |number| {
                let is_replaced = *harm != Harm::Safe;
                let policy = serde_json::json!({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::acme-{number}/*")}]});
                Change {
                    physical_id: Some(format!("acme-production-{number}-1A2B3C4D5E6F7-eu-west-1")),
                    replacement: if is_replaced { Replacement::Always } else { Replacement::Never },
                    policy: is_replaced.then_some(PolicyAction::ReplaceAndDelete),
                    properties: vec![
                        property("Name", Some("before".into()), Some("after".into()), "syncctl.yaml:4 name"),
                        property("Size", Some(number.into()), Some((number + 1).into()), "syncctl.yaml:9 servers.max"),
                        property("PolicyDocument", None, Some(policy), "syncctl.yaml:12 storage"),
                    ],
                    ..change(&format!("{harm:?}{}{number}", kind.rsplit(':').next().unwrap_or_default()), kind, ChangeAction::Modify, *harm)
                }
            })
        })
        .collect();
    assert_eq!(plan.stacks[1].changes.len(), 500);

    let text = markdown(&plan, MARKDOWN_BYTES);

    assert!(text.len() <= MARKDOWN_BYTES, "{}", text.len());
    for change in plan.stacks[1].changes.iter().filter(|change| change.harm != Harm::Safe) {
        assert!(text.contains(&change.logical_id), "{} is not shown", change.logical_id);
    }
    let at = |needle: &str| text.find(needle).unwrap_or(usize::MAX);
    assert!(at("DestroysTable0") < at("InterruptsLoadBalancer0"));
    assert!(at("InterruptsLoadBalancer0") < at("RollsAutoScalingGroup0"));
    assert!(at("RollsAutoScalingGroup0") < at("SafePolicy0"));
    assert!(text.contains("more entries are left out here; `syncctl plan` shows everything"));
    // What can lose data is open for everybody to see.
    assert!(at("DestroysTable0") < at("<details>"));
}

/// What somebody would write who wants to be read as something else.
const EVIL: &[&str] = &[
    "</details>",
    "<details>",
    "-->",
    "<!--",
    "`",
    "``",
    "```",
    "|",
    "\n",
    "\r\n",
    "\n\n# h\n",
    "@team",
    "#12",
    "[x](javascript:y)",
    "![x](https://e.example/x.png)",
    "https://e.example",
    "www.e.example",
    "**",
    "_",
    "~~",
    "&lt;",
    "<script>",
    "\\",
    "\u{202e}",
    "\u{0}",
    " ",
    "é",
    "漢",
    "🦀",
    "a",
    "- [ ] x",
    "> ",
];

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(EVIL).prop_map(str::to_owned),
        1 => ".{0,40}",
        1 => "[`]{1,9}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn changes() -> impl Strategy<Value = Change> {
    let harm =
        prop::sample::select(vec![Harm::Destroys, Harm::Interrupts, Harm::Rolls, Harm::Safe]);
    let action = prop::sample::select(vec![
        ChangeAction::Add,
        ChangeAction::Modify,
        ChangeAction::Remove,
        ChangeAction::Import,
    ]);
    let value = || prop::option::of(hostile().prop_map(serde_json::Value::from));
    (hostile(), hostile(), harm, action, value(), value(), any::<bool>()).prop_map(
        |(id, text, harm, action, before, after, is_replaced)| Change {
            physical_id: Some(text.clone()),
            replacement: if is_replaced { Replacement::Always } else { Replacement::Never },
            policy: is_replaced.then_some(PolicyAction::ReplaceAndDelete),
            properties: vec![property(&text, before, after, &id)],
            ..change(&id, &text, action, harm)
        },
    )
}

/// A few hostile changes, as often as it takes to get the number: what matters is their length and their text.
fn plans() -> impl Strategy<Value = Plan> {
    let few = prop::collection::vec(changes(), 1..12);
    let texts = prop::collection::vec(hostile(), 8);
    (few, 0..=2_000_usize, texts).prop_map(|(few, number, texts)| {
        let mut plan = sample::harmful();
        plan.stacks[1].changes = few.iter().cycle().take(number).cloned().collect();
        plan.name = texts[0].clone();
        plan.caller = texts[1].clone();
        plan.release.source = texts[2].clone();
        plan.notices = vec![Notice {
            level: Level::Blocker,
            text: texts[3].clone(),
            advice: Some(texts[4].clone()),
            line: Some(texts[5].clone()),
        }];
        plan.stacks[0].tags = vec![TagChange {
            key: texts[6].clone(),
            before: None,
            after: Some(texts[7].clone()),
            line: Some(texts[5].clone()),
        }];
        plan.drift = vec![Drift {
            stack: Kind::App,
            logical_id: texts[5].clone(),
            physical_id: None,
            resource_type: texts[4].clone(),
            is_deleted: false,
            properties: vec![DriftedProperty {
                path: texts[3].clone(),
                expected: texts[2].clone(),
                actual: texts[1].clone(),
            }],
            is_touched: false,
        }];
        plan
    })
}

/// What is left of a line once its code spans are gone, by CommonMark's rule: a span ends at the next row of
/// exactly as many backticks.
fn without_code(line: &str) -> String {
    let mut rest = line;
    let mut outside = String::new();
    while let Some(start) = rest.find('`') {
        outside.push_str(&rest[..start]);
        let fence = rest[start..].bytes().take_while(|byte| *byte == b'`').count();
        let mut search = start + fence;
        let end = loop {
            let Some(at) = rest[search..].find('`').map(|at| at + search) else { break None };
            let row = rest[at..].bytes().take_while(|byte| *byte == b'`').count();
            if row == fence {
                break Some(at + row);
            }
            search = at + row;
        };
        let Some(end) = end else {
            outside.push_str(&rest[start..]);
            return outside;
        };
        rest = &rest[end..];
    }
    outside + rest
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_comment_is_never_too_long_and_never_somebody_elses(plan in plans(), limit in 0..80_000_usize) {
        let text = markdown(&plan, limit);
        prop_assert!(text.len() <= limit, "{} > {limit}", text.len());
        let outside: Vec<String> = text.lines().map(without_code).collect();
        let count = |what: &str| outside.iter().filter(|line| line.contains(what)).count();
        prop_assert_eq!(count("<details>"), count("</details>"));
        prop_assert_eq!(count("<!--"), count("-->"));
        for line in &outside {
            prop_assert!(!line.contains('`'), "{}", line);
            let html = line.replace("<details><summary><b>", "").replace("</b>", "").replace("</summary>", "");
            let html = html.replace("</details>", "").replace("<br>", "");
            prop_assert!(!html.contains('<') || html.starts_with("<!-- syncctl-plan "), "{}", line);
            for sign in ["@", "](", "://", "www.", "|", "\\", "~~"] {
                prop_assert!(!line.contains(sign), "{}", line);
            }
            let starts = ["- ", "  - ", "> ", "#### ", "### ", "<", "**", "Account", "Release"];
            let meanings = ["1 more refers", "gone", "requests", "the others", "nobody", "made", "by hand", "on every"];
            let is_ours = line.is_empty() || starts.iter().chain(&meanings).any(|start| line.starts_with(start));
            prop_assert!(is_ours, "{}", line);
        }
    }
}
