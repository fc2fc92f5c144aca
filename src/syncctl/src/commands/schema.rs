use clap::{Args, ValueEnum};
use deploy::report;

use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::{Ui, stream};

/// Print the JSON schema of what syncctl reads and writes
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Of what
    #[arg(value_enum)]
    of: Subject,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Subject {
    /// Blueprints, for editors.
    Blueprint,
    /// `plan --format json`.
    Plan,
    /// The lines of `up`, `apply`, `down` and `roll` with `--format json`.
    Progress,
}

pub(crate) fn run(args: SchemaArgs, ui: &mut Ui) -> Result<ExitCode> {
    match args.of {
        Subject::Blueprint => super::blueprint::schema::print(ui),
        Subject::Plan => print(report::SCHEMA, ui),
        Subject::Progress => print(stream::SCHEMA, ui),
    }
}

fn print(schema: &str, ui: &mut Ui) -> Result<ExitCode> {
    ui.line(schema.trim_end())?;
    Ok(ExitCode::Done)
}
