//! Arbitrary bytes as a blueprint: never a panic, and whatever resolves has to survive being written and read again.

#![no_main]

use blueprint::{Sources, parse, resolve};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

fuzz_target!(|bytes: &[u8]| {
    // The part behind a zero byte, which no blueprint may contain, plays the flags: PATH=VALUE per line.
    let (text, flags) = match bytes.iter().position(|byte| *byte == 0) {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[][..]),
    };
    let flags = String::from_utf8_lossy(flags);
    let sets = flags.lines().filter_map(|line| line.split_once('='));
    let sets: Vec<(String, String)> =
        sets.map(|(path, value)| (path.to_owned(), value.to_owned())).collect();
    let environment = BTreeMap::from([
        ("HOME".to_owned(), "/home/ann".to_owned()),
        ("AWS_REGION".to_owned(), "eu-west-1".to_owned()),
        ("SYNCCTL_SET_SERVERS__MAX".to_owned(), "12".to_owned()),
    ]);
    let file = match parse(text, "blueprint.yaml") {
        Ok(file) => file,
        Err(problems) => return shown(&problems),
    };
    let sources = Sources { file: Some(file), environment, sets, ..Sources::default() };
    let resolved = match resolve(&sources) {
        Ok(resolved) => resolved,
        Err(problems) => return shown(&problems),
    };
    shown(resolved.warnings());
    for with_origins in [false, true] {
        let written = resolved.to_yaml(with_origins);
        let again = parse(&written, "resolved.yaml")
            .unwrap_or_else(|problems| panic!("{problems}\n{written}"));
        let sources = Sources { file: Some(again), ..Sources::default() };
        let again = resolve(&sources).unwrap_or_else(|problems| panic!("{problems}\n{written}"));
        assert_eq!(again.deployment(), resolved.deployment(), "{written}");
        assert_eq!(again.deployment().digest(), resolved.deployment().digest());
    }
});

/// Rendering is part of what must not panic or explode.
fn shown(problems: &blueprint::Diagnostics) {
    let text = problems.render(true);
    assert!(text.len() < 200_000, "{} bytes of diagnostics", text.len());
    assert!(problems.to_json().is_object());
}
