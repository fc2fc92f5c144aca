//! Temporary credentials for S3, from STS (FS-3).
//!
//! The role decides what may be done, the session tag `space` under which prefix. Credentials are
//! kept for a while, because STS has a call rate per account that can't be raised.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_sts::types::Tag;
use jiff::Timestamp;
use protocol::id::{SpaceId, UserId};
use protocol::space::Role;
use protocol::upload::{ContentAccess, TemporaryCredential};

use crate::error::{Result, StoreError, unavailable};
use crate::member::Access;
use crate::{Identity, Store};

/// A cached credential is handed out while at least this is left of it.
const LEAST_LEFT: Duration = Duration::from_secs(20 * 60);

/// Cached credentials above which the stale ones are swept out.
const SWEEP_ABOVE: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Write,
    Read,
}

type CacheKey = (SpaceId, Scope, String);

/// Credentials of this process, by space, scope and session name (user and device).
#[derive(Default)]
pub(crate) struct CredentialCache(Mutex<HashMap<CacheKey, (Timestamp, TemporaryCredential)>>);

impl CredentialCache {
    fn find(&self, key: &CacheKey, now: Timestamp) -> Option<TemporaryCredential> {
        let cache = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let (expires_at, credential) = cache.get(key)?;
        (*expires_at > now + LEAST_LEFT).then(|| credential.clone())
    }

    fn keep(
        &self,
        key: CacheKey,
        expires_at: Timestamp,
        credential: TemporaryCredential,
        now: Timestamp,
    ) {
        let mut cache = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if cache.len() >= SWEEP_ABOVE {
            cache.retain(|_, (expires_at, _)| *expires_at > now + LEAST_LEFT);
        }
        cache.insert(key, (expires_at, credential));
    }
}

impl Store {
    /// A credential to read the space's chunks.
    pub async fn reader_access(
        &self,
        identity: &Identity,
        space: &SpaceId,
    ) -> Result<ContentAccess> {
        let access = self.authorize(identity, space, Role::Viewer).await?;
        self.content_access(identity, &access, Scope::Read).await
    }

    pub(crate) async fn content_access(
        &self,
        identity: &Identity,
        access: &Access,
        scope: Scope,
    ) -> Result<ContentAccess> {
        let config = &self.inner.config;
        let space = &access.space.space;
        Ok(ContentAccess {
            bucket: config.bucket.clone(),
            region: config.region.clone(),
            endpoint: config.client_endpoint.clone(),
            path_style: config.client_endpoint.is_some(),
            prefix: format!("s/{space}/"),
            credential: self.credential(identity, space, scope).await?,
        })
    }

    async fn credential(
        &self,
        identity: &Identity,
        space: &SpaceId,
        scope: Scope,
    ) -> Result<TemporaryCredential> {
        let now = self.now();
        let key = (space.clone(), scope, session_name(identity));
        if let Some(credential) = self.inner.credentials.find(&key, now) {
            return Ok(credential);
        }
        let (expires_at, credential) = self.assume_role(&key).await?;
        let cache = &self.inner.credentials;
        cache.keep(key, expires_at, credential.clone(), now);
        Ok(credential)
    }

    async fn assume_role(&self, key: &CacheKey) -> Result<(Timestamp, TemporaryCredential)> {
        let (space, scope, name) = key;
        let config = &self.inner.config;
        let role = match scope {
            Scope::Write => &config.writer_role_arn,
            Scope::Read => &config.reader_role_arn,
        };
        let internal = |error: &dyn std::fmt::Display| StoreError::Internal(error.to_string());
        let tag = Tag::builder().key("space").value(space.as_str()).build();
        let seconds = i32::try_from(config.credential_lifetime.as_secs().min(3_600));
        let output = self
            .inner
            .clients
            .sts
            .assume_role()
            .role_arn(role)
            .role_session_name(name)
            .duration_seconds(seconds.map_err(|e| internal(&e))?)
            .tags(tag.map_err(|e| internal(&e))?)
            .send()
            .await
            .map_err(|error| unavailable("STS AssumeRole", &error))?;
        let issued = output.credentials;
        let issued = issued.ok_or_else(|| unavailable("STS AssumeRole", &"no credential"))?;
        let expires_at = Timestamp::from_second(issued.expiration.secs());
        let expires_at = expires_at.map_err(|e| internal(&e))?;
        let credential = TemporaryCredential {
            access_key_id: issued.access_key_id,
            secret_access_key: issued.secret_access_key,
            session_token: issued.session_token,
            expires_at: expires_at.to_string(),
        };
        Ok((expires_at, credential))
    }
}

/// How the session names of all of a user's credentials begin.
pub fn session_prefix(user: &UserId) -> String {
    format!("{user}.")
}

/// What the cloud's audit log shows: user and device, in STS's 64 characters.
fn session_name(identity: &Identity) -> String {
    let mut name = session_prefix(&identity.user) + identity.device.as_str();
    name.truncate(64);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_name_fits_sts() {
        let identity = Identity {
            user: protocol::id::UserId::from_random(u128::MAX),
            login: "a@b.example".to_owned(),
            device: protocol::id::DeviceId::from_random(1),
        };
        let name = session_name(&identity);
        assert_eq!(name.len(), 64);
        assert!(name.starts_with(&session_prefix(&identity.user)));
    }
}
