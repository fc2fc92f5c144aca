//! One file per subcommand: its arguments on top, its run function below.

use crate::cli::{Command, Format};
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

pub(crate) mod apply;
pub(crate) mod attach;
pub(crate) mod blueprint;
pub(crate) mod cancel;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod drift;
pub(crate) mod drill;
pub(crate) mod events;
pub(crate) mod graph;
pub(crate) mod help;
pub(crate) mod hidden;
pub(crate) mod image;
pub(crate) mod init;
pub(crate) mod lifetime;
pub(crate) mod logs;
pub(crate) mod mail;
pub(crate) mod outputs;
pub(crate) mod permissions;
pub(crate) mod plan;
pub(crate) mod preview;
pub(crate) mod recover;
pub(crate) mod releases;
pub(crate) mod render;
pub(crate) mod roll;
pub(crate) mod rollback;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod up;
pub(crate) mod user;
pub(crate) mod validate;
pub(crate) mod version;

pub(crate) fn run(command: Command, ui: &mut Ui) -> Result<ExitCode> {
    check_format(&command, ui.settings().format)?;
    if is_operation(&command) {
        ui.stream_events();
    }
    match command {
        Command::Init(args) => init::run(args, ui),
        Command::Validate(args) => validate::run(args, ui),
        Command::Blueprint(command) => blueprint::run(command, ui),
        Command::Up(args) => up::run(args, ui),
        Command::Plan(args) => plan::run(args, ui),
        Command::Apply(args) => apply::run(args, ui),
        Command::Status(args) => status::run(args, ui),
        Command::Roll(args) => roll::run(args, ui),
        Command::Rollback(args) => rollback::run(args, ui),
        Command::Releases(args) => releases::run(args, ui),
        Command::Image(command) => image::run(command, ui),
        Command::Drill(args) => drill::run(args, ui),
        Command::Logs(args) => logs::run(args, ui),
        Command::Down(args) => down::run(args, ui),
        Command::User(command) => user::run(command, ui),
        Command::Mail(command) => mail::run(command, ui),
        Command::Outputs(args) => outputs::run(args, ui),
        Command::Events(args) => events::run(args, ui),
        Command::Drift(args) => drift::run(args, ui),
        Command::Preview(command) => preview::run(command, ui),
        Command::Recover(args) => recover::run(args, ui),
        Command::Attach(args) => attach::run(args, ui),
        Command::Cancel(args) => cancel::run(args, ui),
        Command::Render(args) => render::run(args, ui),
        Command::Graph(args) => graph::run(args, ui),
        Command::Permissions(args) => permissions::run(args, ui),
        Command::Schema(args) => schema::run(args, ui),
        Command::Doctor(args) => doctor::run(args, ui),
        Command::Completions(args) => completions::run(args, ui),
        Command::Version(args) => version::run(args, ui),
        Command::Help(args) => help::run(args, ui),
    }
}

/// What takes its time and tells of it on the way.
fn is_operation(command: &Command) -> bool {
    matches!(
        command,
        Command::Up(_)
            | Command::Apply(_)
            | Command::Roll(_)
            | Command::Rollback(_)
            | Command::Down(_)
            | Command::Image(image::ImageCommand::Bump(_))
    )
}

/// Text and JSON everywhere, and what one command alone can write.
fn check_format(command: &Command, format: Format) -> Result<()> {
    let allowed = match command {
        Command::Plan(_) => &[Format::Text, Format::Json, Format::Markdown][..],
        Command::Graph(_) => &[Format::Text, Format::Svg, Format::Mermaid],
        Command::Attach(_) | Command::Cancel(_) => &[Format::Text],
        _ => &[Format::Text, Format::Json],
    };
    if allowed.contains(&format) {
        return Ok(());
    }
    let names: Vec<String> = allowed.iter().map(|format| format.name()).collect();
    Err(CliError::new(Kind::Usage, format!("this command cannot write {}", format.name()))
        .hint(format!("--format takes {} here", names.join(", "))))
}
