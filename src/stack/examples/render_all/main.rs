//! Renders every shipped blueprint and many generated ones into a folder, for the judges in `tests/templates`.
//!
//!     cargo run -p stack --example render_all -- OUT [COUNT]

#![expect(clippy::disallowed_methods, reason = "an example writes what the crate returns")]

mod generator;

use std::error::Error;
use std::path::Path;

use blueprint::{Deployment, PRESETS, Sources, Target, parse, resolve};
use stack::{Rendered, Resolved, Sha256Digest, Stack, render};

/// Generated blueprints when the command line names no number.
const COUNT: u64 = 320;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("usage: render_all OUT [COUNT]")?;
    let count = arguments.next().map_or(Ok(COUNT), |text| text.parse())?;
    let presets = PRESETS.iter().map(|preset| (preset.name.to_owned(), preset.text.to_owned()));
    let generated =
        (0..count).map(|seed| (format!("generated-{seed:03}"), generator::blueprint(seed)));
    for (name, text) in presets.chain(generated) {
        let deployment = deployment(&name, &text)?;
        if deployment.target == Target::Aws {
            let resolved = resolved(&deployment);
            let rendered = render(&deployment, &resolved)?;
            write(Path::new(&out), &name, &text, &rendered)?;
            let graph = stack::graph::Graph::new(&deployment, &resolved);
            std::fs::write(Path::new(&out).join(format!("{name}.svg")), graph.to_svg())?;
            std::fs::write(Path::new(&out).join(format!("{name}.mmd")), graph.to_mermaid())?;
        }
    }
    Ok(())
}

fn deployment(name: &str, text: &str) -> Result<Deployment, Box<dyn Error>> {
    let file = parse(text, name).map_err(|problems| format!("{problems}\n{text}"))?;
    let sources = Sources { file: Some(file), ..Sources::default() };
    let resolved = resolve(&sources).map_err(|problems| format!("{problems}\n{text}"))?;
    Ok(resolved.deployment().clone())
}

/// What would be looked up, made up.
fn resolved(deployment: &Deployment) -> Resolved {
    let letters = ["a", "b", "c", "d", "e", "f"];
    let zones = letters.iter().take(deployment.network.zones as usize);
    Resolved {
        zones: zones.map(|letter| format!("{}{letter}", deployment.region)).collect(),
        image: "ami-0123456789abcdef0".to_owned(),
        release: Sha256Digest::new(&"5e".repeat(32)).expect("64 digits"),
        first_servers: deployment.servers.desired,
        table_protection: deployment.database.protect,
        kept_key: None,
        mail_endpoint: true,
        owner: "arn:aws:iam::123456789012:user/alice".to_owned(),
        expires: deployment.ttl.map(|_| "2026-12-01T00:00:00Z".to_owned()),
    }
}

fn write(out: &Path, name: &str, text: &str, rendered: &Rendered) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(out)?;
    std::fs::write(out.join(format!("{name}.blueprint.yaml")), text)?;
    for (kind, Stack { template, parameters, tags, .. }) in
        [("data", &rendered.data), ("app", &rendered.app)]
    {
        let values = serde_json::json!({ "Parameters": parameters, "Tags": tags });
        std::fs::write(out.join(format!("{name}.{kind}.json")), template.to_text())?;
        std::fs::write(out.join(format!("{name}.{kind}.values")), values.to_string())?;
    }
    Ok(())
}
