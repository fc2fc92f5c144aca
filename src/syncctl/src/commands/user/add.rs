use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};

use crate::accounts::Service;
use crate::env_vars;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::invitation;
use crate::ui::Ui;

/// Invite somebody: prints an invitation that works once, for seven days
///
/// Somebody who has an invitation already keeps it, unless --again ends it and makes another one.
/// The person redeems it with `sync-agent login` and chooses a password. Nobody else ever knows
/// the password, and the invitation is stored as a digest only: it cannot be shown again.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// E-mail address the person logs in with
    #[arg(value_name = "EMAIL")]
    login: String,
    /// Write the invitation to this new file (mode 0600) instead of printing it
    #[arg(long, value_name = "FILE", env = env_vars::USER_INVITATION_FILE, hide_env = true)]
    invitation_file: Option<PathBuf>,
    /// End the invitation the person has, and make another one
    #[arg(long, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue, env = env_vars::USER_ADD_AGAIN, hide_env = true)]
    again: bool,
}

/// Let somebody choose a new password: prints an invitation that works once, for seven days
///
/// The old password works until the invitation is redeemed; then every device has to log in again,
/// within 2 s, but a credential for the object store that one holds stays good until it expires,
/// after an hour at most. Against a stolen password, disable the account first.
#[derive(Debug, Args)]
pub(crate) struct ResetPasswordArgs {
    /// E-mail address the person logs in with
    #[arg(value_name = "EMAIL")]
    login: String,
    /// Write the invitation to this new file (mode 0600) instead of printing it
    #[arg(long, value_name = "FILE", env = env_vars::USER_INVITATION_FILE, hide_env = true)]
    invitation_file: Option<PathBuf>,
}

pub(crate) fn run(args: AddArgs, ui: &mut Ui) -> Result<ExitCode> {
    let service = Service::connect(ui)?;
    let file = invitation::reserve(args.invitation_file)?;
    let invitation = service.run(|accounts| async move {
        match args.again {
            true => accounts.invite_again(&args.login).await,
            false => accounts.invite(&args.login).await,
        }
    })?;
    let pending = service.run(|accounts| async move { accounts.pending().await })?;
    let code = invitation::hand_over(&invitation, file, &service.entry, ui)?;
    // Only the first user's has no login: that user chooses one.
    if pending.iter().any(|invitation| invitation.login.is_none()) {
        ui.note(
            "\nThe invitation for the first user, which `up` has shown, ends when this one is redeemed.",
        );
    }
    Ok(code)
}

pub(crate) fn reset_password(args: ResetPasswordArgs, ui: &mut Ui) -> Result<ExitCode> {
    let service = Service::connect(ui)?;
    let file = invitation::reserve(args.invitation_file)?;
    let invitation =
        service.run(|accounts| async move { accounts.invite_reset(&args.login).await })?;
    invitation::hand_over(&invitation, file, &service.entry, ui)
}
