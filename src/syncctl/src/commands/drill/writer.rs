//! Stores a little content during a disk drill, as an upload would, and removes it again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use local::{Connection, WriteProbe};

use crate::accounts::credentials;
use crate::error::{CliError, Result};

/// An answer that takes longer counts as none.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Writer {
    runtime: tokio::runtime::Runtime,
    client: Client,
    bucket: String,
    written: AtomicU64,
}

impl Writer {
    pub(super) fn open(connection: &Connection) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CliError::io("cannot start the asynchronous runtime", &error))?;
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(connection.region.clone()))
            .endpoint_url(&connection.s3_endpoint)
            .credentials_provider(credentials(&connection.credentials_file)?)
            // A refusal is what the drill wants to see.
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(PATIENCE).build())
            .force_path_style(true)
            .build();
        let (client, bucket) = (Client::from_conf(config), connection.bucket.clone());
        Ok(Self { runtime, client, bucket, written: AtomicU64::new(0) })
    }
}

impl WriteProbe for Writer {
    fn write(&self) -> std::result::Result<(), String> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        // Content of spaces lies below `s/`, so nobody looks here.
        let key = format!("drill/{}-{number}", std::process::id());
        let put = self.client.put_object().bucket(&self.bucket).key(&key);
        let put = put.body(b"a drill".to_vec().into());
        let delete = self.client.delete_object().bucket(&self.bucket).key(&key);
        self.runtime.block_on(async {
            let stored = put.send().await;
            if stored.is_ok() {
                // One that stays costs seven bytes.
                let _ = delete.send().await;
            }
            stored.map(drop).map_err(|error| match error.code() {
                Some(code) => format!("{code}: {}", error.message().unwrap_or("no reason given")),
                None => DisplayErrorContext(&error).to_string(),
            })
        })
    }
}
