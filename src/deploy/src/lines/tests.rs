use std::collections::BTreeMap;

use blueprint::{Sources, parse, resolve};
use serde_json::{Value, json};

use super::table::{PARAMETERS, PROPERTIES, RESOURCES};
use super::{attach, is_within, key_of, line, line_of, of_tags, pattern, plain, written};
use crate::plan::{ChangeAction, Harm};
use crate::report::sample;

/// Paths of everything in the rendered templates, by pattern of the logical id and type.
fn rendered() -> BTreeMap<(String, String), Vec<String>> {
    let mut paths: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for rendered in sample::every_deployment() {
        for stack in [&rendered.data, &rendered.app] {
            for (id, resource) in stack.template.resources() {
                let kind = resource["Type"].as_str().unwrap().to_owned();
                let known = paths.entry((pattern(id), kind)).or_default();
                collect(resource, String::new(), known);
            }
        }
    }
    paths
}

fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    paths.push(plain(&path));
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| collect(value, format!("{path}.{key}"), paths));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, path.clone(), paths)),
        // A setting of the boot script.
        Value::String(text) if path.contains("UserData") => {
            let property = path.split(".Fn::").next().unwrap();
            let names = text.split_once('=').map(|(name, _)| format!("{property}.{name}"));
            paths.extend(names.map(|path| plain(&path)));
        }
        _ => {}
    }
}

#[test]
fn every_property_is_in_the_templates() {
    let rendered = rendered();
    for row in PROPERTIES {
        let resource = (row.id.to_owned(), row.resource_type.to_owned());
        let paths = rendered.get(&resource).unwrap_or_else(|| panic!("no {resource:?}"));
        assert!(
            paths.iter().any(|path| is_within(path, row.path)),
            "{} has no {}",
            row.id,
            row.path
        );
    }
    for (id, _) in RESOURCES {
        assert!(rendered.keys().any(|(known, _)| known == id), "no {id}");
    }
}

#[test]
fn every_key_is_in_the_blueprint() {
    let reference = blueprint::Preset::find("reference");
    let resolved = resolve(&Sources { preset: reference, ..Sources::default() }).unwrap();
    let keys = PROPERTIES.iter().map(|row| row.key).chain(RESOURCES.iter().map(|(_, key)| *key));
    for key in keys {
        // `tags` is a level of its own, whose keys are the user's.
        let key = if key == "tags" { "tags.team" } else { key };
        assert!(resolved.origin(key).is_some(), "{key}");
    }
}

#[test]
fn properties_find_their_key() {
    let group = "AWS::AutoScaling::AutoScalingGroup";
    let cases = [
        (group, "Group", "Properties.MinSize", Some("servers.min")),
        (group, "Group", "/MinSize", Some("servers.min")),
        (group, "Group", "Properties.Cooldown", None),
        (group, "Other", "Properties.MinSize", None),
        ("", "Group", "Properties.MaxSize", Some("servers.max")),
        (
            "AWS::EC2::LaunchTemplate",
            "LaunchTemplate0123456789ab",
            "Properties.LaunchTemplateData.ImageId",
            Some("servers.image"),
        ),
        (
            "AWS::EC2::Subnet",
            "PrivateSubnet2",
            "Properties.AvailabilityZone",
            Some("network.zones"),
        ),
        (
            "AWS::S3::Bucket",
            "Content",
            "Properties.LifecycleConfiguration.Rules[0].NoncurrentVersionExpiration.NoncurrentDays",
            Some("storage.content.versions"),
        ),
        // The whole of something that one key is in belongs to that key; with several keys in it, to none.
        (
            "AWS::S3::Bucket",
            "Content",
            "Properties.LifecycleConfiguration",
            Some("storage.content.versions"),
        ),
        (group, "Group", "UpdatePolicy", None),
        (
            group,
            "Group",
            "UpdatePolicy.AutoScalingInstanceRefresh.Preferences.BakeTime",
            Some("rollout.bake"),
        ),
    ];
    for (kind, id, path, key) in cases {
        assert_eq!(line_of(kind, id, path), key, "{id} {path}");
    }
    assert_eq!(key_of("PublicSubnet3Routes"), Some("network.zones"));
    assert_eq!(key_of("ServerRole"), None);
}

#[test]
fn every_parameter_is_known() {
    for rendered in sample::every_deployment() {
        for stack in [&rendered.data, &rendered.app] {
            for name in stack.parameters.keys() {
                assert!(PARAMETERS.contains(&name.as_str()), "{name}");
            }
        }
    }
}

#[test]
fn a_line_belongs_to_who_has_decided() {
    let text = "version: 1\nname: x\ntarget: aws\nregion: eu-west-1\nnetwork: { egress: nat, zones: 2 }\ntags:\n  team: a\n";
    let file = Some(parse(text, "syncctl.yaml").unwrap());
    let resolved = resolve(&Sources { file, ..Sources::default() }).unwrap();
    let group = "AWS::AutoScaling::AutoScalingGroup";
    let attached = |path: &str, before: Value, after: Value, cause: Option<&str>| {
        let mut property = sample::property(path, Some(before), Some(after), "");
        property.cause = cause.map(str::to_owned);
        let mut change = sample::change("Group", group, ChangeAction::Modify, Harm::Safe);
        change.properties.push(property);
        attach(&mut change, &resolved);
        change.properties[0].line.clone()
    };
    let networks = "Properties.VPCZoneIdentifier";
    let at = |key: &str| Some(format!("syncctl.yaml:5 {key}"));
    let (two, three) = (json!(["a", "b"]), json!(["a", "b", "c"]));
    assert_eq!(attached(networks, three, two.clone(), None), at("network.zones"));
    assert_eq!(attached(networks, two, json!(["c", "d"]), None), at("network.egress"));
    let item = format!("{networks}[0]");
    assert_eq!(attached(&item, json!("a"), json!("b"), None), at("network.egress"));
    assert_eq!(attached(&item, json!("a"), json!("b"), Some("PrivateSubnet1")), None);
    let least = attached("Properties.MinSize", json!("1"), json!("2"), Some("MinServers"));
    assert_eq!(least.as_deref(), Some("servers.min"));

    let none = crate::plan::Values::new();
    let team = [("team".to_owned(), "a".to_owned())].into();
    let tags = of_tags(crate::diff::tags(&none, &team), &resolved);
    assert_eq!(tags[0].line.as_deref(), Some("syncctl.yaml:7 tags.team"));
}

#[test]
fn a_line_names_the_file_and_the_key() {
    let text = "version: 1\nname: x\ntarget: aws\nregion: eu-west-1\nservers:\n  min: 2\n";
    let file = Some(parse(text, "syncctl.yaml").unwrap());
    let resolved = resolve(&Sources { file, ..Sources::default() }).unwrap();
    let group = "AWS::AutoScaling::AutoScalingGroup";
    let line = line(&resolved, group, "Group", "Properties.MinSize");
    assert_eq!(line.as_deref(), Some("syncctl.yaml:6 servers.min"));
    assert_eq!(written(&resolved, "servers.max"), "servers.max");
}
