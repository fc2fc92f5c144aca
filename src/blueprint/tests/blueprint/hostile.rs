//! Text written to do harm is refused quickly, in bounded memory, and with a reason.

use crate::support::{codes, findings};
use std::time::{Duration, Instant};

/// Runs on a stack so small that recursion over the input would end it.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(work).unwrap();
    thread.join().unwrap();
}

#[track_caller]
fn refused(name: &str, bytes: impl AsRef<[u8]>, code: &str) {
    let started = Instant::now();
    let found = codes(bytes.as_ref());
    let took = started.elapsed();
    assert!(found.contains(&code), "{name}: {found:?}\n{}", findings(bytes.as_ref()));
    // Unoptimised and on a busy machine; the release build takes a hundredth.
    assert!(took < Duration::from_secs(5), "{name} took {took:?}");
    let text = findings(bytes.as_ref());
    assert!(text.len() < 60_000, "{name}: {} bytes of findings", text.len());
}

#[test]
fn size_encoding_and_control_characters() {
    refused("10 MB", vec![b'a'; 10 << 20], "too-large");
    refused("one byte too many", vec![b' '; blueprint::MOST_BYTES + 1], "too-large");
    refused("latin-1", b"version: 1\nname: caf\xE9\n", "not-utf8");
    refused("utf-16", b"\xFF\xFEv\0e\0r\0", "not-utf8");
    refused("nul", "version: 1\nname: a\0b\n", "control-character");
    refused("escape", "version: 1\nname: \u{1b}[31m\n", "control-character");
    refused("nothing", "", "empty");
    refused("comments only", "# a\n# b\n", "empty");
    refused("null", "~\n", "empty");
    refused("a scalar", "hello\n", "wrong-type");
    refused("a list", "- version: 1\n", "wrong-type");
    refused("a long scalar", format!("version: 1\nname: {}\n", "a".repeat(200_000)), "too-large");
    refused(
        "a long block",
        format!("version: 1\nname: |\n{}", "  aaaa\n".repeat(30_000)),
        "too-large",
    );
    refused("a long key", format!("{}: 1\n", "k".repeat(200_000)), "too-large");
}

#[test]
fn the_place_of_a_broken_byte_is_told() {
    let text = findings(b"version: 1\nname: caf\xE9\n");
    assert!(text.contains("blueprint.yaml:2:10"), "{text}");
}

#[test]
fn ten_thousand_levels() {
    on_a_small_stack(|| {
        refused("flow lists", "[".repeat(10_000), "too-large");
        refused("flow maps", "{a: ".repeat(10_000), "too-large");
        refused("closed flow", "[".repeat(10_000) + &"]".repeat(10_000), "too-large");
        refused("block lists", "- ".repeat(10_000), "too-large");
        let block: String = (0..600).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
        refused("block maps", block, "too-large");
        refused("explicit keys", "? ".repeat(10_000), "too-large");
        refused(
            "deep under a key",
            "version: 1\nservers: ".to_owned() + &"[".repeat(10_000),
            "too-large",
        );
    });
}

#[test]
fn anchors_aliases_merges_and_tags() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..200 {
        let list = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{list}]\n");
    }
    refused("alias bomb", bomb, "anchor");
    refused("merge", "version: 1\nname: a\n<<: { protect: true }\n", "anchor");
    refused("unknown alias", "version: 1\nname: *nobody\n", "anchor");
    refused("self", "&a [*a]\n", "anchor");
    refused("tag", "version: 1\nname: !!str a\n", "tag");
    refused("python", "version: 1\nname: !!python/object/apply:os.system [ls]\n", "tag");
    refused("binary", "version: 1\nname: !!binary aGk=\n", "tag");
}

#[test]
fn duplicates_documents_and_storms() {
    refused("twice", "version: 1\nname: a\nname: b\n", "duplicate-key");
    refused("twice below", "version: 1\nname: a\nservers: { min: 1, min: 2 }\n", "duplicate-key");
    refused("two documents", "version: 1\nname: a\n---\nversion: 1\n", "many-documents");
    refused("document storm", "---\n".repeat(60_000), "many-documents");
    refused(
        "key storm",
        (0..30_000).map(|key| format!("k{key}: 1\n")).collect::<String>(),
        "too-large",
    );
    refused("same key storm", "a: 1\n".repeat(50_000), "duplicate-key");
    refused(
        "unknown keys",
        (0..1_000).map(|key| format!("k{key}: 1\n")).collect::<String>(),
        "unknown-key",
    );
    refused(
        "tags",
        "version: 1\nname: a\ntarget: aws\nregion: eu-west-1\ntags:\n".to_owned()
            + &(0..100).map(|key| format!("  k{key}: a\n")).collect::<String>(),
        "bad-value",
    );
    refused("map as key", "{a: b}: c\n", "wrong-type");
    refused("empty key", ": c\n", "wrong-type");
    refused("tab", "version: 1\nservers:\n\tmin: 2\n", "syntax");
    refused("open quote", "version: 1\nname: \"a\n", "syntax");
    refused("open bracket", "version: 1\ntags: {a: b\n", "syntax");
    refused("directive storm", "%A b\n".repeat(50_000), "syntax");
    refused("comment storm", "#\n".repeat(120_000), "empty");
    refused(
        "variable storm",
        format!("version: 1\nname: \"{}\"\n", "${env:HOME}".repeat(350)),
        "bad-value",
    );
}

#[test]
fn what_editors_do_to_files_is_welcome() {
    let expected =
        crate::support::resolved("version: 1\nname: acme\nservers:\n  min: 2\n").into_deployment();
    for text in [
        "\u{FEFF}version: 1\nname: acme\nservers:\n  min: 2\n",
        "version: 1\r\nname: acme\r\nservers:\r\n  min: 2\r\n",
        "version: 1\rname: acme\rservers:\r  min: 2\r",
        "---\nversion: 1\nname: acme\nservers:\n  min: 2\n...\n",
        "%YAML 1.2\n---\nversion: 1\nname: acme\nservers: {min: 2}",
        "{version: 1, name: 'acme', \"servers\": {\"min\": 2}}",
        "# first\nversion: 1 # one\nname: acme\nservers: # none\n  min: 2",
    ] {
        assert_eq!(*crate::support::resolved(text).deployment(), expected, "{text:?}");
    }
}
