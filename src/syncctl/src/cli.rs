//! What can be typed: the top-level command line. Each subcommand's arguments live in its own file.

use std::path::PathBuf;

use clap::builder::{FalseyValueParser, PossibleValuesParser};
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::commands::hidden::EntryPoint;
use crate::{commands, env_vars};

/// From one YAML file to a running, self-healing file sync service
#[derive(Debug, Parser)]
#[command(
    name = "syncctl",
    version,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    propagate_version = false,
    max_term_width = 100,
    after_help = AFTER_HELP
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) invocation: Invocation,
}

const AFTER_HELP: &str = "\
Start here:
  syncctl up                  run the whole service on this machine, without any blueprint
  syncctl help COMMAND        explain a command
  syncctl help exit-codes     what exit codes mean
  syncctl help environment    the variable of every flag";

/// The command line as a value.
///
/// What a doc comment says beyond its first paragraph is shown below the options, so that the
/// options of every help page stay one line each.
pub(crate) fn command() -> clap::Command {
    below_the_options(Cli::command())
}

/// The command line without the entry points that are not for people.
///
/// Hidden commands would still be offered by completion scripts. Words that are checked later, with
/// a better message than a parser's, are named here, so that they are offered as well.
pub(crate) fn public_command() -> clap::Command {
    let command = clap::Command::new("syncctl").disable_help_subcommand(true);
    let command = command.version(env!("CARGO_PKG_VERSION"));
    let command = Command::augment_subcommands(GlobalArgs::augment_args(command));
    // Leaked: a script is printed once, and the program ends.
    let name = |command: &clap::Command| -> &'static str { command.get_name().to_owned().leak() };
    let subjects: Vec<&'static str> = command.get_subcommands().map(name).collect();
    let subjects = subjects.into_iter().chain(commands::help::TOPICS);
    let subjects = PossibleValuesParser::new(subjects);
    let presets = PossibleValuesParser::new(blueprint::PRESETS.iter().map(|it| it.name));
    command
        .mut_subcommand("help", |help| help.mut_arg("subject", |it| it.value_parser(subjects)))
        .mut_subcommand("init", |init| init.mut_arg("preset", |it| it.value_parser(presets)))
}

fn below_the_options(mut command: clap::Command) -> clap::Command {
    let long = command.get_long_about().map(ToString::to_string);
    if let Some((_, rest)) = long.as_deref().and_then(|long| long.split_once("\n\n")) {
        let rest = rest.to_owned();
        command = command.long_about(None).after_help(rest);
    }
    command.mut_subcommands(below_the_options)
}

/// Flags every command understands.
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Blueprint, `-` for standard input [default: ./syncctl.yaml, else the built-in one]
    #[arg(short, long, global = true, value_name = "BLUEPRINT", env = env_vars::FILE, hide_env = true, help_heading = "Blueprint")]
    pub(crate) file: Option<PathBuf>,
    /// Override a value of the blueprint, e.g. --set servers.min=2; repeatable
    #[arg(long, global = true, value_name = "KEY=VALUE", value_delimiter = ';', env = env_vars::SET, hide_env = true, help_heading = "Blueprint")]
    pub(crate) set: Vec<String>,
    /// Name of the deployment, instead of the blueprint's; auto: from the branch
    #[arg(long, global = true, env = env_vars::NAME, hide_env = true, help_heading = "Blueprint")]
    pub(crate) name: Option<String>,
    /// Data directory of the local target [default: ~/.local/share/syncctl/NAME]
    #[arg(long, global = true, value_name = "DIR", env = env_vars::DATA_DIR, hide_env = true, help_heading = "Blueprint")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Profile of the AWS configuration [default: AWS_PROFILE, else `default`]
    #[arg(long, global = true, env = env_vars::PROFILE, hide_env = true, help_heading = "AWS")]
    pub(crate) profile: Option<String>,
    /// AWS Region, instead of the blueprint's
    #[arg(long, global = true, env = env_vars::REGION, hide_env = true, help_heading = "AWS")]
    pub(crate) region: Option<String>,
    /// Output for people or for programs; markdown for `plan`, svg and mermaid for `graph`
    #[arg(long, global = true, value_enum, default_value_t, hide_possible_values = false, env = env_vars::FORMAT, hide_env = true, help_heading = "Global options")]
    pub(crate) format: Format,
    /// Answer every question with yes
    #[arg(short, long, visible_alias = "auto-approve", global = true, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::YES, hide_env = true, help_heading = "Global options")]
    pub(crate) yes: bool,
    /// Leave out notes and progress; results and errors stay
    #[arg(short, long, global = true, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::QUIET, hide_env = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// Tell more; twice for every detail
    #[arg(short, long, global = true, action = ArgAction::Count, env = env_vars::VERBOSE, hide_env = true, help_heading = "Global options")]
    pub(crate) verbose: u8,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, env = env_vars::COLOR, hide_env = true, help_heading = "Global options")]
    pub(crate) color: ColorChoice,
}

/// Who reads the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
    // For `plan`: a comment on a pull request.
    Markdown,
    // For `graph`: a picture.
    Svg,
    // For `graph`: what documents with diagrams take.
    Mermaid,
}

impl Format {
    /// As it is typed.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(commands::init::InitArgs),
    Validate(commands::validate::ValidateArgs),
    #[command(subcommand)]
    Blueprint(commands::blueprint::BlueprintCommand),
    Up(commands::up::UpArgs),
    Plan(commands::plan::PlanArgs),
    Apply(commands::apply::ApplyArgs),
    Status(commands::status::StatusArgs),
    Roll(commands::roll::RollArgs),
    Rollback(commands::rollback::RollbackArgs),
    Releases(commands::releases::ReleasesArgs),
    #[command(subcommand)]
    Image(commands::image::ImageCommand),
    Drill(commands::drill::DrillArgs),
    Logs(commands::logs::LogsArgs),
    Down(commands::down::DownArgs),
    #[command(subcommand)]
    User(commands::user::UserCommand),
    #[command(subcommand)]
    Mail(commands::mail::MailCommand),
    Outputs(commands::outputs::OutputsArgs),
    Events(commands::events::EventsArgs),
    Drift(commands::drift::DriftArgs),
    #[command(subcommand)]
    Preview(commands::preview::PreviewCommand),
    Recover(commands::recover::RecoverArgs),
    Attach(commands::attach::AttachArgs),
    Cancel(commands::cancel::CancelArgs),
    Render(commands::render::RenderArgs),
    Graph(commands::graph::GraphArgs),
    Permissions(commands::permissions::PermissionsArgs),
    Schema(commands::schema::SchemaArgs),
    Doctor(commands::doctor::DoctorArgs),
    Completions(commands::completions::CompletionsArgs),
    Version(commands::version::VersionArgs),
    Help(commands::help::HelpArgs),
}

/// A command for people, or the start of one of the local target's own processes.
#[derive(Debug, Subcommand)]
pub(crate) enum Invocation {
    #[command(flatten)]
    Command(Command),
    #[command(flatten)]
    Entry(EntryPoint),
}
