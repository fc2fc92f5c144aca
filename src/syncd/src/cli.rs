//! `--help` and `--version`; everything else comes from the environment.

use std::fmt::Write as _;

use clap::Parser;

use crate::config::variables;

/// The bundled sync server. It is configured by environment variables only, so that no secret
/// ever stands on a command line.
#[derive(Debug, Parser)]
#[command(name = "syncd", version, after_help = variables_help())]
pub struct Arguments {}

/// Exit codes and variables, under the options.
pub fn variables_help() -> String {
    let mut text = String::from("Environment:\n");
    for variable in variables::ALL {
        let note = match variable.default {
            Some(default) => format!("(default: {default})"),
            None => "(required)".to_owned(),
        };
        // Writing to a String can't fail.
        let _ = writeln!(text, "  {}  {note}\n      {}", variable.name, variable.about);
    }
    let _ = write!(
        text,
        "\n  {}\n\nExit codes:\n  0  stopped after SIGTERM or SIGINT\n  1  could not start, or \
         the listener failed\n  64 wrong arguments\n  78 the environment is not complete, or the data is of a \
         newer release",
        variables::SDK
    );
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Arguments;
    use crate::config::variables;

    #[test]
    fn the_command_line_is_valid() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_lists_every_variable() {
        let help = Arguments::command().render_long_help().to_string();
        for variable in variables::ALL {
            assert!(help.contains(variable.name), "{} is missing", variable.name);
        }
    }
}
