use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use blueprint::{Preset, Sources, Target};
use clap::Args;
use serde::Serialize;

use crate::deployment::DEFAULT_FILE;
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Write a commented blueprint to start from
///
/// Writes ./syncctl.yaml, or the file named with --file. An existing file is never overwritten
/// without --force. `syncctl blueprint list` shows the presets.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Preset to start from
    #[arg(long, default_value = "local", env = env_vars::INIT_PRESET, hide_env = true)]
    preset: String,
    /// Overwrite an existing file
    #[arg(long, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue, env = env_vars::INIT_FORCE, hide_env = true)]
    force: bool,
}

/// Where a reader of the file learns what else could stand in it.
const POINTERS: &str = "
# What else can be set, with the defaults:  syncctl blueprint show --resolved
# Every key explained:                      syncctl init --preset reference --file reference.yaml
# Check after a change:                     syncctl validate
";

#[derive(Debug, Serialize)]
struct Written<'a> {
    file: &'a Path,
    preset: &'a str,
}

pub(crate) fn run(args: InitArgs, ui: &mut Ui) -> Result<ExitCode> {
    let preset = find_preset(&args.preset)?;
    let path = ui.settings().file.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let text = match &ui.settings().name {
        Some(name) => with_name(preset.text, name)?,
        None => preset.text.to_owned(),
    };
    let pointers = if preset.name == "reference" { "" } else { POINTERS };
    write(&path, &(text + pointers), args.force)?;
    if ui.is_json() {
        ui.json("syncctl/init/1", &Written { file: &path, preset: preset.name })?;
        return Ok(ExitCode::Done);
    }
    ui.line(&format!(
        "Wrote {} from the preset `{}`: {}",
        path.display(),
        preset.name,
        preset.summary
    ))?;
    let flag = match path == Path::new(DEFAULT_FILE) {
        true => String::new(),
        false => format!(" --file {}", path.display()),
    };
    ui.note_exactly("\nNext:");
    ui.note_exactly(&format!("  syncctl validate{flag}   check it after a change"));
    if target(preset) == Some(Target::Local) {
        ui.note_exactly(&format!("  syncctl up{flag}         bring the service up"));
    }
    Ok(ExitCode::Done)
}

fn target(preset: Preset) -> Option<Target> {
    let sources = Sources { preset: Some(preset), ..Sources::default() };
    Some(blueprint::resolve(&sources).ok()?.deployment().target)
}

fn find_preset(name: &str) -> Result<Preset> {
    Preset::find(name).ok_or_else(|| {
        let error = CliError::new(Kind::NotFound, format!("there is no preset `{name}`"));
        let error = match Preset::suggest(name) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        };
        error.hint("`syncctl blueprint list` shows the presets")
    })
}

/// The preset under another name; everything else, comments included, stays.
fn with_name(text: &str, name: &str) -> Result<String> {
    let name = blueprint::StackName::new(name)
        .map_err(|problem| CliError::new(Kind::Usage, format!("--name: {problem}")))?;
    let renamed = text.lines().map(|line| {
        let Some(rest) = line.strip_prefix("name:") else { return line.to_owned() };
        let comment = rest.find(" #").map(|start| &rest[start..]).unwrap_or_default();
        format!("name: {}{comment}", name.as_str())
    });
    Ok(renamed.map(|line| line + "\n").collect())
}

fn write(path: &Path, text: &str, force: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    match force {
        true => options.create(true).truncate(true),
        false => options.create_new(true),
    };
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            CliError::new(Kind::CannotCreate, format!("{} exists already", path.display()))
                .hint("add --force to overwrite it, or name another file with --file")
        }
        _ => CliError::write(format!("cannot write {}", path.display()), &error),
    })
}
