//! Takes due digests from the outbox and sends them. Every server runs one; the outbox's leases
//! keep them from each other's messages.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use store::{Digest, Outbox};

use super::letter::Letter;
use super::render::render;
use super::ses::{Mailer, SendError};
use crate::drain::Phase;
use crate::state::AppState;

/// How long a message is ours. A batch takes seconds; whoever dies leaves it for this long.
const LEASE: Duration = Duration::from_secs(120);

/// No message is begun later than this in its lease: sending and noting it must fit into the rest.
const LAST_BEGIN: Duration = Duration::from_secs(90);

/// Between two looks at the outbox.
const SHORTEST_TICK: Duration = Duration::from_millis(250);
const LONGEST_TICK: Duration = Duration::from_secs(30);

/// The longest silence after the mail service asked to slow down.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batch {
    /// Nothing was due.
    Empty,
    /// All of it was tried, or as much as fits into the lease.
    Done,
    /// The rest stays under its lease and is sent by somebody later.
    Throttled,
}

/// Runs until the server stops; returns at once where no mail is sent.
pub async fn worker(state: AppState) {
    let Some(mailer) = &state.mailer else {
        return;
    };
    let outbox = state.store.outbox();
    let tick = (state.config.digest_interval / 4).clamp(SHORTEST_TICK, LONGEST_TICK);
    let mut pause = tick;
    loop {
        // A fifth more or less, so that servers started together do not ask together.
        let jitter = rand::random_range(0.8..1.2);
        tokio::select! {
            () = tokio::time::sleep(pause.mul_f64(jitter)) => {}
            () = state.drain.reached(Phase::Leaving) => return,
        }
        pause = match batch(&state, mailer, &outbox).await {
            Ok(Batch::Done) => Duration::ZERO,
            Ok(Batch::Empty) => tick,
            Ok(Batch::Throttled) => (pause * 2).clamp(Duration::from_secs(1), LONGEST_PAUSE),
            Err(error) => {
                tracing::warn!(%error, "could not read the outbox");
                (pause * 2).clamp(tick, LONGEST_TICK)
            }
        };
    }
}

async fn batch(state: &AppState, mailer: &Mailer, outbox: &Outbox) -> store::Result<Batch> {
    let interval = state.config.digest_interval;
    let taken = Instant::now();
    let digests = outbox.take_due(Timestamp::now(), interval, LEASE).await?;
    if digests.is_empty() {
        return Ok(Batch::Empty);
    }
    for digest in &digests {
        if taken.elapsed() > LAST_BEGIN {
            tracing::warn!("mail goes out slowly; the rest of the batch waits for another lease");
            break;
        }
        if !deliver(state, mailer, outbox, digest).await? {
            return Ok(Batch::Throttled);
        }
    }
    Ok(Batch::Done)
}

/// Sends one digest and notes the outcome; `false` where the mail service asks to slow down.
async fn deliver(
    state: &AppState,
    mailer: &Mailer,
    outbox: &Outbox,
    digest: &Digest,
) -> store::Result<bool> {
    let message = match render(&Letter::of(digest, mailer.public_url())) {
        Ok(message) => message,
        Err(error) => {
            tracing::error!(message = digest.message_id(), %error, "could not write a mail");
            outbox.failed(digest, &error.to_string()).await?;
            return Ok(true);
        }
    };
    let outcome = mailer.send(&message).await;
    // The address and the text stay out of the log; the id finds both.
    let id = digest.message_id();
    match &outcome {
        Ok(()) => {
            state.metrics.mail_sent.inc();
            tracing::info!(message = id, changes = digest.count(), "mail sent");
        }
        Err(error) => {
            state.metrics.mail_failed.inc();
            tracing::warn!(message = id, %error, "mail not sent");
        }
    }
    match outcome {
        Ok(()) => outbox.sent(digest).await?,
        Err(SendError::Throttled) => return Ok(false),
        Err(error @ SendError::Refused(_)) => outbox.give_up(digest, &error.to_string()).await?,
        Err(error @ SendError::Unavailable(_)) => {
            outbox.failed(digest, &error.to_string()).await?;
        }
    }
    Ok(true)
}
