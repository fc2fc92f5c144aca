//! From the first `up` to the purge, with the real programs (FS-1, HA-6).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use insta::assert_snapshot;

use crate::world::World;

#[test]
fn a_newcomer_brings_the_service_up_invites_people_and_takes_it_down() {
    let world = World::new();
    assert_snapshot!(world.up(&[]).succeeded().snapshot(), @r"
    exit code 0
    --- stdout
    local is up after [SECONDS].

      Endpoint  http://127.0.0.1:[PORT]
      Servers   3 servers in 3 zones
      Data      [HOME]/.local/share/syncctl/local

      Invitation  [INVITATION]
                  works once, until [TIME]; not shown again
                  ends when somebody else makes an account first
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
      ✓ balancer    [SECONDS]
      ✓ engines     [SECONDS]
      ✓ ready       [SECONDS]
      ✓ servers     [SECONDS]
      ✓ supervisor  [SECONDS]

    Next:
      sync-agent login http://127.0.0.1:[PORT]
      sync-agent space create home && sync-agent push FILE… home:/
    ");
    assert_snapshot!(world.up(&[]).succeeded().snapshot(), @r"
    exit code 0
    --- stdout
    local is up already; nothing changed.

      Endpoint  http://127.0.0.1:[PORT]
      Servers   3 servers in 3 zones
      Data      [HOME]/.local/share/syncctl/local
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.

    Nobody has an account yet. The first user's invitation is still open, until [TIME].
    It was shown once and ends when anybody makes an account. To replace a lost one:
    `syncctl user add EMAIL`.
    ");
    let status = world.service(&["status"]).succeeded();
    assert!(status.stdout.starts_with("local is running\n"), "{}", status.snapshot());
    assert!(status.stdout.contains("a 1/1, b 1/1, c 1/1 healthy"), "{}", status.snapshot());

    assert_snapshot!(world.service(&["user", "add", "ada@example.com"]).succeeded().snapshot(), @r"
    exit code 0
    --- stdout
    [INVITATION]
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    This invitation works once, until [TIME], and is not shown again:


    Next, on the person's machine:
      sync-agent login http://127.0.0.1:[PORT]

    The invitation for the first user, which `up` has shown, ends when this one is redeemed.
    ");
    assert_snapshot!(world.service(&["user", "disable", "nobody@example.com"]).snapshot(), @r"
    exit code 66
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    error: nobody has the login 'nobody@example.com'
    hint: `syncctl user list` shows who has an account
    ");
    assert_snapshot!(world.service(&["user", "add", "ada@example.com"]).snapshot(), @r"
    exit code 73
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    error: 'ada@example.com' has an invitation already, until [TIME]
    hint: `syncctl user add EMAIL --again` makes another one; the earlier one then ends
    ");
    world.write("invitation", "something of mine");
    let into_file =
        ["user", "add", "ada@example.com", "--again", "--invitation-file", "invitation"];
    assert_snapshot!(world.service(&into_file).snapshot(), @r"
    exit code 73
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    error: invitation exists already; it was left alone, and nobody was invited
    hint: name a file that does not exist yet
    ");
    assert_eq!(world.read("invitation"), "something of mine");
    let again = world.service(&["user", "add", "ada@example.com", "--again"]).succeeded();
    assert!(again.stdout.starts_with("syi_") && again.stdout.lines().count() == 1);
    assert_snapshot!(world.service(&["user", "list"]).succeeded().snapshot(), @r"
    exit code 0
    --- stdout
    LOGIN            STATE    SINCE
    (first user)     invited  until [TIME]
    ada@example.com  invited  until [TIME]
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    ");
    assert_snapshot!(world.service(&["mail", "list"]).succeeded().snapshot(), @r"
    exit code 0
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    No mail yet. Members who asked for it are sent a digest 30 s after the first change by somebody else (email.digest).
    ");

    world.write(
        ".local/share/syncctl/local/mail/000641a0b1c2d3e4-5f6e7d8c9b0a1f2e.eml",
        "Date: Fri, 20 Nov 2026 17:20:01 +0000\r\nFrom: sync@example.com\r\nTo: ada@example.com\r\n\
         Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nenfDtmxm\r\n\
         --b\r\nContent-Type: text/html\r\n\r\n<p>12\r\n--b--\r\n",
    );
    let listed = world.service(&["mail", "list"]).succeeded().stdout;
    assert!(listed.contains("5f6e7d  ada@example.com  Grüße"), "{listed}");
    assert_snapshot!(world.service(&["mail", "show", "5f6"]).succeeded().snapshot(), @r"
    exit code 0
    --- stdout
    From     sync@example.com
    To       ada@example.com
    Subject  Grüße
    Date     Fri, 20 Nov 2026 17:20:01 +0000

    zwölf
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    ");
    let raw = world.service(&["mail", "show", "latest", "--raw"]).succeeded().stdout;
    assert!(raw.contains("\r\n--b\r\nContent-Type: text/html\r\n"), "{raw}");

    let doctor = world.service(&["doctor"]);
    assert!(doctor.stdout.contains("is in use by this deployment"), "{}", doctor.snapshot());

    assert_snapshot!(world.service(&["down"]).succeeded().snapshot(), @r"
    exit code 0
    --- stdout
    local is stopped. Its data stays in [HOME]/.local/share/syncctl/local
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
      ✓ balancer    [SECONDS]
      ✓ engines     [SECONDS]
      ✓ servers     [SECONDS]
      ✓ supervisor  [SECONDS]
    ");
    assert_snapshot!(world.service(&["down"]).succeeded().snapshot(), @r"
    exit code 0
    --- stdout
    local was not running. Its data stays in [HOME]/.local/share/syncctl/local
    --- stderr
    Using the built-in blueprint; there is no ./syncctl.yaml.
    ");
    assert_eq!(world.service(&["status"]).code, 69);
    assert!(world.data_dir("local").join("format.json").exists());
}

#[test]
fn scripts_get_json_and_the_invitation_in_a_file() {
    let world = World::new();
    let started = world.up(&["--format", "json", "--invitation-file", "invitation"]).succeeded();
    let document = started.json();
    assert_eq!(document["format"], "syncctl/up/1");
    assert_eq!(document["outcome"], "started");
    assert!(document["invitation"]["code"].is_null());
    let code = world.read("invitation");
    assert!(code.starts_with("syi_") && code.lines().count() == 1);
    let mode = fs::metadata(world.path("invitation")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let secret = code.trim();
    assert!(!started.stdout.contains(secret) && !started.stderr.contains(secret));

    let status = world.service(&["status", "--format", "json"]).succeeded().json();
    assert_eq!(status["state"], "running");
    assert_eq!(status["servers"].as_array().unwrap().len(), 3);
    let zones: Vec<_> = status["servers"].as_array().unwrap().iter().map(|s| &s["zone"]).collect();
    assert_eq!(zones, ["a", "b", "c"]);

    let logs = world.service(&["logs", "--format", "json", "--lines", "1000"]).succeeded().stdout;
    assert!(!logs.contains(secret), "the invitation must not reach a log");
    for line in logs.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["format"], "syncctl/log-line/1");
    }

    let again = world.up(&["--format", "json"]).succeeded().json();
    assert_eq!(again["outcome"], "unchanged");
    assert!(again["invitation"].is_null(), "the first invitation stays valid");
}

/// A restart with the same arguments neither ends the invitation in the file nor shows another.
#[test]
fn a_restart_keeps_the_invitation_that_lies_in_its_file() {
    let world = World::new();
    let arguments = ["--invitation-file", "invitation"];
    let _ = world.up(&arguments).succeeded();
    let code = world.read("invitation");
    let waiting = world.service(&["user", "list", "--format", "json"]).succeeded().json();
    let _ = world.service(&["down"]).succeeded();

    let restarted = world.up(&arguments).succeeded();
    assert!(restarted.stdout.starts_with("local is up after"), "{}", restarted.snapshot());
    let said = format!("{}{}", restarted.stdout, restarted.stderr);
    assert!(!said.contains("syi_"), "{said}");
    assert!(said.contains("invitation is there already and stays as it is."), "{said}");
    assert!(said.contains("Nobody has an account yet."), "{said}");
    assert_eq!(world.read("invitation"), code);
    let still = world.service(&["user", "list", "--format", "json"]).succeeded().json();
    assert_eq!(still["invitations"], waiting["invitations"], "it was not replaced");
    assert_eq!(still["invitations"].as_array().unwrap().len(), 1);
}

/// Two blueprints on one port: the second `up` says who is there and how to get along.
#[test]
fn a_port_of_another_deployment_is_named_with_it() {
    let world = World::new();
    let _ = world.up(&["--name", "first"]).succeeded();
    let refused = world.refused_up(&["--name", "second"]);
    assert_eq!(refused.code, 73, "{}", refused.snapshot());
    let said = &refused.stderr;
    assert!(said.contains("the deployment `first` is served there"), "{said}");
    assert!(said.contains("--set local.port="), "{said}");
    assert!(!said.contains("end process") && !said.contains("kill"), "{said}");
    let port = format!("local.port={}", world.port());
    let doctor = world.run(&["doctor", "--name", "second", "--set", &port]);
    assert!(doctor.stdout.contains("the deployment `first` is served there"), "{}", doctor.stdout);
}

#[test]
fn purging_needs_a_decision_and_says_what_is_lost() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let refused = world.service(&["down", "--purge-data", "--yes"]);
    assert_eq!(refused.code, 1, "{}", refused.snapshot());
    assert!(refused.stderr.contains("--purge-data --yes --name local"), "{}", refused.snapshot());
    assert_eq!(world.service(&["status"]).code, 0, "nothing may be stopped before the decision");

    let protected = ["down", "--purge-data", "--yes", "--name", "local", "--set", "protect=true"];
    let refused = world.service(&protected);
    assert_eq!(refused.code, 1, "{}", refused.snapshot());
    assert!(refused.stderr.contains("type the name"), "{}", refused.snapshot());

    let purged = world.service(&["down", "--purge-data", "--yes", "--name", "local"]).succeeded();
    assert!(purged.stderr.contains("0 accounts"), "{}", purged.snapshot());
    assert!(!world.data_dir("local").exists());
}

#[test]
fn status_fits_sixty_columns_and_needs_no_colour() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let mut command = world.command(&["status"]);
    command.env("COLUMNS", "60");
    let shown = world.finish(command).succeeded().stdout;
    let table = shown.lines().filter(|line| !line.contains('/'));
    for line in table {
        assert!(line.chars().count() <= 60, "{line}");
    }
    assert!(!shown.contains('\x1b'));
}

#[test]
fn following_the_logs_ends_quietly_when_the_reader_goes() {
    let world = World::new();
    let _ = world.up(&[]).succeeded();
    let mut child = world
        .command(&["logs", "-f", "-n", "5"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    drop(child.stdout.take());
    // The next line that is written meets a closed pipe: a restart of the service writes some.
    let _ = world.service(&["down"]).succeeded();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
