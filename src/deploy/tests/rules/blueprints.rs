//! Stacks to compare: every preset, generated blueprints, and small ones by their text.

use std::collections::BTreeMap;

use blueprint::{Deployment, PRESETS, Sources, Target, parse, resolve};
use deploy::diff::{Deployed, diff};
use deploy::plan::Change;
use stack::{Rendered, Resolved, Sha256Digest, Stack, render};

use crate::generator;

const HEAD: &str = "version: 1\nname: acme-sync\ntarget: aws\nregion: eu-west-1\n";

/// The shipped blueprints for AWS, and generated ones that together use every switch: 7 has no factor in common with
/// the numbers of choices that a seed counts through.
pub(crate) fn deployments() -> impl Iterator<Item = Deployment> {
    let presets = PRESETS.iter().map(|preset| preset.text.to_owned());
    let texts = presets.chain((0..180).step_by(7).map(generator::blueprint));
    texts.map(|text| decided(&text)).filter(|it| it.target == Target::Aws)
}

/// The blueprint of a seed.
pub(crate) fn generated(seed: u64) -> Rendered {
    rendered_with(&decided(&generator::blueprint(seed)), |_| {})
}

pub(crate) fn deployment(rest: &str) -> Deployment {
    decided(&format!("{HEAD}{rest}"))
}

pub(crate) fn rendered(rest: &str) -> Rendered {
    rendered_with(&deployment(rest), |_| {})
}

/// The stacks of a deployment, with other things found in the world.
pub(crate) fn rendered_with(
    deployment: &Deployment,
    found: impl FnOnce(&mut Resolved),
) -> Rendered {
    let letters = ["a", "b", "c", "d", "e", "f"].iter().take(deployment.network.zones as usize);
    let mut resolved = Resolved {
        zones: letters.map(|letter| format!("{}{letter}", deployment.region)).collect(),
        image: "ami-0123456789abcdef0".to_owned(),
        release: Sha256Digest::new(&"5e".repeat(32)).unwrap(),
        first_servers: 3,
        table_protection: false,
        kept_key: None,
        mail_endpoint: true,
        owner: "arn:aws:iam::123456789012:user/alice".to_owned(),
        expires: None,
    };
    found(&mut resolved);
    render(deployment, &resolved).unwrap()
}

/// Everything in the world has an id there: `id-of-LOGICAL`.
pub(crate) fn physical_ids(stack: &Stack) -> BTreeMap<String, String> {
    let ids = stack.template.resources().keys();
    ids.map(|id| (id.clone(), format!("id-of-{id}"))).collect()
}

/// What leads from one stack to another.
pub(crate) fn changes(before: &Stack, after: &Stack) -> Vec<Change> {
    let text = before.template.to_text();
    let ids = physical_ids(before);
    let deployed = Deployed { template: &text, parameters: &before.parameters, physical_ids: &ids };
    diff(Some(deployed), after).unwrap()
}

/// Changes as a person would note them: one line each, and one for each property.
pub(crate) fn notes(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let policy = change.policy.map(|policy| format!(" {policy:?}")).unwrap_or_default();
        text.push_str(&format!(
            "{:?}: {:?} {} ({}), replaced {:?}{policy}\n",
            change.harm,
            change.action,
            change.logical_id,
            change.physical_id.as_deref().unwrap_or("new"),
            change.replacement
        ));
        for property in &change.properties {
            let value = |value: &Option<serde_json::Value>| match value {
                Some(value) => value.to_string(),
                None => "?".to_owned(),
            };
            let cause = property.cause.as_ref().map(|cause| format!(" by {cause}"));
            text.push_str(&format!(
                "  {}: {} -> {}, {:?}{}\n",
                property.path,
                value(&property.before),
                value(&property.after),
                property.recreation,
                cause.unwrap_or_default(),
            ));
        }
    }
    text
}

fn decided(text: &str) -> Deployment {
    let file = parse(text, "a.yaml").unwrap();
    let sources = Sources { file: Some(file), ..Sources::default() };
    resolve(&sources).unwrap().deployment().clone()
}
