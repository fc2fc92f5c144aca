//! Inputs that the fuzzer found worth keeping, and every preset, once more as the fuzzer tries them.

use crate::support::resolve_text;
use std::path::Path;

#[test]
fn what_the_fuzzer_kept_gets_an_answer_and_what_resolves_survives_writing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/blueprint");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        count += 1;
        let Ok(resolved) = resolve_text(&bytes)
            .inspect_err(|problems| assert!(problems.render(true).len() < 200_000))
        else {
            continue;
        };
        let again = crate::support::resolved(resolved.to_yaml(true));
        assert_eq!(again.deployment(), resolved.deployment());
    }
    assert!(count > 50, "{count} inputs");
}

#[test]
fn a_blueprint_is_validated_at_once() {
    let text = blueprint::Preset::find("reference").unwrap().text;
    let environment = crate::support::environment(&[]);
    let started = std::time::Instant::now();
    for _ in 0..20 {
        assert!(blueprint::validate(text, "a.yaml", &environment).is_empty());
    }
    let each = started.elapsed() / 20;
    // The goal for the whole program is 20 ms in a release build; this one is unoptimised.
    assert!(each.as_millis() < 200, "{each:?}");
}
