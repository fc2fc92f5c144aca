//! Object store access that outlives a credential.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use protocol::hash::ContentHash;
use protocol::id::{SessionId, SpaceId};
use protocol::upload::ContentAccess;
use tokio::sync::Mutex;

use crate::api::backoff;
use crate::clock::Clock;
use crate::error::{ContentError, Result};
use crate::service::{Content, Service};

/// Renewed this long before it ends, so that a slow upload started now still passes.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// Attempts on top of those the store's own client makes.
const ATTEMPTS: u32 = 4;

/// Reads and, with a session, writes one space's objects.
pub(crate) struct Gate {
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    space: SpaceId,
    session: Option<SessionId>,
    current: Mutex<Option<Open>>,
}

#[derive(Clone)]
struct Open {
    content: Arc<dyn Content>,
    renew_at: Timestamp,
    number: u64,
}

impl Gate {
    pub(crate) fn reader(service: Arc<dyn Service>, clock: Arc<dyn Clock>, space: SpaceId) -> Self {
        Self { service, clock, space, session: None, current: Mutex::new(None) }
    }

    pub(crate) fn writer(
        service: Arc<dyn Service>,
        clock: Arc<dyn Clock>,
        space: SpaceId,
        session: SessionId,
        access: &ContentAccess,
    ) -> Self {
        let open = Open {
            content: service.connect(access),
            renew_at: renew_at(access, clock.now()),
            number: 0,
        };
        Self { service, clock, space, session: Some(session), current: Mutex::new(Some(open)) }
    }

    pub(crate) async fn put(&self, key: &str, hash: &ContentHash, bytes: Bytes) -> Result<()> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let open = self.open().await?;
            match open.content.put(key, hash, bytes.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) => self.after(error, attempt, open.number).await?,
            }
        }
    }

    pub(crate) async fn get(&self, key: &str, offset: u64, length: u64) -> Result<Bytes> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let open = self.open().await?;
            match open.content.get(key, offset, length).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => self.after(error, attempt, open.number).await?,
            }
        }
    }

    /// Whether to try again: an expired credential is renewed, a lost connection waited for.
    async fn after(&self, error: ContentError, attempt: u32, number: u64) -> Result<()> {
        if attempt >= ATTEMPTS {
            return Err(error.into());
        }
        match error {
            ContentError::Expired => {
                let mut current = self.current.lock().await;
                // Of many uploads that fail together, the first renews for all.
                if current.as_ref().is_some_and(|open| open.number == number) {
                    *current = None;
                }
                Ok(())
            }
            ContentError::Unreachable { .. } | ContentError::Damaged { .. } => {
                self.clock.sleep(backoff(attempt + 2)).await;
                Ok(())
            }
            ContentError::Missing { .. } | ContentError::Refused { .. } | ContentError::Full => {
                Err(error.into())
            }
        }
    }

    async fn open(&self) -> Result<Open> {
        let mut current = self.current.lock().await;
        let now = self.clock.now();
        if let Some(open) = current.as_ref().filter(|open| now < open.renew_at) {
            return Ok(open.clone());
        }
        let access = match &self.session {
            Some(session) => self.service.renew_access(&self.space, session).await?,
            None => self.service.reader_access(&self.space).await?,
        };
        let number = current.as_ref().map_or(0, |open| open.number) + rand::random::<u32>() as u64;
        let open = Open {
            content: self.service.connect(&access),
            renew_at: renew_at(&access, now),
            number,
        };
        *current = Some(open.clone());
        Ok(open)
    }
}

/// Five minutes before the end by our clock, but never at once: where the clocks disagree by more
/// than that, the store's own refusal tells when to renew.
fn renew_at(access: &ContentAccess, now: Timestamp) -> Timestamp {
    let soonest = now + Duration::from_secs(30);
    match access.credential.expires_at.parse::<Timestamp>() {
        Ok(end) => (end - MARGIN).max(soonest),
        Err(_) => now + SignedDuration::from_mins(30),
    }
}
