//! What every newcomer types first, and every mistake they make with it.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use insta::assert_snapshot;

use crate::world::World;

#[test]
fn help_shows_the_commands_and_where_to_start() {
    let world = World::new();
    assert_snapshot!(world.run(&["--help"]).snapshot(), @r###"
    exit code 0
    --- stdout
    From one YAML file to a running, self-healing file sync service

    Usage: syncctl [OPTIONS] <COMMAND>

    Commands:
      init         Write a commented blueprint to start from
      validate     Check a blueprint without doing anything
      blueprint    Look at blueprints: what is meant, what can be written, what
                   ships
      up           Bring the service up, or to what the blueprint says now
      plan         Show what `apply` would do on AWS, and change nothing
      apply        Carry out a plan on AWS and verify it
      status       Show whether the service runs, and how each part is
      roll         Roll another build of the server onto the running service
      rollback     Go back to an earlier release
      releases     List the releases of the server that this deployment has run
      image        See and renew the image that servers boot from on AWS
      drill        Take something away on purpose, under load, and report what users
                   would have noticed
      logs         Print what the parts of the service have logged, merged by time
      down         Stop the service; what the blueprint keeps stays
      user         Invite people, list accounts, disable them
      mail         Read the mail the local service has sent; nothing leaves this
                   machine
      outputs      Print the endpoint, buckets, roles and DNS records on AWS
      events       Show what happened to the stacks on AWS, oldest first
      drift        Look for what was changed on AWS outside syncctl
      preview      Look after previews: deployments on AWS that have an end (`ttl`)
      recover      Get a deployment on AWS out of a state in which nothing else
                   works
      attach       Follow what is under way on AWS, whoever began it, to its end
      cancel       Undo what is under way on AWS, whoever began it
      render       Write the CloudFormation templates of a blueprint into a folder
      graph        Draw what a blueprint builds on AWS
      permissions  Print the IAM policies that a deployer of this blueprint needs
      schema       Print the JSON schema of what syncctl reads and writes
      doctor       Check that this machine, or the account, can run the service
      completions  Print a completion script for a shell
      version      Print the version
      help         Explain a command or a topic: exit-codes, environment

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Blueprint:
      -f, --file <BLUEPRINT>  Blueprint, `-` for standard input [default:
                              ./syncctl.yaml, else the built-in one]
          --set <KEY=VALUE>   Override a value of the blueprint, e.g. --set
                              servers.min=2; repeatable
          --name <NAME>       Name of the deployment, instead of the blueprint's;
                              auto: from the branch
          --data-dir <DIR>    Data directory of the local target [default:
                              ~/.local/share/syncctl/NAME]

    AWS:
          --profile <PROFILE>  Profile of the AWS configuration [default:
                               AWS_PROFILE, else `default`]
          --region <REGION>    AWS Region, instead of the blueprint's

    Global options:
          --format <FORMAT>  Output for people or for programs; markdown for `plan`,
                             svg and mermaid for `graph` [default: text] [possible
                             values: text, json, markdown, svg, mermaid]
      -y, --yes              Answer every question with yes [alias: --auto-approve]
      -q, --quiet            Leave out notes and progress; results and errors stay
      -v, --verbose...       Tell more; twice for every detail
          --color <COLOR>    When to use colour [default: auto] [possible values:
                             auto, always, never]

    Start here:
      syncctl up                  run the whole service on this machine, without any
      blueprint
      syncctl help COMMAND        explain a command
      syncctl help exit-codes     what exit codes mean
      syncctl help environment    the variable of every flag
    "###);
}

#[test]
fn no_command_at_all_is_answered_with_help_and_64() {
    let world = World::new();
    let outcome = world.run(&[]);
    assert_eq!(outcome.code, 64);
    assert!(outcome.stderr.contains("Usage: syncctl"), "{}", outcome.snapshot());
}

#[test]
fn a_mistyped_command_is_a_usage_error_with_a_suggestion() {
    let world = World::new();
    assert_snapshot!(world.run(&["statsu"]).snapshot(), @r"
    exit code 64
    --- stderr
    error: unrecognized subcommand 'statsu'

      tip: a similar subcommand exists: 'status'

    Usage: syncctl [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn an_unknown_flag_is_a_usage_error() {
    let world = World::new();
    assert_snapshot!(world.run(&["up", "--fast"]).snapshot(), @r"
    exit code 64
    --- stderr
    error: unexpected argument '--fast' found

    Usage: syncctl up [OPTIONS]

    For more information, try '--help'.
    ");
}

#[test]
fn exit_codes_are_documented() {
    let world = World::new();
    assert_snapshot!(world.run(&["help", "exit-codes"]).snapshot(), @r###"
    exit code 0
    --- stdout
    Exit codes

        0  Done, or there was nothing to do
        1  Error without a code of its own; a declined question; a failed `doctor` check or drill
        2  Changes present, or drift; with `--detailed-exitcode` only
       64  Wrong use of the command line
       65  The blueprint is not valid
       66  Something named does not exist: file, preset, user, message, server, zone, part, release, deployment
       69  The service is not running, not healthy, or did not become ready; AWS cannot be reached
       70  A new release failed and was undone; the one before it serves
       73  Cannot create: port taken, file exists, disk full, read-only or foreign directory
       75  Busy: somebody else is at work on this deployment; try again
       76  The sealed plan is stale: the world or the blueprint has changed since; make a new one
       77  Permission denied, or credentials that are missing or have expired
       78  The data has a format this release does not know; a newer release wrote it
      130  Interrupted; what the command had started is undone, or told with what remains
      143  Left, or ended from outside, while something was under way, which goes on by itself
    "###);
}

#[test]
fn version_is_one_line_or_json() {
    let world = World::new();
    assert_snapshot!(world.run(&["version"]).snapshot(), @r"
    exit code 0
    --- stdout
    syncctl [VERSION] (linux x86_64)
    ");
    let json = world.run(&["version", "--format", "json"]).succeeded().json();
    assert_eq!(json["format"], "syncctl/version/1");
    assert_eq!(world.run(&["--version"]).succeeded().stdout.lines().count(), 1);
}

#[test]
fn a_flag_can_be_given_as_a_variable_and_the_flag_wins() {
    let world = World::new();
    let mut command = world.command(&["version"]);
    let _ = world
        .finish({
            command.env("SYNCCTL_FORMAT", "json");
            command
        })
        .json();
    let mut command = world.command(&["version", "--format", "text"]);
    command.env("SYNCCTL_FORMAT", "json");
    assert!(world.finish(command).stdout.starts_with("syncctl "));
}

#[test]
fn completions_exist_for_every_shell() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = world.run(&["completions", shell]).succeeded().stdout;
        assert!(script.contains("reset-password"), "{shell}");
        assert!(!script.contains("__supervisor"), "{shell} completes hidden commands");
    }
}

/// Every command and flag of the reference is offered, and the words that some of them take.
#[test]
fn completions_leave_nothing_out() {
    let world = World::new();
    let reference = world.run(&["help", "environment"]).succeeded().stdout;
    let flags = regex::Regex::new("--[a-z-]+").unwrap();
    let flags: std::collections::BTreeSet<&str> =
        flags.find_iter(&reference).map(|found| found.as_str()).collect();
    assert!(flags.len() > 15 && flags.contains("--again"), "{flags:?}");
    let help = world.run(&["--help"]).succeeded().stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    // Long lines go on below, further in.
    let commands = commands.filter(|line| !line.starts_with("   "));
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains(&"doctor"), "{help}");
    for shell in ["bash", "zsh", "fish"] {
        let script = world.run(&["completions", shell]).succeeded().stdout;
        let offered = |word: &str| match (shell, word.strip_prefix("--")) {
            ("fish", Some(long)) => script.contains(&format!("-l {long}")),
            _ => script.contains(word),
        };
        let words = ["--version", "exit-codes", "environment", "production", "reset-password"];
        for word in flags.iter().chain(&commands).chain(&words) {
            assert!(offered(word), "{shell} does not offer {word}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = World::new();
    let mut child = world
        .command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn colour_is_used_only_when_asked_for_or_on_a_terminal() {
    let world = World::new();
    assert!(!world.run(&["nonsense"]).stderr.contains('\x1b'));
    assert!(world.run(&["nonsense", "--color", "always"]).stderr.contains('\x1b'));
    let mut command = world.command(&["nonsense"]);
    command.env("CLICOLOR_FORCE", "1");
    assert!(world.finish(command).stderr.contains('\x1b'));
    let mut command = world.command(&["nonsense"]);
    command.env("FORCE_COLOR", "1").env("NO_COLOR", "1");
    assert!(!world.finish(command).stderr.contains('\x1b'));
}

/// Rewrite with `UPDATE_REFERENCE=1 cargo test -p syncctl`.
#[test]
fn the_reference_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let current = syncctl::reference::markdown();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, &current).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == current,
        "docs/cli.md is stale: run `UPDATE_REFERENCE=1 cargo test -p syncctl`"
    );
}
