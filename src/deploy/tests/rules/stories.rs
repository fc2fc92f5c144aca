//! A key of the blueprint changes: what happens to the stacks.

use deploy::plan::{Change, ChangeAction, Harm, PolicyAction, Replacement};
use stack::Stack;

use crate::blueprints::{changes, deployment, notes, rendered, rendered_with};

#[test]
fn another_instance_type_is_another_launch_template_and_a_roll() {
    let before = rendered("servers: { instance: t3.small }\n");
    let after = rendered("servers: { instance: t3.medium }\n");
    assert_eq!(changes(&before.data, &after.data), []);
    insta::assert_snapshot!(told(&changes(&before.app, &after.app)), @r#"
    Rolls: Modify LaunchTemplate<1> (id-of-LaunchTemplate<2>), replaced Always ReplaceAndDelete
      LogicalId: "LaunchTemplate<2>" -> "LaunchTemplate<1>", Always
      Properties.LaunchTemplateData.InstanceType: "t3.small" -> "t3.medium", Always by InstanceType
    Rolls: Modify Group (id-of-Group), replaced Never
      Properties.LaunchTemplate.LaunchTemplateId: "id-of-LaunchTemplate<2>" -> ?, Never by LaunchTemplate<1>
      Properties.LaunchTemplate.Version: ? -> ?, Never by LaunchTemplate<1>
    "#);
}

#[test]
fn another_release_changes_the_boot_script_only() {
    let deployment = deployment("");
    let before = rendered_with(&deployment, |_| {});
    let release = stack::Sha256Digest::new(&"0b".repeat(32)).unwrap();
    let after = rendered_with(&deployment, |resolved| resolved.release = release);
    insta::assert_snapshot!(told(&changes(&before.app, &after.app)), @r#"
    Rolls: Modify LaunchTemplate<1> (id-of-LaunchTemplate<2>), replaced Always ReplaceAndDelete
      LogicalId: "LaunchTemplate<2>" -> "LaunchTemplate<1>", Always
      Properties.LaunchTemplateData.UserData[RELEASE]: "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e" -> "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", Always by Release
    Rolls: Modify Group (id-of-Group), replaced Never
      Properties.LaunchTemplate.LaunchTemplateId: "id-of-LaunchTemplate<2>" -> ?, Never by LaunchTemplate<1>
      Properties.LaunchTemplate.Version: ? -> ?, Never by LaunchTemplate<1>
    "#);
}

#[test]
fn a_size_is_one_property_in_place() {
    let before = rendered("servers: { min: 2, max: 9 }\n");
    let after = rendered("servers: { min: 4, max: 9 }\n");
    insta::assert_snapshot!(told(&changes(&before.app, &after.app)), @r#"
    Safe: Modify Group (id-of-Group), replaced Never
      Properties.MinSize: "2" -> "4", Never by MinServers
    Safe: Modify TooFewServers (id-of-TooFewServers), replaced Never
      Properties.Threshold: "2" -> "4", Never by MinServers
    "#);
}

#[test]
fn another_name_of_the_bucket_replaces_it_and_asks_the_policy() {
    for (retain, policy, harm) in [
        ("true", PolicyAction::ReplaceAndRetain, Harm::Interrupts),
        ("false", PolicyAction::ReplaceAndDelete, Harm::Destroys),
    ] {
        let rest = format!("protect: false\nstorage: {{ content: {{ retain: {retain} }} }}\n");
        let before = rendered(&rest).data;
        let changed = edited(&before, "acme-sync-content-", "other-content-");
        let change = changed.iter().find(|change| change.logical_id == "Content").unwrap();
        assert_eq!(change.replacement, Replacement::Always);
        assert_eq!((change.policy, change.harm), (Some(policy), harm));
        // The policy of the bucket stands at the bucket, and so moves with it.
        let follower = changed.iter().find(|it| it.logical_id == "ContentPolicy").unwrap();
        assert_eq!(follower.replacement, Replacement::Always);
        let property =
            follower.properties.iter().find(|it| it.path == "Properties.Bucket").unwrap();
        assert_eq!(property.cause.as_deref(), Some("Content"));
        assert_eq!(property.before, Some("id-of-Content".into()));
        assert_eq!(property.after, None);
    }
}

#[test]
fn another_key_schema_may_replace_the_table() {
    let before = rendered("protect: false\nstorage: { content: { retain: false } }\n").data;
    let changed = edited(&before, "\"AttributeName\": \"sk\"", "\"AttributeName\": \"sort\"");
    insta::assert_snapshot!(told(&changed), @r#"
    Destroys: Modify Metadata (id-of-Metadata), replaced Conditional ReplaceAndDelete
      Properties.AttributeDefinitions[1].AttributeName: "sort" -> "sk", Never
      Properties.KeySchema[1].AttributeName: "sort" -> "sk", Conditional
    "#);
}

#[test]
fn without_mail_the_identity_goes() {
    let before = rendered("email: { identity: example.com, manage: create }\n");
    let after = rendered("");
    let changed = changes(&before.data, &after.data);
    assert!(changed.iter().all(|change| change.action == ChangeAction::Remove));
    insta::assert_snapshot!(told(&changed), @r#"
    Interrupts: Remove MailIdentity (id-of-MailIdentity), replaced Never Delete
    Safe: Remove MailConfiguration (id-of-MailConfiguration), replaced Never Delete
    Safe: Remove MailEvents (id-of-MailEvents), replaced Never Delete
    "#);
}

#[test]
fn another_way_out_moves_the_servers() {
    let before = rendered("network: { egress: public-ip }\n");
    let after = rendered("network: { egress: nat }\n");
    insta::assert_snapshot!(told(&changes(&before.app, &after.app)), @r#"
    Rolls: Modify LaunchTemplate<1> (id-of-LaunchTemplate<2>), replaced Always ReplaceAndDelete
      LogicalId: "LaunchTemplate<2>" -> "LaunchTemplate<1>", Always
      Properties.LaunchTemplateData.NetworkInterfaces: [{"AssociatePublicIpAddress":true,"DeleteOnTermination":true,"DeviceIndex":0,"Groups":["${ServersFirewall.GroupId}"]}] -> ?, Always
      Properties.LaunchTemplateData.SecurityGroupIds: ? -> ["${ServersFirewall.GroupId}"], Always
    Rolls: Modify Group (id-of-Group), replaced Never
      Properties.LaunchTemplate.LaunchTemplateId: "id-of-LaunchTemplate<2>" -> ?, Never by LaunchTemplate<1>
      Properties.LaunchTemplate.Version: ? -> ?, Never by LaunchTemplate<1>
      Properties.VPCZoneIdentifier: ["id-of-PublicSubnet1","id-of-PublicSubnet2","id-of-PublicSubnet3"] -> ["id-of-PrivateSubnet1","id-of-PrivateSubnet2","id-of-PrivateSubnet3"], Never
    Safe: Add Nat (new), replaced Never
    Safe: Add PrivateDefaultRoute (new), replaced Never
    "#);
}

#[test]
fn another_range_is_another_network() {
    let before = rendered("network: { cidr: 10.20.0.0/16 }\n");
    let after = rendered("network: { cidr: 10.30.0.0/16 }\n");
    let changed = changes(&before.app, &after.app);
    let of = |id: &str| changed.iter().find(|change| change.logical_id == id).unwrap();
    // Everything in it follows, each by what the schemas say of the property that refers to it.
    for id in ["Network", "PublicSubnet1", "ServersFirewall", "TargetGroup", "RejectedTraffic"] {
        assert_eq!((of(id).replacement, of(id).harm), (Replacement::Always, of(id).harm), "{id}");
    }
    assert_eq!(of("LoadBalancer").replacement, Replacement::Never);
    assert_eq!(of("Group").replacement, Replacement::Never);
    assert_eq!(of("Group").harm, Harm::Rolls);
}

/// The changes to a stack whose deployed text was another one in one place.
fn edited(after: &Stack, now: &str, then: &str) -> Vec<Change> {
    let text = after.template.to_text();
    assert!(text.contains(now), "{text}");
    let ids = crate::blueprints::physical_ids(after);
    let deployed = deploy::diff::Deployed {
        template: &text.replace(now, then),
        parameters: &after.parameters,
        physical_ids: &ids,
    };
    deploy::diff::diff(Some(deployed), after).unwrap()
}

/// The notes with `<1>`, `<2>` … for digests, which every edit of a template changes.
fn told(changes: &[Change]) -> String {
    let mut text = notes(changes);
    let mut digests: Vec<String> = Vec::new();
    for (at, _) in text.match_indices("LaunchTemplate").chain(text.match_indices("sha256 ")) {
        let behind = &text[at..];
        let behind = behind.strip_prefix("LaunchTemplate").or(behind.strip_prefix("sha256 "));
        digests.extend(behind.and_then(digest).filter(|digest| !digests.contains(digest)));
    }
    for (index, digest) in digests.iter().enumerate() {
        text = text.replace(digest, &format!("<{}>", index + 1));
    }
    text
}

fn digest(text: &str) -> Option<String> {
    let digest = text.get(..12)?;
    digest.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| digest.to_owned())
}
