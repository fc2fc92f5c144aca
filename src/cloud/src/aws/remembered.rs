use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::Mutex;

/// How long before their end credentials are asked for anew. The SDK's own caches begin ten seconds before.
const MARGIN: Duration = Duration::from_secs(60);

/// Asks for credentials once and keeps them until shortly before they end, for all clients together: a
/// `credential_process` may ask a person to touch a key.
#[derive(Debug)]
pub(super) struct Remembered {
    provider: SharedCredentialsProvider,
    last: Mutex<Option<Credentials>>,
}

impl Remembered {
    pub(super) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, last: Mutex::default() }
    }

    async fn credentials(&self) -> aws_credential_types::provider::Result {
        let mut last = self.last.lock().await;
        let lives = |known: &&Credentials| {
            known.expiry().is_none_or(|end| end > SystemTime::now() + MARGIN)
        };
        if let Some(known) = last.as_ref().filter(lives) {
            return Ok(known.clone());
        }
        let fresh = self.provider.provide_credentials().await?;
        *last = Some(fresh.clone());
        Ok(fresh)
    }
}

impl ProvideCredentials for Remembered {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
