//! Sources to one deployment: flag before environment before file before preset before default.

mod checks;
mod settings;

pub(crate) use settings::{Settings, default_value};

use crate::deployment;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place};
use crate::document::Document;
use crate::layer::{self, Layer, Origin};
use crate::presets::Preset;
use crate::resolved::Resolved;
use crate::value::Value;
use std::collections::BTreeMap;

/// Everything that may say something about a deployment. Nothing is read from anywhere else.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The shipped blueprint that the file builds on, if any.
    pub preset: Option<Preset>,
    /// The blueprint file, if any.
    pub file: Option<Document>,
    /// The environment. Used are `SYNCCTL_SET_…` (a path in capitals, two underscores per dot:
    /// `SYNCCTL_SET_SERVERS__MIN`), `SYNCCTL_NAME`, `SYNCCTL_REGION`, the names that `${env:NAME}` asks for, and,
    /// only where nothing else names a Region, `AWS_REGION` and `AWS_DEFAULT_REGION`.
    pub environment: BTreeMap<String, String>,
    /// `--set PATH=VALUE`, cut at the first `=`, in the order typed; the last one of a path wins.
    pub sets: Vec<(String, String)>,
    /// `--name`; wins over `--set name`.
    pub name: Option<String>,
    /// `--region`; wins over `--set region`.
    pub region: Option<String>,
    /// `--ttl`; wins over `--set ttl`.
    pub ttl: Option<String>,
}

/// Brings all sources together.
///
/// # Errors
/// Every problem of every source at once. Warnings alone are no error; they are part of the result.
pub fn resolve(sources: &Sources) -> Result<Resolved, Diagnostics> {
    let mut problems = Diagnostics::default();
    let layers = layers(sources, &mut problems);
    let settings = Settings::merge(&layers);
    checks::check(&settings, &mut problems);
    problems.sort();
    if problems.has_errors() {
        return Err(problems);
    }
    match deployment::build(&settings) {
        Some(deployment) => Ok(Resolved::new(deployment, settings, problems)),
        None => {
            let message =
                "the blueprint is valid, yet no deployment comes of it; please report this";
            problems.push(Diagnostic::new(Code::Internal, "", message, Place::Nowhere));
            Err(problems)
        }
    }
}

/// Checks a text as the only source and returns all findings, warnings included.
#[must_use]
pub fn validate(
    bytes: impl AsRef<[u8]>,
    file_name: &str,
    environment: &BTreeMap<String, String>,
) -> Diagnostics {
    let document = match crate::document::parse(bytes, file_name) {
        Ok(document) => document,
        Err(problems) => return problems,
    };
    let sources =
        Sources { file: Some(document), environment: environment.clone(), ..Sources::default() };
    match resolve(&sources) {
        Ok(resolved) => resolved.warnings().clone(),
        Err(problems) => problems,
    }
}

/// The sources from the strongest to the weakest.
fn layers(sources: &Sources, problems: &mut Diagnostics) -> [Layer; 5] {
    let environment = &sources.environment;
    let named = [
        ("--name", "name", sources.name.as_deref()),
        ("--region", "region", sources.region.as_deref()),
        ("--ttl", "ttl", sources.ttl.as_deref()),
    ];
    let flags = layer::from_flags(&sources.sets, named, problems);
    let exported = layer::from_environment(environment, problems);
    let named = |layer: &Layer| match layer.get("name").and_then(|given| given.value.as_ref()) {
        Some(Value::Name(name)) => Some(name.to_string()),
        _ => None,
    };
    let name = named(&flags).or_else(|| named(&exported));
    let file = sources.file.as_ref();
    let file = file.map(|document| read(document, environment, name.as_deref(), problems));
    let name = name.or_else(|| named(file.as_ref()?));
    let preset = sources.preset.and_then(|preset| match preset.document() {
        Ok(document) => Some(read(&document, environment, name.as_deref(), problems)),
        Err(found) => {
            problems.append(found);
            None
        }
    });
    let ambient = layer::region_of_environment(environment, problems);
    [flags, exported, file.unwrap_or_default(), preset.unwrap_or_default(), ambient]
}

fn read(
    document: &Document,
    environment: &BTreeMap<String, String>,
    name: Option<&str>,
    problems: &mut Diagnostics,
) -> Layer {
    problems.append(document.problems.clone());
    layer::from_document(document, environment, name, problems)
}

/// Strength of a source, for "who overrides whom".
pub(crate) fn rank(origin: &Origin) -> u8 {
    match origin {
        Origin::Flag { .. } => 4,
        Origin::Environment { .. } => 3,
        Origin::File { .. } => 2,
        Origin::Preset { .. } => 1,
        Origin::Default => 0,
    }
}
