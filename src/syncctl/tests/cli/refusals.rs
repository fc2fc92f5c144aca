//! Everything that keeps a command from doing its work: a clear error, its own exit code, and
//! nothing touched.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;

use crate::world::World;

#[test]
fn a_taken_port_is_named_with_its_holder_and_a_way_out() {
    let world = World::new();
    let _holder = TcpListener::bind(("127.0.0.1", world.port())).unwrap();
    let outcome = world.refused_up(&[]);
    assert_eq!(outcome.code, 73, "{}", outcome.snapshot());
    assert!(outcome.stderr.contains(&format!("127.0.0.1:{} is taken", world.port())));
    assert!(outcome.stderr.contains("--set local.port="), "{}", outcome.snapshot());
    assert!(!world.data_dir("local").exists(), "nothing may be created");
}

#[test]
fn a_directory_of_somebody_else_is_not_touched() {
    let world = World::new();
    world.write("photos/summer.jpg", "not ours");
    let outcome = world.refused_up(&["--data-dir", "photos"]);
    assert_snapshot!(outcome.snapshot(), @r"
    exit code 73
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    error: [HOME]/photos holds files that are not a data directory of syncctl; nothing was touched
    hint: choose an empty directory, or one that does not exist yet
    ");
    let names: Vec<_> = fs::read_dir(world.path("photos")).unwrap().flatten().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn data_of_a_newer_release_is_not_touched() {
    let world = World::new();
    let marker = "{\"product\":\"syncctl-local-data\",\"format\":99}";
    let path = world.write("data/format.json", marker);
    fs::set_permissions(world.path("data"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_snapshot!(world.refused_up(&["--data-dir", "data"]).snapshot(), @r"
    exit code 78
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    error: [HOME]/data was written by a newer release (data format 99, this release knows 1); nothing was touched
    hint: use the newer release of syncctl, or another data directory
    ");
    assert_eq!(fs::read_to_string(path).unwrap(), marker);
}

/// One clear line at once, not the same log lines of engines that start again and again.
#[test]
fn a_part_of_the_data_of_a_newer_release_is_not_touched() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let _ = world.service(&["down"]).succeeded();
    world.write(".local/share/syncctl/local/metadata/format", "7\n");
    assert_snapshot!(world.refused_up(&[]).snapshot(), @r"
    exit code 78
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    error: [HOME]/.local/share/syncctl/local/metadata was written by a newer release (data format 7, this release knows 1); nothing was touched
    hint: use the newer release of syncctl, or another data directory
    ");
    world.write(".local/share/syncctl/local/metadata/format", "1\n");
    let _ = world.up(&[]).succeeded();
}

#[test]
fn a_missing_server_program_says_where_it_belongs() {
    let world = World::new();
    let mut command = world.command(&["up"]);
    command.env("SYNCCTL_SYNCD", "/nowhere/syncd");
    assert_snapshot!(world.finish(command).snapshot(), @r"
    exit code 66
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    error: the server program is missing: no executable file /nowhere/syncd
    hint: set SYNCCTL_SYNCD to the path of `syncd`
    ");
}

#[test]
fn a_service_that_never_ran_is_reported_as_such() {
    let world = World::new();
    assert_snapshot!(world.run(&["status"]).snapshot(), @r"
    exit code 69
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    error: the service is not running: it has no data at [HOME]/.local/share/syncctl/local
    hint: start it with `syncctl up`
    ");
    assert_snapshot!(world.run(&["user", "list"]).snapshot(), @r"
    exit code 69
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    error: there is no data directory at [HOME]/.local/share/syncctl/local
    hint: start one with: syncctl up
    ");
    assert_snapshot!(world.run(&["down"]).snapshot(), @r"
    exit code 0
    --- stdout
    local was not running, and there is no data in [HOME]/.local/share/syncctl/local
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    ");
}

/// A hint works as it stands: it names the deployment that the command was about.
#[test]
fn hints_repeat_the_flags_that_chose_the_deployment() {
    let world = World::new();
    let outcome = world.run(&["user", "list", "--name", "shop", "--data-dir", "my data"]);
    assert_snapshot!(outcome.snapshot(), @r"
    exit code 69
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    error: there is no data directory at [HOME]/my data
    hint: start one with: syncctl up --name shop --data-dir 'my data'
    ");
    let mut command = world.command(&["user", "list"]);
    command.env("SYNCCTL_NAME", "shop");
    let outcome = world.finish(command);
    assert!(outcome.stderr.ends_with("hint: start one with: syncctl up\n"), "{}", outcome.stderr);
}

#[test]
fn json_errors_are_documents_too() {
    let world = World::new();
    let outcome = world.run(&["status", "--format", "json"]);
    let document = outcome.json();
    assert_eq!(document["format"], "syncctl/error/1");
    assert_eq!(document["exit_code"], 69);
    assert_eq!(outcome.code, 69);
}

#[test]
fn without_a_home_the_data_directory_has_to_be_named() {
    let world = World::new();
    let mut command = world.command(&["status"]);
    command.env_remove("HOME");
    assert_snapshot!(world.finish(command).snapshot(), @r"
    exit code 1
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    error: cannot tell where to keep data: HOME is not set
    hint: name a directory with --data-dir
    ");
}

#[test]
fn doctor_fails_on_a_taken_port_and_says_what_to_do() {
    let world = World::new();
    let _holder = TcpListener::bind(("127.0.0.1", world.port())).unwrap();
    let port = format!("local.port={}", world.port());
    let outcome = world.run(&["doctor", "--set", &port, "--format", "json"]);
    assert_eq!(outcome.code, 1);
    let document = outcome.json();
    let checks = document["checks"].as_array().unwrap();
    let endpoint = checks.iter().find(|check| check["name"] == "endpoint").unwrap();
    assert_eq!(endpoint["status"], "failed");
    assert!(endpoint["fix"].as_str().unwrap().contains("--set local.port="));
    assert_eq!(document["healthy"], false);
}

#[test]
fn accounts_of_a_provider_are_refused_before_anything_starts() {
    let world = World::new();
    world.write(
        "syncctl.yaml",
        "version: 1\nname: a\nidentity: { accounts: { oidc: { issuer: https://id.example.com } } }\n",
    );
    for command in ["validate", "up"] {
        let refused = world.run(&[command]);
        assert_eq!(refused.code, 65, "{}", refused.snapshot());
        assert!(refused.stderr.contains("identity.accounts.oidc"), "{}", refused.snapshot());
    }
}
