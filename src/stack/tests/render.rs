//! What callers of this crate rely on.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what fails here is the test")]

use blueprint::{Deployment, Sources, parse, resolve};
use stack::{RenderError, Rendered, Resolved, Sha256Digest, render, tags};

const HEAD: &str = "version: 1\nname: acme-sync\ntarget: aws\nregion: eu-west-1\n";

fn deployment(rest: &str) -> Deployment {
    let file = parse(format!("{HEAD}{rest}"), "a.yaml").unwrap();
    let sources = Sources { file: Some(file), ..Sources::default() };
    resolve(&sources).unwrap().deployment().clone()
}

fn resolved() -> Resolved {
    Resolved {
        zones: ["a", "b", "c"].map(|letter| format!("eu-west-1{letter}")).into(),
        image: "ami-0123456789abcdef0".to_owned(),
        release: Sha256Digest::new(&"0a".repeat(32)).unwrap(),
        first_servers: 3,
        table_protection: false,
        kept_key: None,
        mail_endpoint: false,
        owner: "alice".to_owned(),
        expires: None,
    }
}

fn rendered(rest: &str, resolved: &Resolved) -> Rendered {
    render(&deployment(rest), resolved).unwrap()
}

fn launch_template(rendered: &Rendered) -> String {
    let mut ids = rendered.app.template.resources().keys();
    ids.find(|id| id.starts_with("LaunchTemplate")).unwrap().clone()
}

#[test]
fn the_same_values_give_the_same_bytes() {
    let texts =
        |rendered: Rendered| [rendered.data.template.to_text(), rendered.app.template.to_text()];
    let rest = "storage: { key: create }\nemail: { identity: example.com, manage: create }\n";
    assert_eq!(texts(rendered(rest, &resolved())), texts(rendered(rest, &resolved())));
}

#[test]
fn a_release_is_another_launch_template_and_nothing_else() {
    let before = rendered("", &resolved());
    let release = Sha256Digest::new(&"0b".repeat(32)).unwrap();
    let after = rendered("", &Resolved { release, ..resolved() });
    assert_eq!(before.data.template, after.data.template);
    assert_ne!(launch_template(&before), launch_template(&after));
    let renamed = before.app.template.to_text();
    let renamed = renamed.replace(&launch_template(&before), &launch_template(&after));
    let renamed = renamed.replace(before.app.template.digest(), after.app.template.digest());
    assert_eq!(renamed, after.app.template.to_text());
    // What is looked up besides moves nothing.
    let other = Resolved { owner: "bob".to_owned(), table_protection: true, ..resolved() };
    assert_eq!(before.app.template, rendered("", &other).app.template);
}

#[test]
fn a_key_that_was_left_behind_is_used_and_not_made_again() {
    let kept = "arn:aws:kms:eu-west-1:123456789012:key/1";
    let rest = "storage: { key: create }\n";
    assert!(rendered(rest, &resolved()).data.template.resources().contains_key("Key"));
    let adopted = rendered(rest, &Resolved { kept_key: Some(kept.to_owned()), ..resolved() });
    assert!(!adopted.data.template.resources().contains_key("Key"));
    assert!(adopted.data.template.to_text().contains(kept));
    assert!(adopted.app.template.to_text().contains(kept));
}

#[test]
fn what_does_not_fit_is_refused() {
    let zones = Resolved { zones: vec!["eu-west-1a".to_owned(); 3], ..resolved() };
    let refused = render(&deployment(""), &zones).unwrap_err();
    assert!(matches!(refused, RenderError::Zones { wanted: 3, found: 1, .. }), "{refused}");
    let local = parse("version: 1\nname: a\n", "a.yaml").unwrap();
    let local = resolve(&Sources { file: Some(local), ..Sources::default() }).unwrap();
    let refused = render(local.deployment(), &resolved()).unwrap_err();
    assert!(matches!(refused, RenderError::NotAws), "{refused}");
}

#[test]
fn tags_say_whose_it_is_and_until_when() {
    let resolved = Resolved { expires: Some("2026-12-01T00:00:00Z".to_owned()), ..resolved() };
    let tags = tags(&deployment("tags: { team: storage }\n"), &resolved);
    let names: Vec<&str> = tags.keys().map(String::as_str).collect();
    assert_eq!(names, ["syncctl:name", "syncctl:owner", "syncctl:preview", "team"]);
}
