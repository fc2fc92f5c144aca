//! Tokens this process has just looked up, so that a client that asks often does not cost two
//! strong reads each time.
//!
//! What is revoked through this process is forgotten at once. What is revoked through another one
//! (another server, `syncctl user disable`) works here for [`TOKEN_MEMORY`] longer, and no more.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use protocol::id::UserId;

use super::Identity;

/// How long a token is believed without asking the table: the most by which a revocation, a
/// disabled account or a new password can be late on the other servers.
pub const TOKEN_MEMORY: Duration = Duration::from_secs(2);

/// Tokens remembered; bounds the memory.
const MOST: usize = 20_000;

#[derive(Default)]
pub(super) struct Remembered(Mutex<Tokens>);

#[derive(Default)]
struct Tokens {
    /// By digest.
    known: HashMap<String, Seen>,
    /// Goes up whenever something is forgotten: what was read before is not remembered after.
    forgotten: u64,
}

struct Seen {
    identity: Identity,
    expires_at: Timestamp,
    asked: Asked,
}

/// The moment before the table was asked. The machine's clock may be set back, the other one is
/// what tests can turn: whichever says "too old" first counts.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    at: Timestamp,
    on: Instant,
    forgotten: u64,
}

impl Remembered {
    /// To be called before the table is read.
    pub(super) fn asking(&self, now: Timestamp) -> Asked {
        Asked { at: now, on: Instant::now(), forgotten: self.lock().forgotten }
    }

    pub(super) fn find(&self, digest: &str, now: Timestamp) -> Option<Identity> {
        let tokens = self.lock();
        let seen = tokens.known.get(digest)?;
        (seen.asked.is_fresh(now) && seen.expires_at > now).then(|| seen.identity.clone())
    }

    /// Remembers what the table said, unless something was revoked meanwhile.
    pub(super) fn keep(
        &self,
        digest: String,
        identity: Identity,
        expires_at: Timestamp,
        asked: Asked,
    ) {
        let mut tokens = self.lock();
        if tokens.forgotten != asked.forgotten {
            return;
        }
        if tokens.known.len() >= MOST {
            tokens.known.retain(|_, seen| seen.asked.is_fresh(asked.at));
        }
        if tokens.known.len() < MOST {
            tokens.known.insert(digest, Seen { identity, expires_at, asked });
        }
    }

    pub(super) fn forget_token(&self, digest: &str) {
        let mut tokens = self.lock();
        tokens.forgotten += 1;
        tokens.known.remove(digest);
    }

    pub(super) fn forget_user(&self, user: &UserId) {
        let mut tokens = self.lock();
        tokens.forgotten += 1;
        tokens.known.retain(|_, seen| seen.identity.user != *user);
    }

    fn lock(&self) -> MutexGuard<'_, Tokens> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.at);
        !age.is_negative() && age.unsigned_abs() < TOKEN_MEMORY && self.on.elapsed() < TOKEN_MEMORY
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::DeviceId;

    use super::*;

    fn identity() -> Identity {
        Identity {
            user: UserId::from_random(1),
            login: "ada@example.com".to_owned(),
            device: DeviceId::from_random(1),
        }
    }

    /// A revocation between the read and the remembering must win.
    #[test]
    fn what_was_read_before_a_revocation_is_not_remembered_after_it() {
        let (tokens, now) = (Remembered::default(), Timestamp::now());
        let later = now + Duration::from_secs(3_600);
        let asked = tokens.asking(now);
        tokens.forget_user(&identity().user);
        tokens.keep("digest".to_owned(), identity(), later, asked);
        assert_eq!(tokens.find("digest", now), None);

        tokens.keep("digest".to_owned(), identity(), later, tokens.asking(now));
        assert_eq!(tokens.find("digest", now), Some(identity()));
        assert_eq!(tokens.find("digest", now - Duration::from_secs(1)), None, "a clock set back");
    }
}
