//! The embedded engines: the S3, DynamoDB, STS and SES v2 APIs over a folder
//! of this machine, on two loopback listeners of one process.
//!
//! What is acknowledged is on the disk: every write is synced first. Both
//! listeners demand AWS signatures by the root credential; the S3 listener also
//! takes temporary credentials its own STS issued.

mod api;
mod body;
mod credential;
mod dynamodb;
mod ended;
mod error;
mod format;
mod limits;
mod listener;
pub mod mail;
mod object;
mod room;
mod s3;
mod ses;
mod signature;
mod sts;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

pub use credential::RootCredential;
pub use ended::EndedSession;
pub use error::EngineError;
pub use limits::{CONTENT_RESERVE, Limits, METADATA_RESERVE};

/// Everything the engines need to know.
#[derive(Debug, Clone)]
pub struct EnginesConfig {
    /// Holds `metadata/`, `objects/` and `mail/`; created when missing.
    pub data_dir: PathBuf,
    /// Where S3 is reached; the listener itself is handed to [`serve`].
    pub s3_listen: SocketAddr,
    /// Where DynamoDB, STS and SES v2 are reached.
    pub api_listen: SocketAddr,
    pub root: RootCredential,
    pub table: String,
    pub bucket: String,
    pub writer_role_arn: String,
    pub reader_role_arn: String,
    /// Address or domain mail may come from; `None` refuses all mail.
    pub mail_from: Option<String>,
    pub region: String,
}

/// Whether this program can read what lies in a data folder; nothing is opened or changed.
///
/// # Errors
/// [`EngineError::NewerFormat`] and [`EngineError::Unreadable`]; what is missing is no error.
pub fn check_formats(data_dir: &Path) -> Result<(), EngineError> {
    format::check(&data_dir.join("objects"), object::FORMAT)?;
    format::check(&data_dir.join("metadata"), dynamodb::FORMAT)?;
    format::check(&data_dir.join("mail"), mail::FORMAT)
}

/// Opens the data, creates table and bucket when missing, and serves both
/// listeners until `shutdown` resolves and running requests have ended.
///
/// # Errors
/// Before anything is served: data of a newer release or of another program,
/// data in use by another process, or a disk that refuses.
pub async fn serve(
    config: EnginesConfig,
    s3: TcpListener,
    api: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), EngineError> {
    serve_within(config, Limits::default(), s3, api, shutdown).await
}

/// [`serve`] with other limits than the usual ones.
///
/// # Errors
/// As [`serve`].
pub async fn serve_within(
    config: EnginesConfig,
    limits: Limits,
    s3: TcpListener,
    api: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), EngineError> {
    let credentials = credential::Credentials::new(config.root.clone());
    let opening = config.clone();
    let opening_limits = limits.clone();
    let (store, database, outbox) = tokio::task::spawn_blocking(move || {
        // All of it, before a part of it is touched.
        check_formats(&opening.data_dir)?;
        let limits = opening_limits;
        let store = object::ObjectStore::open(&opening.data_dir.join("objects"), &limits)?;
        let metadata = opening.data_dir.join("metadata");
        let database = dynamodb::Metadata::open(&metadata, limits.metadata_reserve)?;
        let outbox = mail::Sink::open(&opening.data_dir.join("mail"))?;
        database.ensure_table(&opening.table)?;
        s3::ensure_bucket(&store, &opening.bucket)?;
        Ok::<_, EngineError>((Arc::new(store), database, outbox))
    })
    .await
    .map_err(|error| EngineError::io("cannot open", &config.data_dir)(error.into()))??;

    let (stop, stopped) = watch::channel(false);
    let ended = ended::Ended::new(limits.ended_sessions.clone());
    let s3_service = s3::service(Arc::clone(&store), credentials.clone(), &config.bucket, ended);
    let api_service = api::router(api::Services {
        credentials,
        database: database.clone(),
        outbox,
        config: Arc::new(config),
    });
    let sweeper = tokio::spawn(database.sweep_until(stopped.clone()));
    let s3_task = tokio::spawn(listener::serve(s3, s3_service, limits.clone(), stopped.clone()));
    let api_task = tokio::spawn(listener::serve(api, api_service, limits, stopped));
    shutdown.await;
    // Receivers may be gone only if their task is.
    let _ = stop.send(true);
    for (name, task) in [("s3", s3_task), ("api", api_task), ("sweeper", sweeper)] {
        task.await.map_err(|error| EngineError::Listener { name, source: error.into() })?;
    }
    Ok(())
}
