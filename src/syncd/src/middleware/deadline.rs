use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use protocol::error::ErrorCode;

use crate::error::{ApiError, Result};

/// How long a handler may take, body of the request included. The answer's body may take longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(pub Duration);

/// For every route but the long-poll.
pub(crate) const ORDINARY: Deadline = Deadline(Duration::from_secs(30));

/// A wait of at most 60 seconds, and the reads around it.
pub(crate) const LONG_POLL: Deadline = Deadline(Duration::from_secs(90));

pub(crate) async fn deadline(
    State(deadline): State<Deadline>,
    request: Request,
    next: Next,
) -> Result<Response> {
    tokio::time::timeout(deadline.0, next.run(request)).await.map_err(|_elapsed| {
        ApiError::new(
            ErrorCode::Unavailable,
            "the request took too long and was given up; try again",
        )
    })
}
