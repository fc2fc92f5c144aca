//! What people get to read when something is wrong: every problem, at its place, with what to write instead.

use crate::support::{codes, environment, findings};

const START: &str = "version: 1\nname: acme-sync\n";

fn with(text: &str) -> String {
    format!("{START}{text}")
}

#[test]
fn all_problems_of_a_file_come_at_once() {
    let text = "\
version: 1
name: Acme Sync
target: asw
region: eu-west-1a
servers:
  mim: 2
  max: two
entry: { health: { interval: 5, timeout: 2s } }
";
    insta::assert_snapshot!(findings(text), @r###"
    error[bad-value]: name: `Acme Sync` has other characters than a-z, 0-9 and -
     --> blueprint.yaml:2:7
      |
    2 | name: Acme Sync
      |       ^^^^^^^^^
      = help: write acme-sync

    error[bad-value]: target: `asw` is not one of aws, local
     --> blueprint.yaml:3:9
      |
    3 | target: asw
      |         ^^^
      = help: write aws

    error[bad-value]: region: `eu-west-1a` is not the name of a Region
     --> blueprint.yaml:4:9
      |
    4 | region: eu-west-1a
      |         ^^^^^^^^^^
      = help: write eu-west-1

    error[unknown-key]: unknown key `mim` in `servers`
     --> blueprint.yaml:6:3
      |
    6 |   mim: 2
      |   ^^^
      = help: did you mean `min`?

    error[wrong-type]: servers.max: `two` is not a whole number
     --> blueprint.yaml:7:8
      |
    7 |   max: two
      |        ^^^
      = help: write a whole number from 1 to 100

    error[bad-value]: entry.health.interval: `5` has no unit
     --> blueprint.yaml:8:30
      |
    8 | entry: { health: { interval: 5, timeout: 2s } }
      |                              ^
      = help: write 5s
    "###);
}

#[test]
fn combinations_show_both_places() {
    let text = "\
version: 1
name: acme
target: aws
region: eu-west-1
protect: true
ttl: 72h
entry:
  health: { interval: 5s, timeout: 5s }
servers: { min: 5, max: 4 }
rollout: { min_healthy: 100, max_healthy: 100 }
email: { identity: example.com, from: sync@example.org }
";
    insta::assert_snapshot!(findings(text), @r###"
    error[conflict]: a deployment with a `ttl` cannot have `protect: true`: it could not be torn down
     --> blueprint.yaml:6:6
      |
    6 | ttl: 72h
      |      ^^^
     ::: blueprint.yaml:5:10
      |
    5 | protect: true
      |          ---- `protect` is true
      = help: remove one of the two

    error[conflict]: a deployment with a `ttl` cannot have `database.protect: true`: its table could not be deleted
     --> blueprint.yaml:6:6
      |
    6 | ttl: 72h
      |      ^^^
      = help: write `database: { protect: false }`

    error[conflict]: the health check's timeout (5s) is not shorter than its interval (5s)
     --> blueprint.yaml:8:36
      |
    8 |   health: { interval: 5s, timeout: 5s }
      |                                    ^^
     ::: blueprint.yaml:8:23
      |
    8 |   health: { interval: 5s, timeout: 5s }
      |                       -- `entry.health.interval` is 5s
      = help: write a timeout of at most 4s, or a longer interval

    error[conflict]: servers.min (5) is greater than servers.max (4)
     --> blueprint.yaml:9:17
      |
    9 | servers: { min: 5, max: 4 }
      |                 ^
     ::: blueprint.yaml:9:25
      |
    9 | servers: { min: 5, max: 4 }
      |                         - `servers.max` is 4
      = help: write `max: 5` or more

    error[conflict]: rollout.max_healthy (100) is not above rollout.min_healthy (100), so nothing could be replaced
      --> blueprint.yaml:10:43
       |
    10 | rollout: { min_healthy: 100, max_healthy: 100 }
       |                                           ^^^
      ::: blueprint.yaml:10:25
       |
    10 | rollout: { min_healthy: 100, max_healthy: 100 }
       |                         --- `rollout.min_healthy` is 100
       = help: leave room for at least one more server: `max_healthy: 134` for three, or a lower min_healthy

    error[conflict]: mail from sync@example.org is outside the identity example.com
      --> blueprint.yaml:11:39
       |
    11 | email: { identity: example.com, from: sync@example.org }
       |                                       ^^^^^^^^^^^^^^^^
      ::: blueprint.yaml:11:20
       |
    11 | email: { identity: example.com, from: sync@example.org }
       |                    ----------- `email.identity` is example.com
       = help: write a sender such as sync@example.com

    warning[risky]: a protected deployment without `entry.certificate` answers on plain HTTP only
     --> blueprint.yaml:5:10
      |
    5 | protect: true
      |          ^^^^
      = help: write `entry: { domain: …, certificate: … }`

    warning[risky]: the bucket of a deployment with a `ttl` is retained and stays, with its cost, after the deployment is gone
     --> blueprint.yaml:6:6
      |
    6 | ttl: 72h
      |      ^^^
      = help: write `storage: { content: { retain: false } }`
    "###);
}

#[test]
fn keys_of_the_other_target_are_a_mistake_in_one_file() {
    let text = with("network: { egress: nat }\nentry: { domain: sync.example.com }\n");
    insta::assert_snapshot!(findings(text), @r###"
    error[conflict]: `network.egress` has an effect on target aws only, and the target is local
     --> blueprint.yaml:3:20
      |
    3 | network: { egress: nat }
      |                    ^^^
      = help: remove it, or write `target: aws`

    error[conflict]: `entry.domain` has an effect on target aws only, and the target is local
     --> blueprint.yaml:4:18
      |
    4 | entry: { domain: sync.example.com }
      |                  ^^^^^^^^^^^^^^^^
      = help: remove it, or write `target: aws`
    "###);
}

#[test]
fn yaml_traps_are_named() {
    let text = "\
version: 1.0
name: no
local: { port: 08420 }
protect: yes
tags: { cost-center: 4711, when: 12:30 }
servers: { min: \"3\", max: 0x9 }
";
    insta::assert_snapshot!(findings(text), @r###"
    error[wrong-type]: version: `1.0` is not a whole number
     --> blueprint.yaml:1:10
      |
    1 | version: 1.0
      |          ^^^
      = help: write 1

    error[needs-quotes]: name: `no` is read as true or false, not as a text
     --> blueprint.yaml:2:7
      |
    2 | name: no
      |       ^^
      = help: write `no` in quotes: "no"

    error[bad-value]: local.port: `08420` has leading zeros, which some YAML readers take for octal
     --> blueprint.yaml:3:16
      |
    3 | local: { port: 08420 }
      |                ^^^^^
      = help: write 8420

    error[wrong-type]: protect: `yes` is neither true nor false
     --> blueprint.yaml:4:10
      |
    4 | protect: yes
      |          ^^^
      = help: write true

    error[needs-quotes]: tags.cost-center: `4711` is read as a number, not as a text
     --> blueprint.yaml:5:22
      |
    5 | tags: { cost-center: 4711, when: 12:30 }
      |                      ^^^^
      = help: write `4711` in quotes: "4711"

    error[needs-quotes]: tags.when: `12:30` is read as a number, not as a text
     --> blueprint.yaml:5:34
      |
    5 | tags: { cost-center: 4711, when: 12:30 }
      |                                  ^^^^^
      = help: write `12:30` in quotes: "12:30"

    error[wrong-type]: servers.min: this is a text in quotes; the key needs a whole number from 1 to 100
     --> blueprint.yaml:6:17
      |
    6 | servers: { min: "3", max: 0x9 }
      |                 ^^^
      = help: write 3 without quotes

    error[wrong-type]: servers.max: `0x9` is not a whole number
     --> blueprint.yaml:6:27
      |
    6 | servers: { min: "3", max: 0x9 }
      |                           ^^^
      = help: write a whole number from 1 to 100
    "###);
}

#[test]
fn a_missing_variable_is_marked_where_it_stands() {
    let text = with("local: { data: \"/srv/${env:SYNC_ROOT}/data\" }\n");
    insta::assert_snapshot!(findings(text), @r###"
    error[variable]: local.data: the environment variable SYNC_ROOT is not set
     --> blueprint.yaml:3:22
      |
    3 | local: { data: "/srv/${env:SYNC_ROOT}/data" }
      |                      ^^^^^^^^^^^^^^^^
      = help: set it, or write ${env:SYNC_ROOT:-default}
    "###);
}

#[test]
fn flags_and_the_environment_are_named_as_such() {
    let sources = blueprint::Sources {
        preset: blueprint::Preset::find("local"),
        environment: environment(&[
            ("SYNCCTL_SET_SERVERS__MIM", "2"),
            ("SYNCCTL_SET_LOCAL__PORT", "0"),
        ]),
        sets: vec![
            ("servers.min".to_owned(), "12".to_owned()),
            ("server.min".to_owned(), "1".to_owned()),
            ("servers.zone".to_owned(), "2".to_owned()),
        ],
        ..Default::default()
    };
    insta::assert_snapshot!(blueprint::resolve(&sources).unwrap_err().render(false), @r###"
    error[unknown-key]: unknown key `server.min`
     --> --set server.min=1
      = help: did you mean `servers.min`?

    error[unknown-key]: unknown key `servers.zone`
     --> --set servers.zone=2
      = help: did you mean `network.zones`?

    error[out-of-range]: local.port: `0` is outside its limits; this is a whole number from 1 to 65535
     --> environment variable SYNCCTL_SET_LOCAL__PORT
      = help: write a whole number from 1 to 65535

    error[unknown-key]: unknown key `servers.mim`
     --> environment variable SYNCCTL_SET_SERVERS__MIM
      = help: did you mean `servers.min`?

    error[conflict]: 12 servers on one machine; target local runs at most 9
     --> --set servers.min=12
     ::: preset local:4:9
      |
    4 | target: local
      |         ----- `target` is local
      = help: write fewer servers
    "###);
}

#[test]
fn long_wide_and_hostile_lines_stay_readable() {
    let text = with(&format!(
        "tags: {{ \"{}\": \"テスト\", x: \t\"ключ\u{202E}\", \"y\": <<< , z: a }}\nunknown\u{202E}key: 1\n",
        "a".repeat(150)
    ));
    insta::assert_snapshot!(findings(text), @r###"
    error[bad-value]: a tag name has 1 to 128 characters
     --> blueprint.yaml:3:9
      |
    3 | tags: { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: tag names have letters, digits, blanks and + - = . _ : / @

    error[conflict]: `tags.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…` has an effect on target aws only, and the target is local
     --> blueprint.yaml:3:163
      |
    3 | …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "テスト", x:     "ключ�", "y": <<< , z: a }
      |                                                              ^^^^^^^^
      = help: remove it, or write `target: aws`

    error[bad-value]: tags.x: a tag cannot contain the character `�`
     --> blueprint.yaml:3:174
      |
    3 | …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "テスト", x:     "ключ�", "y": <<< , z: a }
      |                                                                    ^^^^^^^
      = help: write a text of at most 256 characters

    error[bad-value]: tags.y: a tag cannot contain the character `<`
     --> blueprint.yaml:3:188
      |
    3 | …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "テスト", x:     "ключ�", "y": <<< , z: a }
      |                                                                    ^^^
      = help: write a text of at most 256 characters

    error[conflict]: `tags.z` has an effect on target aws only, and the target is local
     --> blueprint.yaml:3:197
      |
    3 | …aaaaaaaaaaaaaaaaaaaaaaa": "テスト", x:     "ключ�", "y": <<< , z: a }
      |                                                                    ^
      = help: remove it, or write `target: aws`

    error[unknown-key]: unknown key `unknown�key`
     --> blueprint.yaml:4:1
      |
    4 | unknown�key: 1
      | ^^^^^^^^^^^
      = help: keys that exist here: version, name, target, region, protect, ttl, network, entry, servers, rollout, storage, database, identity, email, tags, local
    "###);
}

#[test]
fn json_carries_the_same() {
    let problems = blueprint::validate(with("serverz: 1\n"), "b.yaml", &environment(&[]));
    insta::assert_snapshot!(serde_json::to_string_pretty(&problems.to_json()).unwrap(), @r###"
    {
      "diagnostics": [
        {
          "code": "unknown-key",
          "hint": "did you mean `servers`?",
          "key": "serverz",
          "message": "unknown key `serverz`",
          "place": {
            "column": 1,
            "excerpt": "serverz: 1",
            "file": "b.yaml",
            "kind": "text",
            "line": 3,
            "width": 7
          },
          "severity": "error"
        }
      ],
      "left_out": 0
    }
    "###);
}

#[test]
fn each_mistake_has_its_code() {
    let aws = "target: aws\nregion: eu-west-1\n";
    let rows: &[(&str, &[&str])] = &[
        ("", &[]),
        ("servers:\n", &[]),
        ("servers: 3\n", &["wrong-type"]),
        ("servers: []\n", &["wrong-type"]),
        ("ttl:\n", &["empty-value"]),
        ("region: [a]\n", &["wrong-type"]),
        ("region: { a: b }\n", &["wrong-type"]),
        ("servers.min: 2\n", &["unknown-key"]),
        ("interval: 2s\n", &["unknown-key"]),
        ("servers: { min: 0 }\n", &["out-of-range"]),
        ("servers: { min: -1 }\n", &["wrong-type"]),
        ("servers: { min: 99999999999999999999 }\n", &["out-of-range"]),
        ("servers: { min: 3.0 }\n", &["wrong-type"]),
        ("servers: { min: ~ }\n", &["empty-value"]),
        ("servers: { desired: 99, min: 1, max: 3 }\n", &["conflict"]),
        ("servers: { min: 50, max: 60 }\n", &["conflict"]),
        ("network: { zones: 4 }\n", &["conflict"]),
        ("local: { listen: 192.168.1.10 }\n", &["risky"]),
        ("local: { listen: 0.0.0.0 }\n", &["bad-value"]),
        ("entry: { certificate: self-made }\n", &[]),
        (
            "entry: { certificate: ./tls/cert.pem }\nlocal: { certificate_key: ./tls/key.pem }\n",
            &[],
        ),
        ("entry: { certificate: cert.pem }\n", &["bad-value"]),
        ("entry: { certificate: self-signed }\n", &["bad-value"]),
        (
            "entry: { certificate: self-made }\nlocal: { certificate_key: ./key.pem }\n",
            &["conflict"],
        ),
        ("local: { certificate_key: ./key.pem }\n", &["conflict"]),
        (
            "entry: { certificate: \"arn:aws:acm:eu-west-1:123456789012:certificate/a\" }\n",
            &["conflict"],
        ),
        ("local: { connections: 10 }\n", &["out-of-range"]),
        ("local: { data: ~/sync }\n", &["bad-value"]),
        ("identity: { accounts: oidc }\n", &["bad-value"]),
        ("identity: { accounts: { oidc: { issuer: https://id.example.com } } }\n", &[]),
        ("identity: { accounts: { oidc: { audience: a } } }\n", &["missing-key"]),
        ("identity: { accounts: { oidc: {} } }\n", &["missing-key"]),
        ("rollout: { alarms: boot }\n", &["wrong-type"]),
        ("rollout: { alarms: [boot, boots] }\n", &["bad-value"]),
        ("rollout: { alarms: [boot, boot] }\n", &["bad-value"]),
        ("rollout: { alarms: [[boot]] }\n", &["wrong-type"]),
        ("rollout: { alarms: [] }\n", &[]),
        ("rollout: { min_healthy: 0, max_healthy: 200 }\n", &["conflict"]),
        ("rollout: { min_healthy: 50%, max_healthy: \"150%\" }\n", &[]),
    ];
    for (text, expected) in rows {
        assert_eq!(codes(with(text)), *expected, "{text}{}", findings(with(text)));
    }
    let rows: &[(&str, &[&str])] = &[
        ("", &[]),
        ("local: { port: 1 }\n", &["conflict"]),
        ("network: { zones: 1 }\n", &["conflict"]),
        ("network: { cidr: 10.0.0.0/25 }\n", &["conflict"]),
        ("network: { cidr: 10.0.0.0/24 }\n", &[]),
        ("network: { cidr: 10.0.0.0/24 }\nservers: { max: 100 }\n", &["conflict"]),
        ("network: { cidr: 10.0.0.0/8 }\n", &["out-of-range"]),
        ("network: { cidr: 10.0.1.0/16 }\n", &["bad-value"]),
        ("network: { cidr: 8.8.0.0/16 }\n", &["bad-value"]),
        ("entry: { domain: sync.example.com }\n", &["conflict"]),
        (
            "entry: { certificate: \"arn:aws:acm:eu-west-1:123456789012:certificate/a\" }\n",
            &["conflict"],
        ),
        (
            "entry: { domain: a.bc, certificate: \"arn:aws:acm:us-east-1:123456789012:certificate/a\" }\n",
            &["conflict"],
        ),
        (
            "entry: { domain: a.bc, certificate: \"arn:aws:iam::123456789012:server-certificate/a\" }\n",
            &["bad-value"],
        ),
        ("storage: { key: \"arn:aws:kms:us-east-1:123456789012:key/a\" }\n", &["conflict"]),
        ("entry: { certificate: self-made }\n", &["conflict"]),
        ("entry: { certificate: cert.pem }\n", &["bad-value"]),
        ("entry: { certificate: request }\n", &["conflict", "conflict"]),
        ("entry: { certificate: request, domain: a.bc }\n", &["conflict"]),
        ("entry: { certificate: request, domain: a.bc, zone: Z1D633PJN98FT9 }\n", &[]),
        ("entry: { zone: Z1D633PJN98FT9 }\n", &["conflict"]),
        ("entry: { zone: example.com }\n", &["bad-value"]),
        ("email: { identity: a.bc, zone: Z1D633PJN98FT9 }\n", &["conflict"]),
        ("email: { identity: a.bc, manage: create, zone: Z1D633PJN98FT9 }\n", &[]),
        ("email: { identity: x@a.bc, manage: create, zone: Z1D633PJN98FT9 }\n", &["conflict"]),
        ("storage: { key: mine }\n", &["bad-value"]),
        ("email: { from: a@b.cd }\n", &["conflict"]),
        ("email: { manage: create }\n", &["conflict"]),
        ("ttl: 72h\n", &["conflict", "risky"]),
        ("ttl: none\n", &[]),
        ("ttl: 5m\n", &["out-of-range"]),
        ("protect: true\n", &["risky"]),
        ("servers: { scale: { cpu: none, requests: none } }\n", &["risky"]),
        ("tags: { \"aws:x\": a }\n", &["bad-value"]),
        ("tags: { \"a\": \"b;c\" }\n", &["bad-value"]),
    ];
    for (text, expected) in rows {
        let text = with(&format!("{aws}{text}"));
        assert_eq!(codes(&text), *expected, "{text}{}", findings(&text));
    }
    assert_eq!(codes("name: a\n"), ["missing-key"]);
    assert_eq!(codes("version: 1\n"), ["missing-key"]);
    assert_eq!(codes("version: 2\nname: a\n"), ["unsupported-version"]);
    assert_eq!(codes(with("target: aws\n")), ["missing-key"]);
}
