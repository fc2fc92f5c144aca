//! New releases, good and bad, and the way back, with the real programs (DP-2, HA-6).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use crate::world::{Outcome, World};

impl World {
    /// A server that differs from the bundled one and works as well.
    fn another_build(&self, name: &str) -> PathBuf {
        let bundled = PathBuf::from(env!("CARGO_BIN_EXE_syncctl")).with_file_name("syncd");
        let path = self.path(name);
        fs::copy(bundled, &path).unwrap();
        let mut program = fs::OpenOptions::new().append(true).open(&path).unwrap();
        std::io::Write::write_all(&mut program, name.as_bytes()).unwrap();
        path
    }

    fn roll(&self, program: &std::path::Path, more: &[&str]) -> Outcome {
        let program = program.to_str().unwrap();
        self.service(&[&["roll", "--release", program, "--bake", "1s"], more].concat())
    }

    fn releases(&self) -> Vec<serde_json::Value> {
        let listed = self.service(&["releases", "--format", "json"]).succeeded().json();
        assert_eq!(listed["format"], "syncctl/releases/1");
        listed["releases"].as_array().unwrap().clone()
    }
}

#[test]
fn a_good_release_serves_until_it_is_rolled_back() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let build = world.another_build("build-2");

    let rolled = world.roll(&build, &[]).succeeded();
    assert!(rolled.stdout.starts_with("local runs release "), "{}", rolled.snapshot());
    assert!(rolled.stderr.contains("syncctl rollback "), "{}", rolled.snapshot());
    assert!(rolled.stderr.contains("servers.release: bundled"), "{}", rolled.snapshot());
    assert!(rolled.stderr.contains(build.to_str().unwrap()), "{}", rolled.snapshot());

    let again = world.roll(&build, &["--format", "json"]).succeeded().json();
    assert_eq!(again["format"], "syncctl/roll/1");
    assert_eq!((&again["outcome"], &again["next_up_differs"]), (&"unchanged".into(), &true.into()));

    let _ = world.roll(&world.another_build("build-3"), &[]).succeeded();
    let releases = world.releases();
    let states: Vec<_> = releases.iter().map(|release| &release["state"]).take(2).collect();
    assert_eq!(states, ["serving", "passed"]);
    assert_eq!(releases[1]["source"], build.to_str().unwrap());
    let status = world.service(&["status"]).succeeded();
    let digest = releases[0]["digest"].as_str().unwrap();
    assert!(status.stdout.contains(&digest[..12]), "{}", status.snapshot());
    assert!(!status.stdout.contains("Rollout"), "{}", status.snapshot());

    let back = world.service(&["rollback", "--bake", "0s", "--format", "json"]).succeeded().json();
    assert_eq!(back["format"], "syncctl/rollback/1");
    assert_eq!((&back["from"], &back["to"]), (&releases[0]["digest"], &releases[1]["digest"]));
    assert_eq!(back["next_up_differs"], true, "the blueprint still says bundled");
    let parts = world.service(&["status", "--format", "json"]).succeeded().json();
    assert_eq!(parts["release"], releases[1]["digest"]);
    for server in parts["servers"].as_array().unwrap() {
        assert_eq!(server["restarts"], 0, "a planned replacement is no restart: {server}");
    }

    let unknown = world.service(&["rollback", "ffff"]);
    assert_eq!(unknown.code, 66, "{}", unknown.snapshot());
    assert!(unknown.stderr.contains(&digest[..12]), "{}", unknown.snapshot());
}

#[test]
fn a_release_that_crashes_is_undone_and_says_why() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let _ = world.roll(&world.another_build("build-2"), &[]).succeeded();
    let crashing = world.write("crashing", "#!/bin/sh\necho 'no table called sync' >&2\nexit 3\n");
    fs::set_permissions(&crashing, fs::Permissions::from_mode(0o755)).unwrap();

    let undone = world.roll(&crashing, &[]);
    assert_eq!(undone.code, 70, "{}", undone.snapshot());
    assert!(undone.stderr.contains("exit code 3"), "{}", undone.snapshot());
    assert!(undone.stderr.contains("no table called sync"), "{}", undone.snapshot());

    let releases = world.releases();
    let served = releases.iter().find(|release| release["state"] == "serving").unwrap();
    let digest = &served["digest"].as_str().unwrap()[..12];
    assert!(undone.stderr.contains(&format!("release {digest} serves")), "{}", undone.snapshot());
    assert!(releases.iter().any(|release| release["state"] == "undone"), "{releases:?}");
    let listed = world.service(&["releases"]).succeeded();
    assert!(listed.stdout.contains("exit code 3"), "{}", listed.snapshot());
    let _ = world.service(&["status"]).succeeded();

    let document = world.roll(&crashing, &["--format", "json"]).json();
    assert_eq!(document["kind"], "release_undone");
}

#[test]
fn two_rolls_at_once_follow_each_other() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let build = world.another_build("build-2");
    let program = build.to_str().unwrap().to_owned();
    let start = || {
        let mut command = world.command(&["roll", "--release", &program, "--bake", "1s"]);
        command.env("SYNCCTL_FORMAT", "json");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let outcomes = [start(), start()].map(|child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout);
        let document: serde_json::Value =
            serde_json::from_str(text.lines().last().unwrap()).unwrap();
        document["outcome"].as_str().unwrap().to_owned()
    });
    let mut outcomes = outcomes.to_vec();
    outcomes.sort();
    assert_eq!(outcomes, ["rolled", "unchanged"]);
}

/// Sends a signal to a roll that bakes, and says how it ended.
fn signalled_while_baking(world: &World, signal: &str) -> Outcome {
    let build = world.another_build("build-2");
    let mut child = world
        .command(&["roll", "--release", build.to_str().unwrap(), "--bake", "5m"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut watch = world.command(&["status", "--watch", "--format", "json"]);
    let mut watch = watch.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(watch.stdout.take().unwrap()));
    let baking = lines.map_while(Result::ok).find(|line| line.contains("\"phase\":\"baking\""));
    assert!(baking.is_some(), "the roll never baked");
    let _ = watch.kill();
    let _ = watch.wait();
    assert!(child.try_wait().unwrap().is_none());
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args([signal, &child.id().to_string()]).status().unwrap().success());
    world.ended(child.wait_with_output().unwrap())
}

#[test]
fn an_interrupted_roll_brings_the_old_release_back() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let before = world.service(&["status", "--format", "json"]).json()["release"].clone();
    let ended = signalled_while_baking(&world, "-INT");
    assert_eq!(ended.code, 130, "{}", ended.snapshot());
    assert!(ended.stderr.contains("serves again"), "{}", ended.snapshot());
    let status = world.service(&["status", "--format", "json"]).succeeded().json();
    assert_eq!(status["release"], before);
}

#[test]
fn a_roll_goes_on_when_its_command_is_ended_from_outside() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let before = world.service(&["status", "--format", "json"]).json()["release"].clone();
    let ended = signalled_while_baking(&world, "-TERM");
    assert_eq!(ended.code, 143, "{}", ended.snapshot());
    assert!(ended.stderr.contains("status --watch"), "{}", ended.snapshot());
    let status = world.service(&["status", "--format", "json"]).json();
    assert_eq!(status["rollout"]["phase"], "baking");
    assert_ne!(status["release"], before);
    let shown = world.service(&["status"]);
    assert!(shown.stdout.contains("every server, baking"), "{}", shown.snapshot());
    assert_eq!(world.releases()[0]["state"], "rolling");
}

#[test]
fn a_killed_server_is_replaced_and_the_history_tells_it() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let drilled = world.service(&["drill", "instance", "b-1", "--format", "json"]).succeeded();
    let report = drilled.json();
    assert_eq!(report["format"], "syncctl/drill/1");
    assert_eq!((&report["passed"], &report["target"]), (&true.into(), &"b-1".into()));
    assert!(report["requests"].as_u64().unwrap() > 0);

    let history = world.service(&["status", "--activities"]).succeeded();
    let died = |line: &&str| line.contains("b-1") && line.contains("died");
    assert!(history.stdout.lines().any(|line| died(&line)), "{}", history.snapshot());
    let newest = world.service(&["status", "--activities", "2", "--format", "json"]).json();
    assert_eq!(newest["format"], "syncctl/activities/1");
    let newest = newest["activities"].as_array().unwrap();
    assert_eq!(newest.len(), 2);
    assert!(newest[0]["at"].as_str() <= newest[1]["at"].as_str(), "newest last");
}

#[test]
fn a_protected_service_is_drilled_only_when_somebody_says_so() {
    let world = World::new();
    let _ = world.up(&["--set", "protect=true"]).succeeded();
    let refused = world.service(&["drill", "instance"]);
    assert_eq!(refused.code, 1, "{}", refused.snapshot());
    assert!(refused.stderr.contains("--yes"), "{}", refused.snapshot());
    let drilled = world.service(&["drill", "instance", "--yes"]).succeeded();
    assert!(drilled.stdout.starts_with("Passed: "), "{}", drilled.snapshot());
}
