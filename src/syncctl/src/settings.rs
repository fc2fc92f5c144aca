//! What was meant: flags, environment and terminal, settled once. After this nothing looks at them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use crate::cli::{ColorChoice, Format, GlobalArgs};
use crate::env_vars;
use crate::repeat::{self, Typed};

/// Settled global settings.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// What `--file` named, if anything.
    pub(crate) file: Option<PathBuf>,
    /// `key=value` overrides, in the order typed.
    pub(crate) overrides: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) data_dir: Option<PathBuf>,
    /// Profile of the AWS configuration.
    pub(crate) profile: Option<String>,
    /// Region, instead of the blueprint's.
    pub(crate) region: Option<String>,
    /// Which of the above were typed, for hints; what is exported need not be repeated.
    pub(crate) typed: Typed,
    pub(crate) format: Format,
    pub(crate) consent: Consent,
    /// A person sits at a terminal, whether or not `--yes` was given.
    pub(crate) can_ask: bool,
    pub(crate) verbosity: Verbosity,
    /// A job's log is read afterwards: steps and what went wrong, and a last line with everything.
    pub(crate) is_job: bool,
    /// What happens goes to standard output, one JSON document a line.
    pub(crate) streams: bool,
    pub(crate) terminal: Terminal,
}

/// Whether questions may be asked, or are answered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// A person sits there.
    Ask,
    /// `--yes` was given.
    Given,
    /// Nobody can answer: no terminal, or a CI run.
    CannotAsk,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
    Debug,
}

/// What the output can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terminal {
    pub(crate) color_stdout: bool,
    pub(crate) color_stderr: bool,
    /// Standard error can be redrawn: progress bars.
    pub(crate) redraw_stderr: bool,
    /// Standard output can be redrawn: `status --watch`.
    pub(crate) redraw_stdout: bool,
    /// Characters per line of standard output; no limit where it is not a terminal.
    pub(crate) width: usize,
}

impl Settings {
    pub(crate) fn new(args: GlobalArgs, environment: &Environment) -> Self {
        let verbosity = match (args.quiet, args.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Debug,
        };
        let can_ask = environment.stdin_terminal && environment.stderr_terminal && !environment.ci;
        let consent = match (args.yes, can_ask) {
            (true, _) => Consent::Given,
            (false, true) => Consent::Ask,
            (false, false) => Consent::CannotAsk,
        };
        let terminal = Terminal {
            color_stdout: environment.color(args.color, environment.stdout_terminal),
            color_stderr: environment.color(args.color, environment.stderr_terminal),
            redraw_stderr: environment.can_redraw(environment.stderr_terminal),
            redraw_stdout: environment.can_redraw(environment.stdout_terminal),
            width: environment.width,
        };
        let chosen = [
            ("--file", env_vars::FILE, args.file.as_ref().map(|it| it.as_os_str().to_owned())),
            ("--name", env_vars::NAME, args.name.as_ref().map(OsString::from)),
            (
                "--data-dir",
                env_vars::DATA_DIR,
                args.data_dir.as_ref().map(|it| it.as_os_str().to_owned()),
            ),
            ("--profile", env_vars::PROFILE, args.profile.as_ref().map(OsString::from)),
            ("--region", env_vars::REGION, args.region.as_ref().map(OsString::from)),
        ];
        let typed = chosen.into_iter().filter_map(|(flag, variable, value)| {
            let value = value.filter(|value| environment.exported.get(variable) != Some(value))?;
            Some((flag, value.to_string_lossy().into_owned()))
        });
        let typed = typed.chain(environment.typed_settings(&args.set)).collect();
        Self {
            typed,
            file: args.file,
            overrides: args.set,
            name: args.name,
            data_dir: args.data_dir,
            profile: args.profile,
            region: args.region,
            format: args.format,
            consent,
            can_ask,
            verbosity,
            is_job: environment.ci,
            streams: false,
            terminal,
        }
    }
}

/// The facts about the process that settings depend on, as plain values, so that tests can choose.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    pub(crate) stdin_terminal: bool,
    pub(crate) stdout_terminal: bool,
    pub(crate) stderr_terminal: bool,
    pub(crate) no_color: bool,
    pub(crate) force_color: bool,
    pub(crate) dumb: bool,
    pub(crate) ci: bool,
    pub(crate) width: usize,
    /// The variables that choose a deployment, where they are set.
    pub(crate) exported: BTreeMap<&'static str, OsString>,
}

impl Environment {
    /// Looks at the process's own terminal and variables.
    pub(crate) fn of_process() -> Self {
        Self {
            stdin_terminal: std::io::stdin().is_terminal(),
            stdout_terminal: std::io::stdout().is_terminal(),
            stderr_terminal: std::io::stderr().is_terminal(),
            no_color: is_set("NO_COLOR"),
            force_color: is_on("FORCE_COLOR") || is_on("CLICOLOR_FORCE"),
            dumb: std::env::var_os("TERM").is_some_and(|term| term == "dumb"),
            ci: is_on("CI"),
            width: width(std::io::stdout().is_terminal()),
            exported: [
                env_vars::FILE,
                env_vars::SET,
                env_vars::NAME,
                env_vars::DATA_DIR,
                env_vars::PROFILE,
                env_vars::REGION,
            ]
            .into_iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)))
            .collect(),
        }
    }

    /// A flag replaces its variable: settings that differ from the exported ones were typed.
    fn typed_settings(&self, set: &[String]) -> Typed {
        let exported = self.exported.get(env_vars::SET).map(|value| value.to_string_lossy());
        if exported.is_some_and(|exported| exported.split(';').eq(set)) {
            return Typed::new();
        }
        set.iter().map(|value| (repeat::SET, value.clone())).collect()
    }

    /// Flag, then `NO_COLOR`, then forcing, then what the terminal can do.
    pub(crate) fn color(&self, choice: ColorChoice, terminal: bool) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if self.no_color => false,
            ColorChoice::Auto if self.force_color => true,
            ColorChoice::Auto => terminal && !self.dumb,
        }
    }

    fn can_redraw(&self, terminal: bool) -> bool {
        terminal && !self.dumb && !self.ci
    }
}

/// Colour for messages about the command line itself, which come before it is parsed.
pub(crate) fn early_color(arguments: &[OsString], environment: &Environment) -> ColorChoice {
    let mut typed = None;
    let mut rest = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(argument) = rest.next() {
        if argument == "--color" {
            typed = rest.next().map(str::to_owned);
        } else if let Some(value) = argument.strip_prefix("--color=") {
            typed = Some(value.to_owned());
        }
    }
    let choice = match typed.or_else(|| std::env::var(env_vars::COLOR).ok()).as_deref() {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    if choice != ColorChoice::Auto {
        return choice;
    }
    match environment.color(choice, environment.stderr_terminal && environment.stdout_terminal) {
        true => ColorChoice::Always,
        false => ColorChoice::Never,
    }
}

/// <https://no-color.org>: set and not empty.
fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn is_on(name: &str) -> bool {
    std::env::var_os(name)
        .is_some_and(|value| !value.is_empty() && value != "0" && value != "false")
}

/// The terminal's width, then `COLUMNS`, then 80. A pipe or a file has no limit unless `COLUMNS` says
/// one, as `watch` does: whatever reads it wants whole lines.
fn width(is_terminal: bool) -> usize {
    let terminal = rustix::termios::tcgetwinsize(rustix::stdio::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0);
    terminal
        .or_else(|| std::env::var("COLUMNS").ok()?.parse().ok())
        .filter(|columns| *columns >= 20)
        .unwrap_or(if is_terminal { 80 } else { usize::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_terminal() -> Environment {
        Environment {
            stdin_terminal: true,
            stdout_terminal: true,
            stderr_terminal: true,
            no_color: false,
            force_color: false,
            dumb: false,
            ci: false,
            width: 80,
            exported: BTreeMap::new(),
        }
    }

    #[test]
    fn colour_follows_flag_then_variables_then_terminal() {
        let terminal = on_a_terminal();
        assert!(terminal.color(ColorChoice::Auto, true));
        assert!(!terminal.color(ColorChoice::Auto, false));
        assert!(!terminal.color(ColorChoice::Never, true));
        let plain = Environment { no_color: true, force_color: true, ..on_a_terminal() };
        assert!(!plain.color(ColorChoice::Auto, true), "NO_COLOR wins over FORCE_COLOR");
        assert!(plain.color(ColorChoice::Always, false), "the flag wins over NO_COLOR");
        let forced = Environment { force_color: true, ..on_a_terminal() };
        assert!(forced.color(ColorChoice::Auto, false));
        let dumb = Environment { dumb: true, ..terminal };
        assert!(!dumb.color(ColorChoice::Auto, true));
        assert!(!dumb.can_redraw(true));
    }

    #[test]
    fn nobody_is_asked_in_ci_or_without_a_terminal() {
        let args = || GlobalArgs {
            file: None,
            set: vec![],
            name: None,
            data_dir: None,
            profile: None,
            region: None,
            format: Format::Text,
            yes: false,
            quiet: false,
            verbose: 0,
            color: ColorChoice::Auto,
        };
        let consent = |environment| Settings::new(args(), &environment).consent;
        assert_eq!(consent(on_a_terminal()), Consent::Ask);
        assert_eq!(consent(Environment { ci: true, ..on_a_terminal() }), Consent::CannotAsk);
        assert_eq!(
            consent(Environment { stdin_terminal: false, ..on_a_terminal() }),
            Consent::CannotAsk
        );
        let yes = Settings::new(GlobalArgs { yes: true, ..args() }, &on_a_terminal());
        assert_eq!(yes.consent, Consent::Given);
    }
    #[test]
    fn what_was_typed_is_repeated_and_what_is_exported_is_not() {
        let args = |name: &str, set: &[&str]| GlobalArgs {
            file: Some("shop.yaml".into()),
            set: set.iter().map(|value| (*value).to_owned()).collect(),
            name: Some(name.to_owned()),
            data_dir: None,
            profile: None,
            region: None,
            format: Format::Text,
            yes: false,
            quiet: false,
            verbose: 0,
            color: ColorChoice::Auto,
        };
        let exported = BTreeMap::from([
            (env_vars::NAME, OsString::from("shop")),
            (env_vars::SET, OsString::from("servers.min=2;local.port=1")),
        ]);
        let environment = Environment { exported, ..on_a_terminal() };
        let typed = |name, set: &[&str]| {
            let typed = Settings::new(args(name, set), &environment).typed;
            typed.iter().map(|(flag, value)| format!("{flag} {value}")).collect::<Vec<_>>()
        };
        assert_eq!(typed("shop", &["servers.min=2", "local.port=1"]), ["--file shop.yaml"]);
        assert_eq!(
            typed("other", &["servers.min=2"]),
            ["--file shop.yaml", "--name other", "--set servers.min=2"]
        );
    }
}
