//! The JSON schema agrees with the parser, as far as a schema can.

use crate::support::resolve_text;
use blueprint::{PRESETS, schema};

/// YAML as an editor's schema checker sees it.
fn yaml(text: &str) -> serde_json::Value {
    serde_yaml::from_str(text).unwrap()
}

#[test]
fn every_shipped_blueprint_is_valid_to_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for preset in PRESETS {
        let errors: Vec<String> = validator
            .iter_errors(&yaml(preset.text))
            .map(|error| format!("{}: {error}", error.instance_path))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", preset.name);
    }
}

#[test]
fn the_schema_itself_is_valid_draft_7() {
    assert!(jsonschema::draft7::meta::is_valid(&schema()));
}

#[test]
fn both_refuse_the_same_mistakes() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for text in [
        "serverz: {}",
        "name: Acme",
        "name: acme-data",
        "name: 1",
        "target: azure",
        "region: ireland",
        "protect: 1",
        "ttl: 5",
        "ttl: []",
        "network: { cidr: 10.0.0.0/8 }",
        "network: { zones: 7 }",
        "network: { zones: \"3\" }",
        "entry: { allow: 0.0.0.0/0 }",
        "entry: { health: { unhealthy: 1 } }",
        "servers: { min: 0 }",
        "servers: { min: 1.5 }",
        "servers: { instance: small }",
        "servers: { image: ubuntu }",
        "servers: { release: latest }",
        "servers: { scale: { cpu: 95 } }",
        "rollout: { max_healthy: 50 }",
        "rollout: { alarms: [fire] }",
        "rollout: { alarms: [boot, boot] }",
        "storage: { key: mine }",
        "identity: { accounts: ldap }",
        "identity: { accounts: { oidc: { issuer: \"http://a.bc\" } } }",
        "email: { from: nobody }",
        "email: { manage: maybe }",
        "tags: { a: 1 }",
        "local: { port: 70000 }",
        "local: { listen: localhost }",
        "local: { data: ~/x }",
        "servers: 3",
        "local: { data: ~ }",
    ] {
        let text = format!(
            "version: 1\n{}{text}\n",
            if text.starts_with("name") { "" } else { "name: a\n" }
        );
        assert!(!validator.is_valid(&yaml(&text)), "the schema accepts {text}");
        assert!(resolve_text(&text).is_err(), "the parser accepts {text}");
    }
}

#[test]
fn both_accept_variables_and_none() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let text = "version: 1\nname: \"${env:NAME:-a}\"\ntarget: aws\nregion: eu-west-1\nservers: { min: \"${env:MIN:-3}\", scale: { cpu: none } }\nttl: none\nentry: { allow: [\"${env:OFFICE:-10.0.0.0/8}\"] }\n";
    assert!(validator.is_valid(&yaml(text)));
    assert!(resolve_text(text).is_ok(), "{}", crate::support::findings(text));
}
