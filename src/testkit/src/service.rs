//! A server on a free port with engines of its own; everything goes when it is dropped.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use store::{Clients, Clock, Store, StoreConfig, SystemClock};
use syncd::AppState;
use syncd::config::{Config, DrainTimes, LogFormat};
use syncd::drain::Phase;
use tokio::net::TcpListener;

use crate::Engines;

/// Long enough for the server's rule.
pub const PASSWORD: &str = "correct horse battery";

/// One server in this process, on loopback.
pub struct Service {
    /// Where it listens.
    pub url: String,
    /// What the server itself works with.
    pub state: AppState,
    _engines: Engines,
}

impl Service {
    /// # Panics
    /// If the engines or the listener can't start.
    pub async fn start() -> Self {
        let engines = Engines::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let config = server_config(&engines);
        let store = server_store(&engines, &config, Arc::new(SystemClock));
        let state = AppState::new(config, store, None);
        tokio::spawn(syncd::serve(listener, state.clone(), std::future::pending()));
        Self { url, state, _engines: engines }
    }

    /// A single-use code for somebody new; the first one names nobody.
    pub async fn invitation(&self, login: &str) -> String {
        let accounts = self.state.store.accounts();
        match accounts.invite_first().await.unwrap() {
            Some(invitation) => invitation.code,
            None => accounts.invite(login).await.unwrap().code,
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.state.drain.advance(Phase::Hurrying);
    }
}

/// How a server works with these engines; it listens where the test binds it.
///
/// # Panics
/// Never: the address in it is a constant.
pub fn server_config(engines: &Engines) -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        instance: "a-1".to_owned(),
        region: "us-east-1".to_owned(),
        table: engines.table().to_owned(),
        bucket: engines.bucket().to_owned(),
        writer_role_arn: engines.writer_role().to_owned(),
        reader_role_arn: engines.reader_role().to_owned(),
        client_s3_endpoint: Some(engines.s3_endpoint()),
        public_url: "http://sync.example.com".to_owned(),
        mail_from: None,
        digest_interval: Duration::from_secs(30),
        watch_interval: Duration::from_millis(50),
        drain: DrainTimes { delay: Duration::ZERO, timeout: Duration::from_secs(10) },
        content_streams: 64,
        keep_alive: Duration::from_secs(75),
        trusted_proxies: Default::default(),
        allowed_origins: Vec::new(),
        log_filter: "info".to_owned(),
        log_format: LogFormat::Text,
    }
}

/// The data of such a server, by a clock that a test may turn.
pub fn server_store(engines: &Engines, config: &Config, clock: Arc<dyn Clock>) -> Store {
    let config = StoreConfig {
        table: config.table.clone(),
        bucket: config.bucket.clone(),
        region: config.region.clone(),
        client_endpoint: config.client_s3_endpoint.clone(),
        writer_role_arn: config.writer_role_arn.clone(),
        reader_role_arn: config.reader_role_arn.clone(),
        token_lifetime: StoreConfig::TOKEN_LIFETIME,
        session_lifetime: StoreConfig::SESSION_LIFETIME,
        credential_lifetime: StoreConfig::CREDENTIAL_LIFETIME,
    };
    Store::new(config, Clients::from_sdk_config(&engines.sdk_config()), clock)
}
