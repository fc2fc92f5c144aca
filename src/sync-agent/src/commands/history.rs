//! `versions`, `restore`.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use protocol::id::{SpaceId, UserId};
use serde_json::json;
use sync::api::Api;
use sync::clock::SystemClock;
use sync::history::{self, Deleted, Past, Restore, Selected, fetch, past, select};
use sync::pull::Different;
use sync::service::Service;

use super::transfer::show_pull;
use super::{Outcome, exit_code, open_space};
use crate::args::RestoreArgs;
use crate::failure::Failure;
use crate::place::Place;
use crate::ui::{Ui, units};

pub(super) async fn versions(text: &str, ui: &Ui) -> Outcome {
    let place = Place::parse(text)?;
    let (_, api, space) = open_space(&place.space, ui).await?;
    let service: Arc<dyn Service> = api.clone();
    let (list, deleted) = match past(&service, &space.id, &place.path).await? {
        Past::File { list, deleted } => (list, deleted),
        Past::Directory(deleted) => {
            let people = people(&api, &space.id).await;
            ui.result("sync-agent/deleted/1", &json!({ "deleted": deleted }), || {
                let rows = deleted.iter().map(|deleted| deleted_row(deleted, &people));
                units::table(&rows.collect::<Vec<_>>())
            });
            if deleted.is_empty() {
                ui.say("Nothing was deleted in this directory.");
            }
            return Ok(ExitCode::SUCCESS);
        }
    };
    let people = if deleted.is_some() { people(&api, &space.id).await } else { HashMap::new() };
    let value = json!({ "node": list.node, "versions": list.versions, "deleted": deleted });
    ui.result("sync-agent/versions/1", &value, || {
        let rows = list.versions.iter().map(|version| {
            let current = version.rev == list.node.content_rev && deleted.is_none();
            vec![
                format!("r{}", version.rev),
                units::server_time(&version.time),
                units::bytes(version.size),
                version.hash.to_string()[..12].to_owned(),
                if current { "current".to_owned() } else { String::new() },
            ]
        });
        units::table(&rows.collect::<Vec<_>>())
    });
    if let Some(deleted) = deleted {
        let (who, when) = (who(&deleted.user, &people), units::server_time(&deleted.time));
        ui.say(&format!("Deleted by {who} on {when}; sync-agent restore brings it back."));
    }
    Ok(ExitCode::SUCCESS)
}

fn deleted_row(deleted: &Deleted, people: &HashMap<UserId, String>) -> Vec<String> {
    vec![
        format!("r{}", deleted.rev),
        units::server_time(&deleted.time),
        units::bytes(deleted.size),
        who(&deleted.user, people),
        units::name(&deleted.path.to_string()),
    ]
}

fn who(user: &UserId, people: &HashMap<UserId, String>) -> String {
    people.get(user).cloned().unwrap_or_else(|| user.to_string())
}

async fn people(api: &Api, space: &SpaceId) -> HashMap<UserId, String> {
    let members = api.members(space).await.map(|list| list.members).unwrap_or_default();
    members.into_iter().map(|member| (member.user.id, member.user.login)).collect()
}

pub(super) async fn restore(args: RestoreArgs, ui: &Ui) -> Outcome {
    let place = Place::parse(&args.file)?;
    let to = args.to.as_deref().map(target).transpose()?;
    let (home, api, space) = open_space(&place.space, ui).await?;
    let service: Arc<dyn Service> = api.clone();
    let selected = select(&service, &space.id, &place.path, args.revision).await?;
    let path = match to {
        None => selected.path.clone(),
        Some(Target::Here(path)) => return bring(service, &space.id, &selected, &path, ui).await,
        Some(Target::There(to)) => {
            if to.space != place.space {
                return Err(Failure::Usage(format!(
                    "{} is another space; restore within {}, or here and push it",
                    to.space, place.space
                )));
            }
            if to.slash { selected_in(&to, &selected) } else { to.path }
        }
    };
    let progress = ui.progress();
    let staging = home.state()?.join("restore");
    let request = Restore { space: space.id, to: path.clone(), staging };
    let (clock, reporter) = (Arc::new(SystemClock), Ui::reporter(&progress));
    let summary = history::restore(service, clock, reporter, &selected, request).await?;
    progress.finish();
    let revision = selected.version.rev;
    let value = json!({
        "path": path,
        "revision": revision,
        "deleted": selected.deleted,
        "changed": summary.unchanged == 0,
        "bytes": summary.bytes,
        "uploaded_bytes": summary.uploaded_bytes,
        "problems": summary.problems,
    });
    ui.summary("sync-agent/restore/1", &value, || {
        let path = units::name(&path.to_string());
        if summary.files == 0 {
            return Vec::new();
        }
        let size = units::bytes(summary.bytes);
        vec![if summary.unchanged > 0 {
            format!("Nothing to do: {path} has the bytes of r{revision}.")
        } else {
            format!("{path} is as it was in r{revision} again ({size}).")
        }]
    });
    ui.problems(&summary.problems);
    Ok(exit_code(&summary.problems))
}

enum Target {
    Here(std::path::PathBuf),
    There(Place),
}

fn target(text: &str) -> Result<Target, Failure> {
    let is_place = text.contains(':') && !text.starts_with(['.', '/', '~']);
    if is_place { Place::parse(text).map(Target::There) } else { Ok(Target::Here(text.into())) }
}

fn selected_in(to: &Place, selected: &Selected) -> protocol::name::SpacePath {
    let name = selected.path.split().map(|(_, name)| name.clone());
    name.map_or_else(|| to.path.clone(), |name| to.path.join(name))
}

/// Into a directory that is there, or under another name.
async fn bring(
    service: Arc<dyn Service>,
    space: &SpaceId,
    selected: &Selected,
    to: &Path,
    ui: &Ui,
) -> Outcome {
    let into = to.is_dir() || to.as_os_str().as_encoded_bytes().ends_with(b"/");
    let own = selected.path.split().map(|(_, name)| name.clone());
    let given = to.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
    let (directory, name) = match to.parent() {
        Some(parent) if !into => (parent, given),
        _ => (to, own),
    };
    let name = name.ok_or_else(|| Failure::Usage(format!("{} names no file", to.display())))?;
    let directory = if directory == Path::new("") { Path::new(".") } else { directory };
    let progress = ui.progress();
    let (clock, reporter) = (Arc::new(SystemClock), Ui::reporter(&progress));
    let place = (directory, name);
    let space = space.clone();
    let summary = fetch(service, clock, reporter, space, selected, place, Different::Keep).await?;
    show_pull(&summary, &progress, ui)
}
