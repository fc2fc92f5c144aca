use std::time::Duration;

use axum::extract::State;
use protocol::changes::{ChangesQuery, ChangesResponse};
use protocol::error::ErrorCode;
use protocol::id::SpaceId;
use tokio::time::Instant;

use crate::drain::Phase;
use crate::error::{ApiError, Result};
use crate::extract::{Caller, Json, Path, Query};
use crate::openapi::Read;
use crate::state::AppState;

/// Seconds that one request may wait.
const LONGEST_WAIT: u32 = 60;

const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

/// Answers that end together are spread over this time, so that clients do not return together.
const SPREAD: Duration = Duration::from_millis(500);

/// The journal after a cursor; waits for a change where there is none and the client asks to.
#[utoipa::path(get, path = "/v1/spaces/{space}/changes", operation_id = "list_changes", tag = "files",
    params(("space" = SpaceId, Path), ChangesQuery),
    responses((status = 200, body = ChangesResponse),
        (status = 410, description = "The cursor is of no use any more; list the space again.", body = protocol::error::ErrorBody),
        Read))]
pub(crate) async fn changes(
    State(state): State<AppState>,
    caller: Caller,
    Path(space): Path<SpaceId>,
    Query(query): Query<ChangesQuery>,
) -> Result<Json<ChangesResponse>> {
    let wait = query.wait.unwrap_or(0);
    if wait > LONGEST_WAIT {
        let message = format!("`wait` is 0 to {LONGEST_WAIT} seconds");
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    }
    let read = || {
        let (epoch, limit) = (query.epoch.as_ref(), query.limit);
        state.store.changes(&caller.identity, &space, query.after, epoch, limit)
    };
    if wait == 0 {
        return read().await.map(Json).map_err(Into::into);
    }
    let _waiting = Waiting::new(&state);
    // Subscribed before the first read, so that nothing falls between. That read also decides
    // whether the caller may wait here at all.
    let mut watch = state.watchers.subscribe(&space);
    let mut answer = read().await?;
    let deadline = Instant::now() + Duration::from_secs(wait.into());
    let mut pause = Duration::ZERO;
    loop {
        let is_over = Instant::now() >= deadline || state.drain.phase() >= Phase::Stopping;
        if is_over || !answer.entries.is_empty() {
            return Ok(Json(answer));
        }
        tokio::select! {
            () = watch.beyond(answer.cursor) => {}
            () = tokio::time::sleep_until(deadline) => {}
            () = leaving(&state) => {}
        }
        // Woken and still nothing to see: a row without its predecessor. It comes in a moment.
        tokio::time::sleep(pause).await;
        pause = (pause * 2).clamp(SHORTEST_PAUSE, SPREAD);
        // Whoever lost the token while waiting gets nothing after at most `TOKEN_MEMORY` (2 s):
        // so long this server may remember it as good. Membership is read anew each time.
        caller.confirm(&state).await?;
        answer = read().await?;
    }
}

async fn leaving(state: &AppState) {
    state.drain.reached(Phase::Stopping).await;
    let spread = SPREAD.min(state.config.drain.timeout / 4);
    tokio::time::sleep(spread.mul_f64(rand::random())).await;
}

/// Counts one waiting client for as long as it lives.
struct Waiting<'a>(&'a AppState);

impl<'a> Waiting<'a> {
    fn new(state: &'a AppState) -> Self {
        state.metrics.long_polls.inc();
        Self(state)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.metrics.long_polls.dec();
    }
}
