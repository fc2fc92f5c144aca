//! `docs/sync-agent.md`, made from the command definitions so that it can't go stale.

use std::fs;
use std::path::Path;

use clap::{Arg, Command, CommandFactory};

use crate::args::{Arguments, EXIT_CODES};

const DOCUMENTS: &str = include_str!("reference/documents.md");

/// Rewrite with `UPDATE_REFERENCE=1 cargo test -p sync-agent`.
#[test]
fn the_reference_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sync-agent.md");
    let current = markdown();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, &current).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == current,
        "docs/sync-agent.md is stale: run `UPDATE_REFERENCE=1 cargo test -p sync-agent`"
    );
}

#[test]
fn every_command_and_argument_has_help_and_every_flag_a_variable() {
    let mut root = Arguments::command();
    root.build();
    root.clone().debug_assert();
    walk(&root, &mut |command| {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name} has no help");
        for argument in shown(command) {
            let id = argument.get_id();
            assert!(argument.get_help().is_some(), "{name} {id} has no help");
            let Some(flag) = argument.get_long() else { continue };
            let variable = format!("SYNC_AGENT_{}", flag.to_uppercase().replace('-', "_"));
            let given = argument.get_env().map(|name| name.to_string_lossy().into_owned());
            assert_eq!(given, Some(variable), "{name} --{flag}");
        }
    });
}

fn markdown() -> String {
    let mut root = Arguments::command();
    root.build();
    let mut text = "# sync-agent reference\n\nGenerated from the program's own help; \
                    `sync-agent help COMMAND` shows the same.\n"
        .to_owned();
    text.push_str("\n## Flags every command understands\n\n");
    text.push_str(&arguments(shown(&root).filter(|argument| argument.is_global_set())));
    for command in visible(&root) {
        section(&mut text, "sync-agent", command);
    }
    let (codes, environment) = EXIT_CODES.split_once("\n\n").unwrap();
    let (_, codes) = codes.split_once('\n').unwrap();
    text.push_str(&format!("\n## Exit codes\n\n```text\n{codes}\n```\n"));
    text.push_str(&format!("\n## Environment variables\n\n{environment}\n\n"));
    text.push_str(DOCUMENTS);
    text.replace("\n\n\n", "\n\n")
}

fn section(text: &mut String, parent: &str, command: &Command) {
    let name = format!("{parent} {}", command.get_name());
    let subcommands: Vec<_> = visible(command).collect();
    if subcommands.is_empty() {
        let about = command.get_long_about().or_else(|| command.get_about());
        let about = about.map(ToString::to_string).unwrap_or_default();
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ");
        text.push_str(&format!("\n## {name}\n\n{}\n\n```text\n{usage}\n```\n\n", about.trim()));
        let own = shown(command).filter(|argument| !argument.is_global_set());
        text.push_str(&arguments(own));
    }
    for command in subcommands {
        section(text, &name, command);
    }
}

fn walk(command: &Command, visit: &mut impl FnMut(&Command)) {
    visit(command);
    for child in visible(command) {
        walk(child, visit);
    }
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    let commands = command.get_subcommands();
    commands.filter(|command| !command.is_hide_set() && command.get_name() != "help")
}

fn shown(command: &Command) -> impl Iterator<Item = &Arg> {
    let own = |argument: &&Arg| !["help", "version"].contains(&argument.get_id().as_str());
    command.get_arguments().filter(own)
}

fn arguments<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let mut text = String::new();
    for argument in arguments {
        let help = argument.get_long_help().or_else(|| argument.get_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        text.push_str(&format!("- {}: {help}", spelling(argument)));
        let values = argument.get_possible_values();
        let values: Vec<_> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
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
    if names.is_empty() { format!("`{}`", value.trim()) } else { names.join(", ") }
}
