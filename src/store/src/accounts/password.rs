//! Password hashes: argon2id, off the async threads, in bounded memory.

use std::sync::OnceLock;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use crate::error::{Result, StoreError};
use crate::secret::Secret;

/// OWASP Password Storage Cheat Sheet, Argon2id: m = 19 MiB, t = 2, p = 1.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How long a login waits for others' hashing before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hashes `password` with a fresh salt.
pub(super) async fn hash(password: &str) -> Result<Secret> {
    let password = Secret::new(password);
    hashing(move || {
        let hash = hasher()?.hash_password(password.reveal().as_bytes());
        Ok(Secret::new(hash.map_err(failed)?.to_string()))
    })
    .await
}

/// Whether `password` fits. Without a hash (no such account) it does the same work and says no.
pub(super) async fn verify(password: &str, stored: Option<&Secret>) -> Result<bool> {
    let password = Secret::new(password);
    let stored = stored.cloned();
    hashing(move || {
        let known = stored.is_some();
        let stored = match stored {
            Some(stored) => stored,
            None => nobodys()?,
        };
        let parsed = PasswordHash::new(stored.reveal()).map_err(failed)?;
        let fits = hasher()?.verify_password(password.reveal().as_bytes(), &parsed);
        Ok(fits.is_ok() && known)
    })
    .await
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A hash that belongs to no password.
fn nobodys() -> Result<Secret> {
    static HASH: OnceLock<Secret> = OnceLock::new();
    if let Some(hash) = HASH.get() {
        return Ok(hash.clone());
    }
    let password = Secret::random("");
    let hash = hasher()?.hash_password(password.reveal().as_bytes());
    let hash = Secret::new(hash.map_err(failed)?.to_string());
    Ok(HASH.get_or_init(|| hash).clone())
}

/// As many at once as there are processors: 19 MiB each.
async fn hashing<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    static PERMITS: OnceLock<Semaphore> = OnceLock::new();
    let permits = PERMITS.get_or_init(|| {
        Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from))
    });
    let busy = StoreError::TooManyRequests { retry_after: PATIENCE };
    let Ok(Ok(permit)) = tokio::time::timeout(PATIENCE, permits.acquire()).await else {
        return Err(busy);
    };
    let work = move || {
        // Held to the end of the work, also where nobody waits for it any more.
        let _permit = permit;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Internal(format!("hashing a password: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_knows_its_password_and_shows_nothing() {
        let stored = hash("correct horse").await.unwrap();
        assert!(stored.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse", Some(&stored)).await.unwrap());
        assert!(!verify("wrong horse", Some(&stored)).await.unwrap());
        assert!(!verify("correct horse", None).await.unwrap());
        assert_eq!(format!("{stored:?}"), "Secret(…)");
    }
}
