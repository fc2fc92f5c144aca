//! Blueprints: written, checked, shown.

use insta::assert_snapshot;

use crate::world::World;

#[test]
fn init_writes_a_blueprint_that_is_valid_and_says_what_comes_next() {
    let world = World::new();
    assert_snapshot!(world.run(&["init"]).succeeded().snapshot(), @r"
    exit code 0
    --- stdout
    Wrote syncctl.yaml from the preset `local`: The whole service on this machine; no account, no network.
    --- stderr

    Next:
      syncctl validate   check it after a change
      syncctl up         bring the service up
    ");
    assert_snapshot!(world.run(&["validate"]).succeeded().snapshot(), @r"
    exit code 0
    --- stdout
    syncctl.yaml is valid: local, target local
    --- stderr
    Using ./syncctl.yaml.
    ");
}

#[test]
fn init_never_overwrites_without_being_told() {
    let world = World::new();
    world.write("syncctl.yaml", "mine\n");
    assert_snapshot!(world.run(&["init"]).snapshot(), @r"
    exit code 73
    --- stderr
    error: syncctl.yaml exists already
    hint: add --force to overwrite it, or name another file with --file
    ");
    assert_eq!(world.read("syncctl.yaml"), "mine\n");
    let _ = world.run(&["init", "--force"]).succeeded();
    assert!(world.read("syncctl.yaml").contains("version: 1"));
}

#[test]
fn init_takes_a_preset_a_name_and_a_file() {
    let world = World::new();
    let arguments =
        ["init", "--preset", "production", "--name", "acme-sync", "--file", "acme.yaml"];
    assert_snapshot!(world.run(&arguments).succeeded().snapshot(), @r"
    exit code 0
    --- stdout
    Wrote acme.yaml from the preset `production`: Three zones on AWS, protected against destruction.
    --- stderr

    Next:
      syncctl validate --file acme.yaml   check it after a change
    ");
    assert!(world.read("acme.yaml").contains("name: acme-sync"));
}

#[test]
fn an_unknown_preset_is_answered_with_the_nearest() {
    let world = World::new();
    assert_snapshot!(world.run(&["init", "--preset", "prodction"]).snapshot(), @r"
    exit code 66
    --- stderr
    error: there is no preset `prodction`
    hint: did you mean `production`?
    hint: `syncctl blueprint list` shows the presets
    ");
}

#[test]
fn every_mistake_of_a_blueprint_is_shown_at_once_with_its_line() {
    let world = World::new();
    world.write(
        "syncctl.yaml",
        "version: 1\nname: Acme Sync\nservers: { min: 3, max: 2 }\nnetwrk: {}\n",
    );
    assert_snapshot!(world.run(&["validate"]).snapshot(), @r"
    exit code 65
    --- stderr
    Using ./syncctl.yaml.
    error[bad-value]: name: `Acme Sync` has other characters than a-z, 0-9 and -
     --> syncctl.yaml:2:7
      |
    2 | name: Acme Sync
      |       ^^^^^^^^^
      = help: write acme-sync

    error[conflict]: servers.min (3) is greater than servers.max (2)
     --> syncctl.yaml:3:17
      |
    3 | servers: { min: 3, max: 2 }
      |                 ^
     ::: syncctl.yaml:3:25
      |
    3 | servers: { min: 3, max: 2 }
      |                         - `servers.max` is 2
      = help: write `max: 3` or more

    error[unknown-key]: unknown key `netwrk`
     --> syncctl.yaml:4:1
      |
    4 | netwrk: {}
      | ^^^^^^
      = help: did you mean `network`?

    error: syncctl.yaml: 3 errors
    ");
    let json = world.run(&["validate", "--format", "json"]);
    assert_eq!(json.code, 65);
    assert_eq!(json.json()["valid"], false);
}

#[test]
fn other_commands_refuse_a_bad_blueprint_the_same_way() {
    let world = World::new();
    world.write("bad.yaml", "version: 1\nname: ok\nport: 1\n");
    assert_snapshot!(world.run(&["up", "--file", "bad.yaml"]).snapshot(), @r"
    exit code 65
    --- stderr
    error[unknown-key]: unknown key `port`
     --> bad.yaml:3:1
      |
    3 | port: 1
      | ^^^^
      = help: did you mean `local.port`?
    ");
}

#[test]
fn a_missing_blueprint_says_how_to_get_one() {
    let world = World::new();
    assert_snapshot!(world.run(&["validate", "--file", "nowhere.yaml"]).snapshot(), @r"
    exit code 66
    --- stderr
    error: cannot read the blueprint nowhere.yaml
      because No such file or directory (os error 2)
    hint: write one with `syncctl init --file nowhere.yaml`
    ");
}

#[test]
fn a_blueprint_may_come_from_standard_input() {
    use std::io::Write as _;
    let world = World::new();
    let mut command = world.command(&["validate", "--file", "-"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"version: 1\nname: piped\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "standard input is valid: piped, target local\n"
    );
}

#[test]
fn the_resolved_blueprint_names_the_origin_of_every_value() {
    let world = World::new();
    let mut command = world.command(&[
        "blueprint",
        "show",
        "--origin",
        "--set",
        "local.port=9000",
        "--name",
        "mine",
    ]);
    command.env("SYNCCTL_SET_SERVERS__MIN", "2");
    let shown = world.finish(command).succeeded().stdout;
    let origin_of = |key: &str| {
        let line = shown.lines().find(|line| line.trim_start().starts_with(key)).unwrap();
        line.split('#').nth(1).unwrap().trim().to_owned()
    };
    assert_eq!(origin_of("port:"), "flag --set local.port");
    assert_eq!(origin_of("name:"), "flag --name");
    assert_eq!(origin_of("min:"), "environment SYNCCTL_SET_SERVERS__MIN");
    assert!(origin_of("target:").starts_with("preset local:"), "{shown}");
}

#[test]
fn a_set_without_a_value_is_a_usage_error() {
    let world = World::new();
    assert_snapshot!(world.run(&["up", "--set", "servers.min"]).snapshot(), @r"
    exit code 64
    --- stderr
    error: --set needs KEY=VALUE, not `servers.min`
    hint: for example: --set servers.min=2
    ");
}

#[test]
fn presets_and_schema_can_be_listed() {
    let world = World::new();
    assert_snapshot!(world.run(&["blueprint", "list"]).succeeded().snapshot(), @r"
    exit code 0
    --- stdout
    local       The whole service on this machine; no account, no network.
    preview     Cheap and disposable on AWS: two zones, one small server, gone after three days.
    production  Three zones on AWS, protected against destruction.
    reference   Every key with its unit, default and effect, to copy from.
    --- stderr

    Start from one with `syncctl init --preset NAME`.
    ");
    let schema = world.run(&["blueprint", "schema"]).succeeded().json();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
}

#[test]
fn what_aws_would_get_is_written_and_drawn_without_an_account() {
    let world = World::new();
    let _ = world.run(&["init", "--preset", "production", "--name", "acme"]).succeeded();
    let _ = world.run(&["validate"]).succeeded();
    let written = world.run(&["render", "--out", "templates"]).succeeded();
    assert_snapshot!(written.stdout, @r###"
    templates/acme-data.template.json
    templates/acme-data.parameters.json
    templates/acme.template.json
    templates/acme.parameters.json
    "###);
    let drawn = world.run(&["graph", "--format", "svg"]).succeeded();
    assert!(drawn.stdout.starts_with("<svg"), "{}", drawn.stdout);
    let drawn = world.run(&["graph", "--format", "mermaid"]).succeeded();
    assert!(drawn.stdout.contains("flowchart"), "{}", drawn.stdout);
    for role in ["deployer", "ci"] {
        let policies = world.run(&["permissions", "--for", role, "--format", "json"]);
        let policies = policies.succeeded().json();
        assert_eq!(policies["format"], "syncctl/permissions/1");
        assert!(policies["policies"].as_array().is_some_and(|it| !it.is_empty()), "{policies}");
    }
}

#[test]
fn a_command_for_the_other_target_says_which_one_it_is_for() {
    let world = World::new();
    let _ = world.run(&["init", "--name", "acme"]).succeeded();
    assert_snapshot!(world.run(&["plan"]).snapshot(), @r###"
    exit code 1
    --- stderr
    Using ./syncctl.yaml.
    error: `syncctl plan` is for `target: aws`, and `acme` runs on this machine
    hint: `syncctl up` brings it up here, and `syncctl status` shows it
    hint: for a blueprint that runs on AWS: `syncctl init --preset production`
    "###);
    assert_snapshot!(world.run(&["status", "--format", "svg"]).snapshot(), @r###"
    exit code 64
    --- stderr
    error: this command cannot write svg
    hint: --format takes text, json here
    "###);
}
