//! Laws that hold for every blueprint, tried on many.

use crate::support::environment;
use blueprint::{Sources, parse, resolve};
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,10}(-[a-z0-9]{1,5}){0,2}"
        .prop_filter("reserved", |name| !name.ends_with("-data"))
}

fn duration(least: u64, most: u64) -> impl Strategy<Value = String> {
    (least..=most).prop_map(|seconds| blueprint::Duration::from_seconds(seconds).to_string())
}

/// Valid text for a tag, quoted as JSON quotes it.
fn tag() -> impl Strategy<Value = String> {
    "[a-zA-Zé0-9_.:/=+@-]{1,12}( [a-z0-9]{1,4})?"
        .prop_map(|text| serde_json::Value::from(text).to_string())
}

prop_compose! {
    fn aws()(
        name in name(), zones in 2..=3_u32, min in 1..50_u32, more in 0..50_u32, prefix in 16..=20_u8,
        interval in 5..300_u64, shorter in 1..250_u64, low in 0..=99_u32, spread in 1..=100_u32,
        egress in prop::sample::select(vec!["nat", "public-ip", "endpoints"]),
        bake in duration(0, 172_800), versions in duration(86_400, 864_000), digest in duration(1, 86_400),
        protect in any::<bool>(), retain in any::<bool>(), cpu in prop::option::of(10..=90_u32),
        tags in prop::collection::btree_map("[a-z]{1,8}", tag(), 0..4), mail in any::<bool>(), oidc in any::<bool>(),
    ) -> String {
        let timeout = (interval - shorter.min(interval - 2).max(1)).clamp(2, 120);
        let high = (low + spread).clamp(100.max(low + 1), 200.min(low + 100));
        let max = min + more;
        let cpu = cpu.map_or_else(|| "none".to_owned(), |cpu| cpu.to_string());
        let tags: String = tags.iter().map(|(name, value)| format!("  \"{name}\": {value}\n")).collect();
        let mail = if mail { "  identity: example.com\n  from: news@mail.example.com\n" } else { "" };
        let accounts = if oidc { "{ oidc: { issuer: \"https://id.example.com/a\" } }" } else { "builtin" };
        format!("version: 1\nname: \"{name}\"\ntarget: aws\nregion: eu-west-1\nprotect: {protect}\n\
            network: {{ cidr: 10.0.0.0/{prefix}, zones: {zones}, egress: {egress} }}\n\
            entry: {{ health: {{ interval: {interval}s, timeout: {timeout}s }} }}\n\
            servers: {{ min: {min}, max: {max}, scale: {{ cpu: {cpu} }} }}\n\
            rollout: {{ min_healthy: {low}, max_healthy: {high}, bake: {bake} }}\n\
            storage: {{ content: {{ retain: {retain}, versions: {versions} }} }}\n\
            identity: {{ accounts: {accounts} }}\n\
            email:\n  digest: {digest}\n{mail}tags:\n{tags}")
    }
}

prop_compose! {
    fn local()(
        name in name(), port in 1..=65_535_u16, zones in 1..=3_u32, servers in 1..=9_u32,
        data in prop::option::of("/[a-zA-Z0-9 é$:#'\"{}-]{1,20}[a-z]"),
    ) -> String {
        let data = data.map(|data| format!(", data: {}", serde_json::Value::from(data.replace("${", "$${")))).unwrap_or_default();
        format!("version: 1\nname: \"{name}\"\nnetwork: {{ zones: {zones} }}\nservers: {{ min: {servers}, max: 9 }}\nlocal: {{ port: {port}{data} }}\n")
    }
}

fn from_file(text: &str) -> Sources {
    let file = parse(text, "a.yaml").unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    Sources { file: Some(file), ..Sources::default() }
}

proptest! {
    #[test]
    fn a_resolved_blueprint_resolves_to_itself(text in prop_oneof![aws(), local()]) {
        let first = resolve(&from_file(&text)).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        for with_origins in [false, true] {
            let written = first.to_yaml(with_origins);
            let second = resolve(&from_file(&written)).unwrap_or_else(|problems| panic!("{problems}\n{written}"));
            prop_assert_eq!(first.deployment(), second.deployment());
            prop_assert_eq!(first.deployment().digest(), second.deployment().digest());
            prop_assert_eq!(&written, &if with_origins { first.to_yaml(true) } else { second.to_yaml(false) });
        }
    }

    #[test]
    fn any_text_gets_an_answer(text in "\\PC*") {
        let problems = blueprint::validate(&text, "a.yaml", &environment(&[]));
        prop_assert!(problems.render(true).len() < 100_000);
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let problems = blueprint::validate(&bytes, "a.yaml", &environment(&[]));
        prop_assert!(problems.has_errors());
    }

    #[test]
    fn a_damaged_blueprint_gets_an_answer(text in aws(), position in 0..600_usize, damage in "[\\PC\\n\\t]{0,6}", length in 0..20_usize) {
        let mut damaged: Vec<char> = text.chars().collect();
        let start = position.min(damaged.len());
        let end = (start + length).min(damaged.len());
        damaged.splice(start..end, damage.chars());
        let damaged: String = damaged.into_iter().collect();
        let problems = blueprint::validate(&damaged, "a.yaml", &environment(&[]));
        prop_assert!(problems.render(false).len() < 100_000);
    }

    #[test]
    fn what_a_flag_says_holds_and_changes_nothing_else(text in aws(), requests in 1..=1_000_000_u32) {
        let before = resolve(&from_file(&text)).unwrap();
        let sets = vec![("servers.scale.requests".to_owned(), requests.to_string())];
        let after = resolve(&Sources { sets, ..from_file(&text) }).unwrap();
        for (old, new) in before.explain().into_iter().zip(after.explain()) {
            if new.key == "servers.scale.requests" {
                prop_assert_eq!(new.value, serde_json::json!(requests));
            } else {
                prop_assert_eq!(old, new);
            }
        }
    }

    #[test]
    fn durations_survive_writing(seconds in 0..1_000_000_000_u64) {
        let duration = blueprint::Duration::from_seconds(seconds);
        prop_assert_eq!(blueprint::Duration::new(&duration.to_string()), Ok(duration));
    }

    #[test]
    fn every_branch_has_a_name(branch in "\\PC{0,60}") {
        let name = blueprint::StackName::from_branch(&branch);
        prop_assert!(blueprint::StackName::new(name.as_str()).is_ok(), "{}", name);
    }
}
