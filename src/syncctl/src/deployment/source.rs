//! Which blueprint a command reads.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use blueprint::{Diagnostics, Preset, Resolved, Sources};

use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::settings::Settings;
use crate::ui::Ui;

/// What is read when `--file` names nothing.
pub(crate) const DEFAULT_FILE: &str = "syncctl.yaml";
/// The preset behind commands that need no blueprint at all.
const BUILT_IN: &str = "local";

/// A blueprint's text and everything that may override it, not yet looked at.
pub(crate) struct Source {
    /// As shown to people: a path, `standard input` or `the built-in blueprint`.
    pub(crate) name: String,
    pub(crate) text: Vec<u8>,
    preset: Option<Preset>,
    overrides: Sources,
}

/// Finds the blueprint of this command and says which one it is.
pub(crate) fn find(ui: &mut Ui) -> Result<Source> {
    find_with_ttl(ui, None)
}

/// The same with a time of its own, for commands that take `--ttl`.
pub(crate) fn find_with_ttl(ui: &mut Ui, ttl: Option<&str>) -> Result<Source> {
    let settings = ui.settings().clone();
    let overrides = Sources { ttl: ttl.map(str::to_owned), ..overrides(&settings)? };
    let read = |name: String, text: Vec<u8>| Source {
        name,
        text,
        preset: None,
        overrides: overrides.clone(),
    };
    match &settings.file {
        Some(path) if path == Path::new("-") => {
            let text = bounded(io::stdin()).map_err(|error| {
                CliError::io("cannot read the blueprint from standard input", &error)
            })?;
            Ok(read("standard input".to_owned(), text))
        }
        Some(path) => Ok(read(path.display().to_string(), read_file(path)?)),
        None if Path::new(DEFAULT_FILE).exists() => {
            say(&format!("Using ./{DEFAULT_FILE}."), ui);
            Ok(read(DEFAULT_FILE.to_owned(), read_file(Path::new(DEFAULT_FILE))?))
        }
        None => {
            say(&format!("Using the built-in blueprint; there is no ./{DEFAULT_FILE}."), ui);
            let preset = Preset::find(BUILT_IN);
            let text = preset.map(|preset| preset.text.as_bytes().to_vec()).unwrap_or_default();
            Ok(Source { name: "the built-in blueprint".to_owned(), text, preset, overrides })
        }
    }
}

fn say(text: &str, ui: &mut Ui) {
    let text = ui.error_style().dim(text);
    ui.note(&text);
}

/// Whether there is a blueprint to read, apart from the built-in one.
pub(crate) fn is_there(settings: &Settings) -> bool {
    settings.file.is_some() || Path::new(DEFAULT_FILE).exists()
}

impl Source {
    /// Brings text, flags and environment together.
    pub(crate) fn resolve(&self) -> Result<Resolved, Diagnostics> {
        let mut sources = self.overrides.clone();
        match self.preset {
            Some(preset) => sources.preset = Some(preset),
            None => sources.file = Some(blueprint::parse(&self.text, &self.name)?),
        }
        blueprint::resolve(&sources)
    }
}

fn overrides(settings: &Settings) -> Result<Sources> {
    let sets = settings.overrides.iter().map(|typed| match typed.split_once('=') {
        Some((key, value)) => Ok((key.trim().to_owned(), value.to_owned())),
        None => Err(CliError::new(Kind::Usage, format!("--set needs KEY=VALUE, not `{typed}`"))
            .hint("for example: --set servers.min=2")),
    });
    // Variables that are not text cannot be meant for a blueprint.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let environment: BTreeMap<String, String> = environment.collect();
    // A name from the variable reaches the blueprint with the environment, and is said to come from there.
    let exported = environment.get(env_vars::NAME);
    let mut sets = sets.collect::<Result<Vec<_>>>()?;
    // `--region` is short for it. The variable reaches the blueprint with the environment.
    let exported_region = environment.get(env_vars::REGION);
    if let Some(region) = settings.region.clone().filter(|region| Some(region) != exported_region) {
        sets.push(("region".to_owned(), region));
    }
    Ok(Sources {
        sets,
        name: settings.name.clone().filter(|name| Some(name) != exported),
        environment,
        ..Sources::default()
    })
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    File::open(path).and_then(bounded).map_err(|error| {
        let failed = CliError::io(format!("cannot read the blueprint {}", path.display()), &error);
        match error.kind() {
            io::ErrorKind::NotFound => {
                failed.hint(format!("write one with `syncctl init --file {}`", path.display()))
            }
            _ => failed,
        }
    })
}

/// One byte more than a blueprint may have is enough to know that it is too large.
fn bounded(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    reader.take(blueprint::MOST_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}
