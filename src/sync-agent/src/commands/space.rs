//! `space …` and `mail`.

use std::process::ExitCode;

use protocol::error::ErrorCode;
use protocol::space::{CreateSpaceRequest, MailMode, Role};
use sync::error::SyncError;

use super::{Outcome, logged_in, open_space};
use crate::args::{Mail, RoleName, SpaceCommand};
use crate::ui::{Ui, units};

pub(super) async fn run(command: SpaceCommand, ui: &Ui) -> Outcome {
    match command {
        SpaceCommand::Create { name, if_missing } => create(name, if_missing, ui).await,
        SpaceCommand::List => list(ui).await,
        SpaceCommand::Share { space, login, role } => share(&space, &login, role, ui).await,
        SpaceCommand::Members { space } => members(&space, ui).await,
        SpaceCommand::Unshare { space, login } => unshare(&space, &login, ui).await,
    }
}

async fn create(name: String, if_missing: bool, ui: &Ui) -> Outcome {
    let (_, login, api) = logged_in()?;
    let request = CreateSpaceRequest { name: name.clone() };
    let space = match api.create_space(&request).await {
        Err(error) if if_missing && error.code() == Some(ErrorCode::AlreadyExists) => {
            let spaces = api.spaces().await?.spaces.into_iter();
            let mut mine = spaces.filter(|space| space.owner == login.user.id);
            mine.find(|space| space.name == name).ok_or(error)?
        }
        other => other?,
    };
    ui.summary(&space, || vec![format!("Space {} is ready.", units::name(&space.name))]);
    Ok(ExitCode::SUCCESS)
}

async fn list(ui: &Ui) -> Outcome {
    let (_, _, api) = logged_in()?;
    let spaces = api.spaces().await?;
    ui.result(&spaces, || {
        let rows = spaces.spaces.iter().map(|space| {
            let mail = match space.mail {
                MailMode::Off => "",
                MailMode::Digest => "mail",
            };
            vec![
                units::name(&space.name),
                role_name(space.role).to_owned(),
                space.id.to_string(),
                mail.to_owned(),
            ]
        });
        units::table(&rows.collect::<Vec<_>>())
    });
    Ok(ExitCode::SUCCESS)
}

async fn share(space: &str, login: &str, role: RoleName, ui: &Ui) -> Outcome {
    let (_, api, space) = open_space(space).await?;
    let role = match role {
        RoleName::Viewer => Role::Viewer,
        RoleName::Editor => Role::Editor,
        RoleName::Owner => Role::Owner,
    };
    let member = api.share(&space.id, login, role).await?;
    ui.summary(&member, || {
        let (login, role) = (&member.user.login, role_name(member.role));
        vec![format!("{login} is now {role} of {}.", units::name(&space.name))]
    });
    Ok(ExitCode::SUCCESS)
}

async fn members(space: &str, ui: &Ui) -> Outcome {
    let (_, api, space) = open_space(space).await?;
    let members = api.members(&space.id).await?;
    ui.result(&members, || {
        let rows = members
            .members
            .iter()
            .map(|member| vec![member.user.login.clone(), role_name(member.role).to_owned()]);
        units::table(&rows.collect::<Vec<_>>())
    });
    Ok(ExitCode::SUCCESS)
}

async fn unshare(space: &str, login: &str, ui: &Ui) -> Outcome {
    let (_, api, space) = open_space(space).await?;
    let members = api.members(&space.id).await?.members;
    let wanted = login.to_lowercase();
    let member = members.iter().find(|member| member.user.login == wanted);
    let member =
        member.ok_or_else(|| SyncError::NotFound { what: "member", name: login.to_owned() })?;
    api.remove_member(&space.id, &member.user.id).await?;
    ui.say(&format!("{login} is no longer a member of {}.", units::name(&space.name)));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn mail(mode: Mail, space: &str, ui: &Ui) -> Outcome {
    let (_, api, space) = open_space(space).await?;
    let (mode, text) = match mode {
        Mail::On => (MailMode::Digest, "You will get a digest of others' changes in"),
        Mail::Off => (MailMode::Off, "You will get no mail about"),
    };
    api.set_mail(&space.id, mode).await?;
    ui.say(&format!("{text} {}.", units::name(&space.name)));
    Ok(ExitCode::SUCCESS)
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Editor => "editor",
        Role::Owner => "owner",
    }
}
