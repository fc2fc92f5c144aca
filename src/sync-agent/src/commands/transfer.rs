//! `push` and `pull`.

use std::process::ExitCode;
use std::sync::Arc;

use sync::clock::SystemClock;
use sync::history::{fetch, select};
use sync::pull::{Different, Pull, PullSummary};
use sync::push::{Push, PushSummary};
use sync::service::Service;

use super::{Outcome, exit_code, open_space};
use crate::args::{PullArgs, PushArgs};
use crate::place::Place;
use crate::ui::{Progress, Ui, units};

pub(super) async fn push(args: PushArgs, ui: &Ui) -> Outcome {
    let place = Place::parse(&args.to)?;
    let (_, api, space) = open_space(&place.space, ui).await?;
    let progress = ui.progress();
    let request = Push {
        sources: args.sources,
        space: space.id,
        to: place.path,
        into_directory: place.slash,
    };
    let reporter = Ui::reporter(&progress);
    let summary = sync::push::push(api, Arc::new(SystemClock), reporter, request).await?;
    progress.finish();
    ui.summary("sync-agent/push/1", &summary, || {
        let speed = units::speed(summary.uploaded_bytes, progress.elapsed());
        pushed(&summary, &speed)
    });
    ui.problems(&summary.problems);
    Ok(exit_code(&summary.problems))
}

fn pushed(summary: &PushSummary, speed: &str) -> Vec<String> {
    let line = format!(
        "{}, {} in the space ({} new, {} updated, {} unchanged)",
        units::count(summary.files, "file"),
        units::bytes(summary.bytes),
        summary.created,
        summary.updated,
        summary.unchanged,
    );
    vec![
        line,
        format!(
            "Uploaded {} ({speed}); {} were already there",
            units::bytes(summary.uploaded_bytes),
            units::bytes(summary.already_there_bytes),
        ),
    ]
}

pub(super) async fn pull(args: PullArgs, ui: &Ui) -> Outcome {
    let different = if args.overwrite { Different::Replace } else { Different::Keep };
    let place = Place::parse(&args.from)?;
    let (_, api, space) = open_space(&place.space, ui).await?;
    let progress = ui.progress();
    if let Some(revision) = args.revision {
        let (service, clock) = (api as Arc<dyn Service>, Arc::new(SystemClock));
        let selected = select(&service, &space.id, &place.path, Some(revision)).await?;
        let Some((_, name)) = selected.path.split() else { return Ok(ExitCode::SUCCESS) };
        let (target, reporter) = ((args.to.as_path(), name.clone()), Ui::reporter(&progress));
        let summary =
            fetch(service, clock, reporter, space.id, &selected, target, different).await?;
        return show_pull(&summary, &progress, ui);
    }
    let request = Pull {
        space: space.id,
        contents_only: place.slash || place.path.is_root(),
        from: place.path,
        to: args.to,
        different,
    };
    let reporter = Ui::reporter(&progress);
    let summary = sync::pull::pull(api, Arc::new(SystemClock), reporter, request).await?;
    show_pull(&summary, &progress, ui)
}

pub(super) fn show_pull(summary: &PullSummary, progress: &Progress, ui: &Ui) -> Outcome {
    progress.finish();
    ui.summary("sync-agent/pull/1", summary, || {
        let speed = units::speed(summary.downloaded_bytes, progress.elapsed());
        pulled(summary, &speed)
    });
    ui.problems(&summary.problems);
    Ok(exit_code(&summary.problems))
}

fn pulled(summary: &PullSummary, speed: &str) -> Vec<String> {
    vec![
        format!(
            "{}, {} here ({} fetched, {} unchanged, {} replaced)",
            units::count(summary.files, "file"),
            units::bytes(summary.bytes),
            summary.downloaded,
            summary.unchanged,
            summary.replaced,
        ),
        format!("Downloaded {} ({speed})", units::bytes(summary.downloaded_bytes)),
    ]
}
