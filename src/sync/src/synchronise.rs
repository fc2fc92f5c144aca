//! Both ways, once: fetch the journal, scan, plan, carry out, and again until nothing is left.

mod caution;
mod doubt;
mod execute;
mod hashing;
mod here;
mod leftovers;
mod root;
mod there;
mod untold;

use std::path::PathBuf;
use std::sync::Arc;

use protocol::changes::ChangesQuery;
use protocol::error::ErrorCode;
use protocol::id::SpaceId;
use serde::Serialize;

use crate::api::backoff;
use crate::clock::Clock;
use crate::error::{Result, SyncError};
use crate::plan::{self, Action, Before, Losses, Plan, plan};
use crate::report::{Event, Problem, Reporter};
use crate::service::Service;
use crate::state::State;
use execute::Run;
use root::Root;
pub(crate) use root::lock_out;

/// Each round settles what the one before had to leave waiting. Two are usual, three where
/// something was removed here, one more for each directory that was renamed.
const MOST_ROUNDS: u32 = 100;

/// What appears here after so many rounds that brought something new is left for the next run.
const LATE: u32 = 10;

/// Rows asked for at once.
const PAGE: u64 = 1_000;

/// How often the journal may promise more rows and bring none.
const MOST_EMPTY_PAGES: u32 = 6;

/// Whether a plan that deletes most files may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MassDelete {
    Stop,
    Allow,
}

/// Whether to trust what was remembered about this directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    Continue,
    /// Join both sides as on the first run, which deletes nothing.
    Afresh,
}

#[derive(Clone, Debug)]
pub struct Request {
    /// Created if it does not exist and was never synchronised.
    pub directory: PathBuf,
    pub space: SpaceId,
    /// [`crate::home::Home::state`].
    pub state: PathBuf,
    pub mass_delete: MassDelete,
    pub pairing: Pairing,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct SyncSummary {
    /// Files that are the same on both sides now.
    pub files: u64,
    pub sent: u64,
    pub received: u64,
    pub moved_here: u64,
    pub moved_there: u64,
    /// Moved to the local trash.
    pub deleted_here: u64,
    pub deleted_there: u64,
    /// Files of which only the executable bit changed, in the space and here.
    pub modes_sent: u64,
    pub modes_received: u64,
    pub conflicts: u64,
    pub commits: u64,
    pub uploaded_bytes: u64,
    pub downloaded_bytes: u64,
    pub problems: Vec<Problem>,
}

/// Synchronises once. Safe to interrupt at any point and to run again.
///
/// Both sides get at least what the other one had when the run began. It does not wait for others
/// to pause: of what they commit meanwhile, it takes only what its own commits have to fit to.
pub async fn synchronise(
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    reporter: Arc<dyn Reporter>,
    request: Request,
) -> Result<SyncSummary> {
    let root = Root::open(&request)?;
    let mut run = Run::new(service, clock, reporter, request.space.clone(), root);
    run.sweep()?;
    let mut before = Before::default();
    let (mut losses, mut lost) = (Losses::default(), Losses::default());
    let mut again = true;
    let mut until = None;
    let mut brought = 0;
    for round in 0..MOST_ROUNDS {
        let (service, clock) = (run.service.as_ref(), run.clock.as_ref());
        let cursor =
            fetch_journal(service, clock, &request.space, &mut run.root.state, until).await?;
        let remote = run.root.state.remote()?;
        if round == 0 {
            run.sweep_parts(&remote)?;
        }
        let synced = run.root.state.synced()?;
        run.scan().await?;
        run.hold_doubtful(&synced, request.mass_delete)?;
        let Plan { actions, left_out } = plan(&remote, &run.local, &synced);
        tracing::debug!(?actions, ?left_out, "planned");
        run.left_out = left_out;
        if actions.iter().any(Action::brings_new) {
            if brought == LATE {
                run.caution.close(run.local.entries.keys());
            }
            brought += 1;
        }
        if request.mass_delete == MassDelete::Stop {
            if before.files == 0 {
                before = Before::of(&synced);
            }
            losses = plan::losses(&actions, &remote, &run.local, &before);
            let stopped = stop_mass_delete(losses, before.files, lost);
            if stopped.is_err() && run.caution.is_first_sight(&actions, &synced) {
                continue;
            }
            stopped?;
        }
        let deleted = (run.summary.deleted_here, run.summary.deleted_there);
        again = run.carry_out(actions, remote, synced).await?;
        lost.here += losses.here.min((run.summary.deleted_here - deleted.0) as usize);
        lost.there += losses.there.min((run.summary.deleted_there - deleted.1) as usize);
        if !again {
            break;
        }
        until = if run.overtaken { None } else { Some(cursor.max(run.committed)) };
    }
    if again {
        run.unsettled();
    }
    let summary = run.finish()?;
    for problem in &summary.problems {
        run.reporter.event(Event::Problem(problem.clone()));
    }
    Ok(summary)
}

/// Looks at the whole run: what is deleted in several rounds is deleted all the same.
fn stop_mass_delete(planned: Losses, files: usize, lost: Losses) -> Result<()> {
    for (planned, lost, side) in
        [(planned.here, lost.here, "here"), (planned.there, lost.there, "in the space")]
    {
        let deletes = planned + lost;
        if planned > 0 && plan::is_mass_delete(deletes, files) {
            return Err(SyncError::MassDelete { deletes, files, side });
        }
    }
    Ok(())
}

/// Brings the remembered remote tree up to date, or up to a row, and tells the last one.
///
/// A cursor that the service does not accept any more means that its data was restored or its
/// journal shortened. Then nothing remembered can be trusted to justify a deletion: both sides are
/// joined anew.
async fn fetch_journal(
    service: &dyn Service,
    clock: &dyn Clock,
    space: &SpaceId,
    state: &mut State,
    mut until: Option<u64>,
) -> Result<u64> {
    let mut resets = 0;
    let mut empty = 0;
    loop {
        let (epoch, after) = state.cursor()?;
        let missing = until.map_or(PAGE, |until| until.saturating_sub(after));
        // Nothing may be missing; the epoch is looked at all the same.
        let limit = Some(missing.clamp(1, PAGE) as u32);
        let query = ChangesQuery { after, epoch: epoch.clone(), limit, wait: None };
        let mut page = match service.changes(space, &query).await {
            Ok(page) => page,
            Err(error) if error.code() == Some(ErrorCode::CursorReset) && resets == 0 => {
                resets += 1;
                until = None;
                state.forget_everything()?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if epoch.is_some_and(|epoch| epoch != page.epoch) && resets == 0 {
            resets += 1;
            until = None;
            state.forget_everything()?;
            continue;
        }
        // The rows must follow the cursor without a gap, or a deletion could be overlooked.
        let mut expected = after;
        for entry in &page.entries {
            expected += 1;
            if entry.seq != expected {
                return Err(SyncError::Refused(format!(
                    "the server left out journal row {expected}; try again later"
                )));
            }
        }
        if page.cursor != expected {
            return Err(SyncError::Refused(
                "the server's cursor does not fit its journal rows; try again later".to_owned(),
            ));
        }
        let wanted = until.unwrap_or(u64::MAX).max(after);
        page.entries.retain(|entry| entry.seq <= wanted);
        page.cursor = page.cursor.min(wanted);
        state.apply(&page)?;
        if !page.more || page.cursor == wanted {
            return Ok(page.cursor);
        }
        empty = if page.entries.is_empty() { empty + 1 } else { 0 };
        if empty > MOST_EMPTY_PAGES {
            return Err(SyncError::Refused(
                "the server keeps announcing journal rows and sends none; try again later"
                    .to_owned(),
            ));
        }
        if empty > 0 {
            clock.sleep(backoff(empty)).await;
        }
    }
}

#[cfg(test)]
mod tests;
