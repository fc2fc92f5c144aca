//! What a person is told: what happened, what remains, and what to type next.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::world::{Outcome, World};

/// A drill that gets a Ctrl-C as soon as the history tells that it began.
fn interrupted_drill(world: &World, arguments: &[&str]) -> Outcome {
    let child = world
        .command(&[&["drill"], arguments].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !world.service(&["status", "--activities"]).stdout.contains("began") {
        assert!(begun.elapsed() < Duration::from_secs(60), "the drill does not begin");
    }
    let process = child.id().to_string();
    let killed = std::process::Command::new("kill").args(["-s", "INT", &process]).status();
    assert!(killed.unwrap().success());
    world.ended(child.wait_with_output().unwrap())
}

#[test]
fn an_interrupted_drill_says_what_was_given_back_and_what_was_measured() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let drill = interrupted_drill(&world, &["zone", "b", "--for", "10m"]);
    assert_eq!(drill.code, 130, "{}", drill.snapshot());
    assert!(drill.stdout.starts_with("Interrupted: this is what"), "{}", drill.snapshot());
    assert!(drill.stdout.contains("  Requests"), "{}", drill.snapshot());
    assert!(drill.stderr.contains("Zone b is given back;"), "{}", drill.snapshot());
    assert!(drill.stderr.contains("`syncctl status`"), "{}", drill.snapshot());
    let history = world.service(&["status", "--activities"]).succeeded().stdout;
    let words = history.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("drill ended it was interrupted; zone b takes servers"), "{history}");
}

#[test]
fn names_that_nobody_has_are_one_kind_of_mistake() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    for arguments in [
        &["drill", "zone", "q"][..],
        &["drill", "instance", "q-7"],
        &["logs", "q-7"],
        &["rollback", "nope"],
        &["mail", "show", "nope"],
        &["user", "disable", "nobody@example.com"],
    ] {
        let refused = world.service(arguments);
        assert_eq!(refused.code, 66, "{arguments:?}: {}", refused.snapshot());
        assert!(refused.stderr.contains("hint: "), "{arguments:?}: {}", refused.snapshot());
    }
    let rollback = world.service(&["rollback", "nope"]).stderr;
    assert!(rollback.contains("no release that is kept here begins with `nope`"), "{rollback}");
    assert!(rollback.contains("(serves now)"), "{rollback}");
}

#[test]
fn a_disabled_account_is_listed_with_the_time_it_was_disabled() {
    let world = World::new();
    let up = world.up(&["--format", "json"]).succeeded().json();
    let (endpoint, code) = (&up["endpoint"], &up["invitation"]["code"]);
    let body = serde_json::json!({
        "invitation": code,
        "login": "ada@example.com",
        "password": "correct horse",
        "device_name": "laptop",
    });
    let address = endpoint.as_str().unwrap().strip_prefix("http://").unwrap();
    let answer = world.post(address, "/v1/invitations/redeem", &body.to_string());
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    let _ = world.service(&["user", "disable", "ada@example.com"]).succeeded();
    let listed = world.service(&["user", "list", "--format", "json"]).succeeded().json();
    let user = &listed["users"][0];
    assert_eq!(user["state"], "disabled");
    assert!(user["disabled_at"].as_str() >= user["created_at"].as_str(), "{user}");
    let _ = world.service(&["user", "enable", "ada@example.com"]).succeeded();
    let listed = world.service(&["user", "list", "--format", "json"]).succeeded().json();
    assert!(listed["users"][0]["disabled_at"].is_null(), "{listed}");
}

/// Who comes with a self-made certificate says how it is trusted, with its path.
#[test]
fn a_self_made_certificate_comes_with_the_way_to_trust_it() {
    let world = World::new();
    let tls = ["--set", "entry.certificate=self-made"];
    let up = world.up(&tls).succeeded();
    let authority = world.data_dir("local").join("secrets/tls-authority.pem");
    let trust =
        format!("  export SSL_CERT_FILE={}\n  sync-agent login https://", authority.display());
    assert!(up.stderr.contains(&trust), "{}", up.snapshot());
    assert!(authority.exists());
    let again = world.up(&[&tls[..], &["--format", "json"]].concat()).succeeded().json();
    assert_eq!(again["authority"], authority.to_str().unwrap());
    // What the hint names needs the settings that were typed.
    let down = world.up(&tls).succeeded();
    assert!(
        down.stderr.contains("`syncctl user add --set entry.certificate=self-made EMAIL`"),
        "{}",
        down.snapshot()
    );
}

#[test]
fn a_certificate_that_is_none_is_refused_with_its_file_and_nothing_is_made() {
    let world = World::new();
    let file = world.write("certificate.pem", "not a certificate");
    let setting = format!("entry.certificate={}", file.display());
    let refused = world.refused_up(&["--set", &setting]);
    assert_ne!(refused.code, 0);
    let said = &refused.stderr;
    assert!(said.contains(file.to_str().unwrap()), "{said}");
    assert!(said.contains("a certificate in PEM form is missing from it"), "{said}");
    assert!(!world.data_dir("local").exists(), "nothing may be created");
}

#[test]
fn lines_are_whole_where_no_screen_limits_them() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let mut command = world.command(&["status"]);
    command.env_remove("COLUMNS");
    let shown = world.finish(command).succeeded().stdout;
    assert!(shown.contains("Latest events") && !shown.contains('…'), "{shown}");
}

#[test]
fn releases_name_their_programs_without_detours() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let bundled = PathBuf::from(env!("CARGO_BIN_EXE_syncctl")).with_file_name("syncd");
    std::fs::create_dir(world.path("builds")).unwrap();
    let build = world.path("build-2");
    std::fs::copy(bundled, &build).unwrap();
    let mut program = std::fs::OpenOptions::new().append(true).open(&build).unwrap();
    std::io::Write::write_all(&mut program, b"2").unwrap();
    drop(program);
    let _ = world.service(&["roll", "--release", "builds/../build-2", "--bake", "0s"]).succeeded();
    let listed = world.service(&["releases", "--format", "json"]).succeeded().json();
    assert_eq!(listed["releases"][0]["source"], build.canonicalize().unwrap().to_str().unwrap());
}
