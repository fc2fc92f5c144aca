use clap::Args;

use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Print the JSON schema of blueprints, for editors
///
/// With the YAML language server, write the schema to a file and put this line on top of the
/// blueprint:  # yaml-language-server: $schema=FILE
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {}

pub(crate) fn run(_: SchemaArgs, ui: &mut Ui) -> Result<ExitCode> {
    print(ui)
}

pub(crate) fn print(ui: &mut Ui) -> Result<ExitCode> {
    let schema = serde_json::to_string_pretty(&blueprint::schema())
        .map_err(|error| CliError::from_error(Kind::Failed, &error))?;
    ui.line(&schema)?;
    Ok(ExitCode::Done)
}
