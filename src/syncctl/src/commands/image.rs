use clap::{Args, Subcommand};

use crate::aws::apply::{Request, run as apply};
use crate::aws::flags::{ServiceRole, Waiting};
use crate::aws::session::require_aws;
use crate::aws::{Session, images, show};
use crate::deployment;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// See and renew the image that servers boot from on AWS
#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    Show(ShowArgs),
    Bump(BumpArgs),
}

/// Show the deployed image and the newest one
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {}

/// Roll the newest Amazon Linux 2023 image
///
/// The image is looked up when a deployment is first made, and then stays until this command or the
/// blueprint changes it. Plans, shows the plan and asks, like `syncctl up`; a roll that fails is
/// undone.
#[derive(Debug, Args)]
pub(crate) struct BumpArgs {
    #[command(flatten)]
    role: ServiceRole,
    #[command(flatten)]
    waiting: Waiting,
}

pub(crate) fn run(command: ImageCommand, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load(ui)?;
    match command {
        ImageCommand::Show(ShowArgs {}) => {
            require_aws(&chosen, "image show")?;
            images::show(&Session::look(chosen, ui)?, ui)
        }
        ImageCommand::Bump(args) => {
            require_aws(&chosen, "image bump")?;
            let mut session = Session::open(chosen, ui)?;
            images::refuse_named(&session)?;
            session.set_service_role(args.role.role_arn);
            let request = Request {
                only: Some("image"),
                renew_image: true,
                waiting: args.waiting,
                ..Request::default()
            };
            let (applied, elapsed) = apply(&session, &request, ui)?;
            show::applied("syncctl/image-bump/1", &session, &applied, elapsed, None, ui)?;
            show::last_line(&session, &applied, elapsed, ui);
            Ok(ExitCode::Done)
        }
    }
}
