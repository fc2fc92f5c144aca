//! The shipped blueprints are all embedded, valid, and known to the schema (DP-1, DP-3, DP-5).

use blueprint::{PRESETS, Preset, Sources, resolve};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_file_of_the_folder_is_in_the_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints");
    let files: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let table: BTreeSet<String> =
        PRESETS.iter().map(|preset| format!("{}.yaml", preset.name)).collect();
    assert_eq!(files, table, "add the file to PRESETS in src/blueprint/src/presets.rs");
    for preset in PRESETS {
        let file = std::fs::read_to_string(folder.join(format!("{}.yaml", preset.name))).unwrap();
        assert_eq!(file, preset.text);
    }
}

#[test]
fn every_preset_resolves_alone_and_warns_about_nothing_but_what_is_yours_to_fill_in() {
    for preset in PRESETS {
        let resolved = resolve(&Sources { preset: Some(preset), ..Sources::default() });
        let resolved = resolved.unwrap_or_else(|problems| panic!("{}: {problems}", preset.name));
        let keys: Vec<_> =
            resolved.warnings().list().iter().map(|warning| warning.key.as_str()).collect();
        let expected: &[&str] = if preset.name == "production" { &["protect"] } else { &[] };
        assert_eq!(keys, expected, "{}", preset.name);
    }
}

#[test]
fn a_file_builds_on_a_preset_and_a_flag_on_both() {
    let file = blueprint::parse("version: 1\nname: acme\nservers: { max: 5 }\n", "a.yaml").unwrap();
    let sources = Sources {
        preset: Preset::find("production"),
        file: Some(file),
        sets: vec![("servers.min".to_owned(), "2".to_owned())],
        ..Sources::default()
    };
    let resolved = resolve(&sources).unwrap();
    let origin = |path| resolved.origin(path).unwrap().to_string();
    assert_eq!(resolved.deployment().name.as_str(), "acme");
    assert_eq!(origin("servers.min"), "flag --set servers.min");
    assert_eq!(origin("servers.max"), "a.yaml:3");
    assert!(origin("protect").starts_with("preset production:"), "{}", origin("protect"));
    assert_eq!(origin("servers.image"), "default");
}

#[test]
fn the_local_preset_is_what_the_machine_needs() {
    let resolved =
        resolve(&Sources { preset: Preset::find("local"), ..Sources::default() }).unwrap();
    let deployment = resolved.deployment();
    assert_eq!(deployment.servers.desired, 3);
    assert_eq!(deployment.network.zones, 3);
    assert_eq!(deployment.local.port, 8420);
    assert!(deployment.local.listen.is_loopback());
    assert_eq!(deployment.email.digest.seconds(), 30);
    assert_eq!(deployment.email.from.as_ref().unwrap().as_str(), "sync@localhost.localdomain");
    assert_eq!(Preset::suggest("produktion"), Some("production"));
}
