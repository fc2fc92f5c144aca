use clap::Args;

use crate::cli;
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::{self, ExitCode};
use crate::ui::Ui;

/// What can be explained beside commands.
pub(crate) const TOPICS: [&str; 2] = ["exit-codes", "environment"];

/// Explain a command or a topic: exit-codes, environment
#[derive(Debug, Args)]
pub(crate) struct HelpArgs {
    /// Command, e.g. `user add`, or topic: exit-codes, environment
    #[arg(value_name = "COMMAND|TOPIC")]
    subject: Vec<String>,
}

pub(crate) fn run(args: HelpArgs, ui: &mut Ui) -> Result<ExitCode> {
    let text = match args.subject.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["exit-codes"] => exit_codes(),
        ["environment"] => environment(),
        path => command(path)?,
    };
    ui.result(&text)?;
    Ok(ExitCode::Done)
}

fn exit_codes() -> String {
    let mut text = "Exit codes\n\n".to_owned();
    for (code, meaning) in exit_code::TABLE {
        text.push_str(&format!("  {code:>3}  {meaning}\n"));
    }
    text
}

fn environment() -> String {
    let mut text = "Environment variables\n\nA flag wins over its variable, a variable over the \
                    blueprint, the blueprint over its preset.\n\n"
        .to_owned();
    for variable in env_vars::VARIABLES {
        let flag = variable.flag.map(|flag| format!(" ({flag})")).unwrap_or_default();
        text.push_str(&format!("  {}{flag}\n      {}\n", variable.name, variable.effect));
    }
    text
}

/// The long help of the command at `path`.
fn command(path: &[&str]) -> Result<String> {
    let mut command = cli::command();
    command.build();
    let mut found = &mut command;
    for name in path {
        found = found.find_subcommand_mut(name).filter(|found| !found.is_hide_set()).ok_or_else(
            || {
                CliError::new(Kind::Usage, format!("no command or topic `{}`", path.join(" ")))
                    .hint("`syncctl --help` lists the commands; topics: exit-codes, environment")
            },
        )?;
    }
    Ok(found.render_long_help().to_string())
}
