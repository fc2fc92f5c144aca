//! The whole life of the process: logs, clients, listener, serving, leaving.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use store::{Clients, Store, StoreConfig, StoreError, SystemClock};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::drain::{Drain, Phase};
use crate::mail::Mailer;
use crate::state::AppState;
use crate::telemetry::{self, TelemetryError};

/// How long the start waits for the table to tell its format.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why the server could not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error("the table {table} can't be used")]
    NewerData {
        table: String,
        #[source]
        source: StoreError,
    },
    #[error("could not start the runtime")]
    Runtime(#[source] io::Error),
    #[error("could not watch for signals")]
    Signals(#[source] io::Error),
    #[error("{address} is taken by another process; stop that one or change SYNCD_LISTEN")]
    AddressTaken { address: SocketAddr },
    #[error("could not listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
}

/// Runs until SIGTERM or SIGINT has been answered.
///
/// # Errors
/// If the server can't start.
pub fn run(config: Config) -> Result<(), RunError> {
    telemetry::init(&config)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(RunError::Runtime)?
        .block_on(start(config))
}

async fn start(config: Config) -> Result<(), RunError> {
    let signals = Signals::listen().map_err(RunError::Signals)?;
    let address = config.listen;
    let listener = TcpListener::bind(address).await.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            RunError::AddressTaken { address }
        } else {
            RunError::Listen { address, source }
        }
    })?;
    let state = connect(config).await;
    require_known_format(&state).await?;
    tracing::info!(
        instance = state.config.instance,
        version = env!("CARGO_PKG_VERSION"),
        %address,
        mail = state.mailer.is_some(),
        "listening"
    );
    let drain = state.drain.clone();
    crate::serve(listener, state, signals.leave(drain)).await;
    Ok(())
}

/// Refuses to start on data of a newer release. A table that does not answer yet is no reason:
/// the readiness check asks again, and lets nobody in before it knows.
async fn require_known_format(state: &AppState) -> Result<(), RunError> {
    match tokio::time::timeout(PATIENCE, state.store.claim_format()).await {
        Ok(Err(source @ StoreError::NewerFormat { .. })) => {
            Err(RunError::NewerData { table: state.config.table.clone(), source })
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "the table does not answer yet");
            Ok(())
        }
        Ok(Ok(())) | Err(_) => Ok(()),
    }
}

/// The clients of every outside service, as the environment configured them.
async fn connect(config: Config) -> AppState {
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(config.region.clone()))
        .timeout_config(timeouts(&config))
        .load()
        .await;
    let store =
        Store::new(store_config(&config), Clients::from_sdk_config(&sdk), Arc::new(SystemClock));
    let mailer = config
        .mail_from
        .as_deref()
        .map(|from| Mailer::new(mail_client(&sdk), from, &config.public_url));
    AppState::new(config, store, mailer)
}

/// The SDK waits for ever for an answer that got lost, and so would the user. AWS answers what the server asks for in
/// milliseconds, so that three seconds are a lost answer; one that is asked again comes within a client's patience of ten.
/// Engines on a machine's own disk may be slower than that. How long the body of an answer flows is not limited.
fn timeouts(config: &Config) -> TimeoutConfig {
    // Only a machine of its own has an S3 of another address.
    let is_aws = config.client_s3_endpoint.is_none();
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(if is_aws { 3 } else { 15 }))
        .operation_timeout(Duration::from_secs(if is_aws { 20 } else { 45 }))
        .build()
}

/// A mail is sent once: SES has no token that would tell a repetition. Where its answer is lost, the outbox decides.
fn mail_client(sdk: &SdkConfig) -> aws_sdk_sesv2::Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(20))
        .build();
    let config = aws_sdk_sesv2::config::Builder::from(sdk)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    aws_sdk_sesv2::Client::from_conf(config.build())
}

fn store_config(config: &Config) -> StoreConfig {
    StoreConfig {
        table: config.table.clone(),
        bucket: config.bucket.clone(),
        region: config.region.clone(),
        client_endpoint: config.client_s3_endpoint.clone(),
        writer_role_arn: config.writer_role_arn.clone(),
        reader_role_arn: config.reader_role_arn.clone(),
        token_lifetime: StoreConfig::TOKEN_LIFETIME,
        session_lifetime: StoreConfig::SESSION_LIFETIME,
        credential_lifetime: StoreConfig::CREDENTIAL_LIFETIME,
    }
}

/// SIGTERM and SIGINT mean the same.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Returns at the first signal; the second one makes the leaving short.
    async fn leave(mut self, drain: Drain) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            tracing::warn!("asked to stop twice; leaving now");
            drain.advance(Phase::Hurrying);
        });
    }
}
