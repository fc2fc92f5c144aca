//! `sync`.

use std::sync::Arc;

use sync::clock::SystemClock;
use sync::synchronise::{MassDelete, Pairing, Request};

use super::{Outcome, exit_code, open_whole};
use crate::args::SyncArgs;
use crate::failure::Failure;
use crate::ui::{Ui, units};

pub(super) async fn run(args: SyncArgs, ui: &Ui) -> Outcome {
    if !args.once {
        return Err(Failure::Usage(
            "continuous synchronisation is not there yet; run it with --once, for example from \
             cron or a systemd timer"
                .to_owned(),
        ));
    }
    let (home, api, space) = open_whole(&args.space, ui).await?;
    let progress = ui.progress();
    let request = Request {
        directory: args.directory,
        space: space.id,
        state: home.state()?.to_owned(),
        mass_delete: if args.allow_mass_delete { MassDelete::Allow } else { MassDelete::Stop },
        pairing: if args.join { Pairing::Afresh } else { Pairing::Continue },
    };
    let reporter = Ui::reporter(&progress);
    let clock = Arc::new(SystemClock);
    let summary = sync::synchronise::synchronise(api, clock, reporter, request).await?;
    progress.finish();
    ui.summary("sync-agent/sync/1", &summary, || {
        let mut lines = Vec::new();
        for (count, what) in [
            (summary.sent, "sent"),
            (summary.received, "received"),
            (summary.moved_there, "moved in the space"),
            (summary.moved_here, "moved here"),
            (summary.deleted_there, "deleted in the space"),
            (summary.deleted_here, "moved to the local trash"),
            (summary.modes_sent, "made executable or not in the space"),
            (summary.modes_received, "made executable or not here"),
            (
                summary.conflicts,
                if summary.conflicts == 1 { "conflict copy made" } else { "conflict copies made" },
            ),
        ] {
            if count > 0 {
                lines.push(format!("{count} {what}"));
            }
        }
        let files = units::count(summary.files, "file");
        if lines.is_empty() {
            let incomplete = summary.problems.iter().any(|problem| problem.failed);
            let what = if incomplete { "Nothing else to do" } else { "Nothing to do" };
            return vec![format!("{what}: {files} in sync.")];
        }
        let traffic = format!(
            "{} up, {} down in {:.1} s",
            units::bytes(summary.uploaded_bytes),
            units::bytes(summary.downloaded_bytes),
            progress.elapsed().as_secs_f64(),
        );
        vec![format!("{}; {files} in sync. {traffic}", lines.join(", "))]
    });
    ui.problems(&summary.problems);
    Ok(exit_code(&summary.problems))
}
