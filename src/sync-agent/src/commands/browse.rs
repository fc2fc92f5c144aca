//! `ls`, `check`.

use std::path::Path;
use std::process::ExitCode;

use protocol::file::{CheckState, Node, NodeKind};
use serde_json::json;

use super::{Outcome, open_space};
use crate::args::LsArgs;
use crate::place::Place;
use crate::ui::{Ui, units};

pub(super) async fn ls(args: &LsArgs, ui: &Ui) -> Outcome {
    if args.versions {
        return super::history::versions(&args.path, ui).await;
    }
    let place = Place::parse(&args.path)?;
    let (_, api, space) = open_space(&place.space, ui).await?;
    if args.recursive {
        let rows = sync::browse::entries_below(api, &space.id, &place.path).await?;
        let value: Vec<_> =
            rows.iter().map(|(path, node)| json!({ "path": path, "node": node })).collect();
        ui.result("sync-agent/ls/1", &json!({ "entries": value }), || {
            let rows = rows.iter().map(|(path, node)| row(node, &path.to_string()));
            units::table(&rows.collect::<Vec<_>>())
        });
        return Ok(ExitCode::SUCCESS);
    }
    let entries = sync::browse::entries(api, &space.id, &place.path).await?;
    ui.result("sync-agent/ls/1", &json!({ "entries": entries }), || {
        let rows = entries.iter().map(|node| row(node, node.name.as_str()));
        units::table(&rows.collect::<Vec<_>>())
    });
    Ok(ExitCode::SUCCESS)
}

fn row(node: &Node, name: &str) -> Vec<String> {
    let name = units::name(name);
    match node.kind {
        NodeKind::Directory => vec!["-".to_owned(), "-".to_owned(), format!("{name}/")],
        NodeKind::File => {
            let mark = if node.meta.executable { "*" } else { "" };
            vec![units::bytes(node.size), units::time(node.meta.mtime_ns), format!("{name}{mark}")]
        }
    }
}

pub(super) async fn check(local: &Path, remote: &str, ui: &Ui) -> Outcome {
    let place = Place::parse(remote)?;
    let (_, api, space) = open_space(&place.space, ui).await?;
    let (compared, problems) = sync::compare::check(api, &space.id, local, &place.path).await?;
    let fine = compared.iter().filter(|row| row.item.state == CheckState::Current).count();
    let value = json!({ "files": compared, "problems": problems });
    ui.result("sync-agent/check/1", &value, || {
        let others = compared.iter().filter(|row| row.item.state != CheckState::Current);
        let rows = others.map(|row| {
            let state = match row.item.state {
                CheckState::Current => "current",
                CheckState::Outdated => "outdated: the space has a newer version",
                CheckState::Different => "different: the space never had these bytes here",
                CheckState::Missing => "missing in the space",
            };
            vec![units::name(&row.path.to_string()), state.to_owned()]
        });
        units::table(&rows.collect::<Vec<_>>())
    });
    for problem in &problems {
        ui.say(&format!("{}: {}", units::name(&problem.path), problem.reason));
    }
    ui.say(&format!("{fine} of {} are current", units::count(compared.len() as u64, "file")));
    let all = fine == compared.len() && !problems.iter().any(|problem| problem.failed);
    Ok(ExitCode::from(u8::from(!all)))
}
