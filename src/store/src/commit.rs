//! Commits: the only way to change a space.
//!
//! 1. Read the newest journal row, *n*. 2. Read what the operations touch, and decide ([`plan`],
//!    a pure function). 3. One transaction puts row *n + 1* if it is absent, together with every
//!    node, claim and version. 4. Where somebody else took *n + 1*, begin again.
//!
//! All reads follow the read of *n*, and the transaction succeeds only if nobody committed since:
//! a space is serialised by one compare-and-set, and needs no locks on ancestors.
//!
//! No commit makes a path that clients can't hold: [`paths`] says how that is known.
//!
//! A commit id answers its first outcome for 30 days, also where the first reply was lost. The
//! same id with other operations, or from somebody else, is refused as an invalid request.

mod attempt;
mod content;
mod load;
mod paths;
mod plan;
mod shape;
mod turns;
mod writes;

#[cfg(test)]
mod model;

use std::time::Duration;

use protocol::commit::{CommitRequest, CommitResponse};
use protocol::hash::ContentHash;
use protocol::id::SpaceId;

use crate::error::{Result, StoreError, invalid, unavailable};
use crate::table::pause;
use crate::{Identity, Store};

use attempt::Attempt;
pub(crate) use content::ProofPlaces;
pub(crate) use turns::Turns;

/// How long a commit id is remembered.
pub const COMMIT_ID_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// How often a commit begins again because others were faster.
const ATTEMPTS: u32 = 40;

/// Pauses grow up to this attempt's, about 160 ms.
const LONGEST_PAUSE: u32 = 4;

impl Store {
    /// Applies the operations in order, all or none, as the next row of the journal.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] names every operation that does not fit what is there now;
    /// [`StoreError::ContentMissing`] chunks that are declared but not in the bucket as declared;
    /// [`StoreError::UndeclaredContent`] chunks that the session never declared;
    /// [`StoreError::InvalidRequest`] the first small file whose bytes have another digest;
    /// [`StoreError::TooLarge`] an operation that would make a path too long (see [`paths`]).
    pub async fn commit(
        &self,
        identity: &Identity,
        space: &SpaceId,
        request: CommitRequest,
    ) -> Result<CommitResponse> {
        shape::check(&request.ops)?;
        let payload = fingerprint(identity, &request)?;
        let mut base = self.base(identity, space, &request).await?;
        if let Some(done) = &base.done {
            return repeated(done.seq, done.payload == payload);
        }
        let content = self.verify_content(space, &base, &request).await?;
        let _turn = self.inner.turns.take(space).await;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                pause(attempt.min(LONGEST_PAUSE)).await;
                base = self.base(identity, space, &request).await?;
                if let Some(done) = &base.done {
                    return repeated(done.seq, done.payload == payload);
                }
            }
            let outcome = Attempt {
                store: self,
                identity,
                space,
                request: &request,
                payload,
                base: &base,
                content: &content,
            };
            match outcome.run().await {
                Ok(Some(seq)) => return Ok(CommitResponse { seq }),
                Ok(None) => {}
                // The reply may be lost and the commit done: its id tells.
                Err(StoreError::Unavailable(_)) if attempt + 1 < ATTEMPTS.min(4) => {}
                Err(error) => return Err(error),
            }
        }
        Err(unavailable("committing", &"others were faster each time"))
    }
}

fn repeated(seq: u64, same: bool) -> Result<CommitResponse> {
    if same {
        return Ok(CommitResponse { seq });
    }
    Err(invalid("this commit id was used for another commit; take a new one"))
}

/// What must be equal for a repeated commit id to be a repetition. The session is left out: a
/// repetition may come from a new one.
fn fingerprint(identity: &Identity, request: &CommitRequest) -> Result<ContentHash> {
    let bytes = serde_json::to_vec(&(&identity.user, &request.ops));
    let bytes = bytes.map_err(|error| StoreError::Internal(error.to_string()))?;
    Ok(ContentHash::of(&bytes))
}
