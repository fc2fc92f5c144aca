//! `space …` and `mail`.

use std::process::ExitCode;

use futures::future::join_all;
use protocol::account::User;
use protocol::error::ErrorCode;
use protocol::space::{CreateSpaceRequest, MailMode, Role, Space};
use serde_json::json;
use sync::api::Api;
use sync::error::SyncError;

use super::{Outcome, logged_in, open_whole};
use crate::args::{Mail, RoleName, SpaceCommand};
use crate::failure::Failure;
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
    let (_, login, api) = logged_in(ui)?;
    let request = CreateSpaceRequest { name: name.clone() };
    let space = match api.create_space(&request).await {
        Err(error) if if_missing && error.code() == Some(ErrorCode::AlreadyExists) => {
            let spaces = api.spaces().await?.spaces.into_iter();
            let mut mine = spaces.filter(|space| space.owner == login.user.id);
            mine.find(|space| space.name == name).ok_or(error)?
        }
        other => other?,
    };
    ui.summary("sync-agent/space/1", &space, || {
        vec![format!("Space {} is ready.", units::name(&space.name))]
    });
    Ok(ExitCode::SUCCESS)
}

async fn list(ui: &Ui) -> Outcome {
    let (_, login, api) = logged_in(ui)?;
    let spaces = api.spaces().await?;
    let owners = if ui.is_json() {
        Vec::new()
    } else {
        let owners = spaces.spaces.iter().map(|space| owner(&api, space, &login.user));
        join_all(owners).await
    };
    ui.result("sync-agent/spaces/1", &spaces, || {
        if spaces.spaces.is_empty() {
            ui.say("No space yet; create one: sync-agent space create NAME");
            return Vec::new();
        }
        let header = ["NAME", "ROLE", "OWNER", "ID", "MAIL"].map(str::to_owned).to_vec();
        let rows = spaces.spaces.iter().zip(owners).map(|(space, owner)| {
            let mail = match space.mail {
                MailMode::Off => "off",
                MailMode::Digest => "on",
            };
            vec![
                units::name(&space.name),
                role_name(space.role).to_owned(),
                owner,
                space.id.to_string(),
                mail.to_owned(),
            ]
        });
        units::table(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
    });
    Ok(ExitCode::SUCCESS)
}

/// Whose space it is, by name; by id where that can't be found out, because the owner left.
async fn owner(api: &Api, space: &Space, me: &User) -> String {
    if space.owner == me.id {
        return "you".to_owned();
    }
    let members = api.members(&space.id).await.map(|list| list.members).unwrap_or_default();
    let owner = members.into_iter().find(|member| member.user.id == space.owner);
    owner.map_or_else(|| space.owner.to_string(), |member| member.user.login)
}

async fn share(space: &str, login: &str, role: RoleName, ui: &Ui) -> Outcome {
    let (_, api, space) = open_whole(space, ui).await?;
    let role = match role {
        RoleName::Viewer => Role::Viewer,
        RoleName::Editor => Role::Editor,
        RoleName::Owner => Role::Owner,
    };
    let member = api.share(&space.id, login, role).await.map_err(|error| {
        let unknown = error.code() == Some(ErrorCode::NotFound);
        let hint = "whoever was only invited so far has to log in once first, with the \
                    invitation: sync-agent login URL; then share again";
        if unknown { Failure::Hinted(error.into(), hint) } else { error.into() }
    })?;
    ui.summary("sync-agent/member/1", &member, || {
        let (login, role) = (&member.user.login, role_name(member.role));
        vec![format!("{login} is now {role} of {}.", units::name(&space.name))]
    });
    Ok(ExitCode::SUCCESS)
}

async fn members(space: &str, ui: &Ui) -> Outcome {
    let (_, api, space) = open_whole(space, ui).await?;
    let members = api.members(&space.id).await?;
    ui.result("sync-agent/members/1", &members, || {
        let rows = members
            .members
            .iter()
            .map(|member| vec![member.user.login.clone(), role_name(member.role).to_owned()]);
        units::table(&rows.collect::<Vec<_>>())
    });
    Ok(ExitCode::SUCCESS)
}

async fn unshare(space: &str, login: &str, ui: &Ui) -> Outcome {
    let (_, api, space) = open_whole(space, ui).await?;
    let members = api.members(&space.id).await?.members;
    let wanted = login.to_lowercase();
    let member = members.iter().find(|member| member.user.login == wanted);
    let member =
        member.ok_or_else(|| SyncError::NotFound { what: "member", name: login.to_owned() })?;
    api.remove_member(&space.id, &member.user.id).await?;
    let text = format!("{login} is no longer a member of {}.", units::name(&space.name));
    ui.summary("sync-agent/unshared/1", &member, || vec![text]);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn mail(mode: Mail, space: &str, ui: &Ui) -> Outcome {
    let (_, api, space) = open_whole(space, ui).await?;
    let (mode, text) = match mode {
        Mail::On => (MailMode::Digest, "You will get a digest of others' changes in"),
        Mail::Off => (MailMode::Off, "You will get no mail about"),
    };
    api.set_mail(&space.id, mode).await?;
    let text = format!("{text} {}.", units::name(&space.name));
    ui.summary("sync-agent/mail/1", &json!({ "space": space.id, "mail": mode }), || vec![text]);
    Ok(ExitCode::SUCCESS)
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Editor => "editor",
        Role::Owner => "owner",
    }
}
