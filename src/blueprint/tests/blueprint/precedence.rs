//! Flag before environment before file before preset before default, and the origin says which it was.

use crate::support::environment;
use blueprint::{Origin, Preset, Sources, parse, resolve};

/// Resolves `servers.max` with each source present or not; preset 9 (production), default 3 on target local, the others tell themselves apart.
fn sources(flag: bool, exported: bool, file: bool, preset: bool) -> Sources {
    let text =
        if file { "version: 1\nname: a\nservers: { max: 7 }\n" } else { "version: 1\nname: a\n" };
    Sources {
        preset: preset.then(|| Preset::find("production").unwrap()),
        file: Some(parse(text, "a.yaml").unwrap()),
        environment: environment(if exported { &[("SYNCCTL_SET_SERVERS__MAX", "6")] } else { &[] }),
        sets: if flag { vec![("servers.max".to_owned(), "5".to_owned())] } else { Vec::new() },
        ..Sources::default()
    }
}

#[test]
fn the_strongest_source_that_speaks_is_heard() {
    for bits in 0..16_u8 {
        let [flag, exported, file, preset] = [8, 4, 2, 1].map(|bit| bits & bit != 0);
        let resolved = resolve(&sources(flag, exported, file, preset)).unwrap();
        let max = resolved.deployment().servers.max;
        let origin = resolved.origin("servers.max").unwrap();
        match (flag, exported, file, preset) {
            (true, ..) => {
                assert_eq!(max, 5);
                assert!(matches!(origin, Origin::Flag { flag } if flag == "--set servers.max"));
            }
            (_, true, ..) => {
                assert_eq!(max, 6);
                assert!(
                    matches!(origin, Origin::Environment { name } if name == "SYNCCTL_SET_SERVERS__MAX")
                );
            }
            (_, _, true, _) => {
                assert_eq!(max, 7);
                assert!(matches!(origin, Origin::File { line: 3, column: 17, .. }), "{origin:?}");
            }
            (.., true) => {
                assert!(matches!(origin, Origin::Preset { name, .. } if name == "production"));
            }
            _ => assert_eq!(*origin, Origin::Default),
        }
    }
}

#[test]
fn the_region_of_the_shell_counts_only_where_nobody_else_names_one() {
    let base = |text: &str, pairs: &[(&str, &str)], region: Option<&str>| {
        let file =
            Some(parse(format!("version: 1\nname: a\ntarget: aws\n{text}"), "a.yaml").unwrap());
        let sources = Sources {
            file,
            environment: environment(pairs),
            region: region.map(str::to_owned),
            ..Sources::default()
        };
        let resolved = resolve(&sources).unwrap();
        (resolved.deployment().region.to_string(), resolved.origin("region").unwrap().to_string())
    };
    let shell = [("AWS_REGION", "us-east-1"), ("AWS_DEFAULT_REGION", "us-east-2")];
    assert_eq!(base("", &shell, None).1, "environment AWS_REGION");
    assert_eq!(base("", &shell[1..], None).0, "us-east-2");
    assert_eq!(
        base("region: eu-west-1\n", &shell, None),
        ("eu-west-1".to_owned(), "a.yaml:4".to_owned())
    );
    assert_eq!(
        base("region: eu-west-1\n", &[("SYNCCTL_REGION", "eu-west-2")], None).0,
        "eu-west-2"
    );
    let all = base("region: eu-west-1\n", &[("SYNCCTL_REGION", "eu-west-2")], Some("eu-west-3"));
    assert_eq!(all, ("eu-west-3".to_owned(), "flag --region".to_owned()));
}

#[test]
fn a_stronger_target_lets_the_keys_of_the_other_rest() {
    let file = parse(
        "version: 1\nname: a\ntarget: aws\nregion: eu-west-1\nnetwork: { egress: nat }\n",
        "a.yaml",
    )
    .unwrap();
    let sets = vec![("target".to_owned(), "local".to_owned())];
    let resolved = resolve(&Sources { file: Some(file), sets, ..Sources::default() }).unwrap();
    let warnings: Vec<_> =
        resolved.warnings().list().iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(warnings, ["no-effect"]);
    assert_eq!(resolved.deployment().target, blueprint::Target::Local);
}

#[test]
fn lists_are_replaced_and_tags_are_joined() {
    let text = "version: 1\nname: a\ntarget: aws\nregion: eu-west-1\nentry: { allow: [10.0.0.0/8] }\ntags: { a: x, b: x }\n";
    let file = parse(text, "a.yaml").unwrap();
    let sets = [
        ("entry.allow", "[192.168.0.0/16, 172.16.0.0/12]"),
        ("tags.b", "none"),
        ("tags.c.d", "true"),
        ("rollout.alarms", "boot"),
    ];
    let sets = sets.map(|(path, value)| (path.to_owned(), value.to_owned())).to_vec();
    let deployment = resolve(&Sources { file: Some(file), sets, ..Sources::default() })
        .unwrap()
        .into_deployment();
    let allow: Vec<String> = deployment.entry.allow.iter().map(ToString::to_string).collect();
    assert_eq!(allow, ["192.168.0.0/16", "172.16.0.0/12"]);
    assert_eq!(deployment.tags, environment(&[("a", "x"), ("c.d", "true")]));
    assert_eq!(deployment.rollout.alarms, [blueprint::deployment::Alarm::Boot]);
}

#[test]
fn the_stronger_source_chooses_the_form_of_accounts() {
    let file = parse(
        "version: 1\nname: a\nidentity: { accounts: { oidc: { issuer: https://a.bc } } }\n",
        "a.yaml",
    )
    .unwrap();
    let resolve_with = |sets: Vec<(String, String)>| {
        let sources = Sources { file: Some(file.clone()), sets, ..Sources::default() };
        serde_json::to_string(&resolve(&sources).unwrap().deployment().identity).unwrap()
    };
    let oidc = r#"{"accounts":{"oidc":{"issuer":"https://a.bc","audience":"a"}}}"#;
    assert_eq!(resolve_with(Vec::new()), oidc);
    let builtin = vec![("identity.accounts".to_owned(), "builtin".to_owned())];
    assert_eq!(resolve_with(builtin), r#"{"accounts":"builtin"}"#);
}

#[test]
fn the_resolved_blueprint_shows_each_origin() {
    let sources = Sources {
        environment: environment(&[("SYNCCTL_SET_SERVERS__MIN", "2"), ("DATA", "/srv/sync")]),
        ..Sources::default()
    };
    let text = "version: 1\nname: acme\nlocal:\n  data: ${env:DATA}\n";
    let sources = Sources {
        file: Some(parse(text, "acme.yaml").unwrap()),
        name: Some("other".to_owned()),
        ..sources
    };
    insta::assert_snapshot!(resolve(&sources).unwrap().to_yaml(true), @r###"
    version: 1                          # acme.yaml:1
    name: other                         # flag --name
    target: local                       # default
    region: eu-west-1                   # default
    protect: false                      # default
    network:
      zones: 3                          # default
    entry:
      health:
        path: /health                   # default
        interval: 5s                    # default
        timeout: 2s                     # default
        unhealthy: 2                    # default
        healthy: 2                      # default
    servers:
      min: 2                            # environment SYNCCTL_SET_SERVERS__MIN
      max: 2                            # default
      desired: 2                        # default
      scale:
        cpu: 50                         # default
        requests: 1000                  # default
      release: bundled                  # default
    rollout:
      min_healthy: 100                  # default
      max_healthy: 134                  # default
      bake: 10s                         # default
      alarms: [boot, 5xx, unhealthy]    # default
    storage:
      content:
        versions: 30d                   # default
    identity:
      accounts: builtin                 # default
    email:
      from: sync@localhost.localdomain  # default
      digest: 15m                       # default
    local:
      port: 8420                        # default
      listen: 127.0.0.1                 # default
      data: /srv/sync                   # acme.yaml:4 with environment DATA
      connections: 4096                 # default
    "###);
}

#[test]
fn the_digest_is_that_of_the_meaning() {
    let digest = |text: &str| crate::support::resolved(text).deployment().digest();
    let plain = digest("version: 1\nname: a\n");
    assert_eq!(
        plain,
        digest(
            "# said at length\nversion: 1\nname: \"a\"\nentry: { health: { interval: 5s } }\nrollout: { bake: 10s }\n"
        )
    );
    assert_ne!(plain, digest("version: 1\nname: a\nservers: { min: 2 }\n"));
    // Fixed on purpose: a change here makes every running deployment look changed.
    insta::assert_snapshot!(plain, @"279bf2a7ce7b41eb06e5d96ea30b52653577fbb749d147e1606604bc6137b7fa");
}

/// Adding processes on one machine is opt-in, and a roll there is watched for a shorter time (HA-8, DP-2).
#[test]
fn the_group_and_the_gate_have_defaults_of_their_own_on_one_machine() {
    let group = |text: &str| {
        let resolved = crate::support::resolved(format!("version: 1\nname: a\n{text}"));
        let deployment = resolved.deployment();
        (deployment.servers.max, deployment.rollout.bake.seconds())
    };
    assert_eq!(group(""), (3, 10));
    assert_eq!(group("servers: { min: 2, desired: 4 }"), (4, 10));
    assert_eq!(group("servers: { min: 2, max: 5 }\nrollout: { bake: 1m }"), (5, 60));
    assert_eq!(group("target: aws\nregion: eu-west-1"), (9, 120));
    assert_eq!(group("target: aws\nregion: eu-west-1\nservers: { desired: 4 }"), (9, 120));
    let codes = crate::support::codes("version: 1\nname: a\nservers: { max: 10 }\n");
    assert_eq!(codes, ["conflict"], "one machine runs at most nine");
}

#[test]
fn the_host_name_of_a_preview_follows_the_name_that_it_gets_in_the_end() {
    let text = "version: 1\nname: pr-1\ntarget: aws\nregion: eu-west-1\nentry:\n  domain: ${name}.example.com\n  certificate: arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef\n";
    let domain = |name: Option<&str>, exported: Option<&str>| {
        let environment = exported.map(|name| ("SYNCCTL_NAME".to_owned(), name.to_owned()));
        let sources = Sources {
            file: Some(parse(text, "a.yaml").unwrap()),
            name: name.map(str::to_owned),
            environment: environment.into_iter().collect(),
            ..Sources::default()
        };
        let resolved = resolve(&sources).unwrap();
        resolved.deployment().entry.domain.as_ref().unwrap().to_string()
    };
    assert_eq!(domain(None, None), "pr-1.example.com");
    assert_eq!(domain(None, Some("pr-2")), "pr-2.example.com");
    assert_eq!(domain(Some("pr-3"), Some("pr-2")), "pr-3.example.com");
}
