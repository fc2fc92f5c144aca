//! The deployer's command line: arguments, questions, progress, tables and exit codes.
//!
//! What a command means is decided in the crates below (`blueprint`, `local`, `store`); here is only
//! what a person or a script sees of it. Results go to standard output, everything else to standard
//! error, and only [`ui::Ui`] writes either.

use std::ffi::OsString;

use clap::FromArgMatches;

use cli::{Cli, ColorChoice, Invocation};
use error::CliError;
use exit_code::ExitCode;
use settings::{Environment, Settings};
use ui::Ui;

mod accounts;
mod aws;
mod branch;
mod cli;
mod commands;
mod deployment;
mod durations;
mod env_vars;
mod error;
mod exit_code;
mod invitation;
mod port_holder;
mod programs;
pub mod reference;
mod repeat;
mod reporter;
mod rolling;
mod settings;
mod ui;

/// Runs one command line to its end and says how it went.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> std::process::ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let environment = Environment::of_process();
    let cli = match parse(&arguments, &environment) {
        Ok(cli) => cli,
        Err(code) => return code.into(),
    };
    let Cli { global, invocation } = cli;
    let command = match invocation {
        Invocation::Command(command) => command,
        Invocation::Entry(entry) => return commands::hidden::run(entry),
    };
    let mut ui = Ui::new(Settings::new(global, &environment));
    let outcome = branch::settle(&mut ui).and_then(|()| commands::run(command, &mut ui));
    let outcome = outcome.and_then(|code| ui.flush().map(|()| code));
    outcome.unwrap_or_else(|error| fail(&mut ui, &error)).into()
}

/// Reads the command line. Help and version go to standard output with code 0, mistakes to standard
/// error with code 64.
fn parse(arguments: &[OsString], environment: &Environment) -> Result<Cli, ExitCode> {
    let color = match settings::early_color(arguments, environment) {
        ColorChoice::Never => clap::ColorChoice::Never,
        ColorChoice::Always | ColorChoice::Auto => clap::ColorChoice::Always,
    };
    let command = cli::command().color(color);
    let parsed = command
        .try_get_matches_from(arguments)
        .and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches));
    parsed.map_err(|error| {
        // A reader that went away is no reason to complain.
        let _ = error.print();
        if error.use_stderr() { ExitCode::Usage } else { ExitCode::Done }
    })
}

fn fail(ui: &mut Ui, error: &CliError) -> ExitCode {
    ui.error(error);
    error.kind.exit_code()
}
