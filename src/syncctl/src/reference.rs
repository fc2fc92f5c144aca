//! The CLI reference (`docs/cli.md`), made from the command definitions so that it cannot go stale.

use clap::{Arg, Command};

use crate::cli;
use crate::env_vars;
use crate::exit_code;

const DOCUMENTS: &str = include_str!("reference/documents.md");

/// The whole reference as Markdown.
pub fn markdown() -> String {
    let mut root = cli::command();
    root.build();
    let mut text = "# Command line reference\n\nGenerated from the program's own help; \
                    `syncctl help COMMAND` shows the same.\n"
        .to_owned();
    text.push_str("\n## Flags every command understands\n\n");
    text.push_str(&arguments(root.get_arguments().filter(|argument| argument.is_global_set())));
    for command in visible(&root) {
        section(&mut text, "syncctl", command);
    }
    text.push_str(&exit_codes());
    text.push_str(&environment());
    text.push('\n');
    text.push_str(DOCUMENTS);
    text.replace("\n\n\n", "\n\n")
}

fn section(text: &mut String, parent: &str, command: &Command) {
    let name = format!("{parent} {}", command.get_name());
    let subcommands: Vec<_> = visible(command).collect();
    if subcommands.is_empty() {
        text.push_str(&format!("\n## {name}\n\n{}", paragraphs(command)));
        text.push_str(&format!("```\n{}\n```\n\n", usage(command)));
        let own = command.get_arguments().filter(|argument| !argument.is_global_set());
        text.push_str(&arguments(own));
    }
    for command in subcommands {
        section(text, &name, command);
    }
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| !command.is_hide_set())
}

fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    usage.trim_start_matches("Usage: ").to_owned()
}

fn paragraphs(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about());
    let more = command.get_after_help();
    let texts = about.into_iter().chain(more);
    texts.map(|text| format!("{}\n\n", text.to_string().trim())).collect()
}

fn arguments<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let mut text = String::new();
    for argument in arguments {
        let id = argument.get_id().as_str();
        if argument.is_hide_set() || id == "help" || id == "version" {
            continue;
        }
        text.push_str(&format!("- {}: {}", spelling(argument), help(argument)));
        let values: Vec<_> = argument
            .get_possible_values()
            .iter()
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        if argument.get_action().takes_values() && !values.is_empty() {
            text.push_str(&format!(" ({})", values.join(", ")));
        }
        if let Some(variable) = argument.get_env() {
            text.push_str(&format!(". Variable: `{}`", variable.to_string_lossy()));
        }
        text.push('\n');
    }
    text
}

fn spelling(argument: &Arg) -> String {
    let value = match argument.get_value_names() {
        Some([name, ..]) if argument.get_action().takes_values() => format!(" {name}"),
        _ => String::new(),
    };
    let mut names = Vec::new();
    names.extend(argument.get_short().map(|short| format!("`-{short}`")));
    names.extend(argument.get_long().map(|long| format!("`--{long}{value}`")));
    for alias in argument.get_visible_aliases().unwrap_or_default() {
        names.push(format!("`--{alias}`"));
    }
    if names.is_empty() { format!("`{}`", value.trim()) } else { names.join(", ") }
}

fn help(argument: &Arg) -> String {
    let help = argument.get_long_help().or_else(|| argument.get_help());
    help.map(|help| help.to_string().split_whitespace().collect::<Vec<_>>().join(" "))
        .unwrap_or_default()
}

fn exit_codes() -> String {
    let mut text = "\n## Exit codes\n\n| code | meaning |\n|---|---|\n".to_owned();
    for (code, meaning) in exit_code::TABLE {
        text.push_str(&format!("| {code} | {meaning} |\n"));
    }
    text
}

fn environment() -> String {
    let mut text = "\n## Environment variables\n\nA flag wins over its variable, a variable over the \
                    blueprint, the blueprint over its preset.\n\n| variable | flag | effect |\n|---|---|---|\n"
        .to_owned();
    for variable in env_vars::VARIABLES {
        let flag =
            variable.flag.map(|flag| format!("`{}`", flag.replace('|', "\\|"))).unwrap_or_default();
        text.push_str(&format!("| `{}` | {flag} | {} |\n", variable.name, variable.effect));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn walk(command: &Command, visit: &mut impl FnMut(&Command)) {
        visit(command);
        for child in visible(command) {
            walk(child, visit);
        }
    }

    #[test]
    fn the_command_line_is_valid() {
        cli::command().debug_assert();
    }

    #[test]
    fn every_flag_has_a_documented_variable_and_every_variable_a_flag() {
        let mut used = BTreeSet::new();
        walk(&cli::command(), &mut |command| {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                let Some(long) = argument.get_long() else { continue };
                if id == "help" || id == "version" {
                    continue;
                }
                let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
                let variable = variable.unwrap_or_else(|| panic!("--{long} has no variable"));
                let flag = long.to_uppercase().replace('-', "_");
                assert!(
                    variable.starts_with("SYNCCTL_") && variable.ends_with(&flag),
                    "{variable}"
                );
                used.insert(variable);
            }
        });
        let documented: BTreeSet<_> = env_vars::VARIABLES
            .iter()
            .filter(|variable| variable.flag.is_some())
            .map(|variable| variable.name.to_owned())
            .collect();
        assert_eq!(used, documented);
    }

    #[test]
    fn every_visible_command_and_flag_has_help() {
        walk(&cli::command(), &mut |command| {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments() {
                let (name, argument_id) = (command.get_name(), argument.get_id());
                assert!(argument.get_help().is_some(), "{name} {argument_id}");
            }
        });
    }

    #[test]
    fn the_reference_lists_every_variable() {
        let reference = markdown();
        for variable in env_vars::VARIABLES {
            assert!(reference.contains(variable.name), "{} is missing", variable.name);
        }
    }
}
