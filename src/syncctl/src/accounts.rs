//! The accounts of the running service, for `up` and `user`.
//!
//! Only these commands pay for an asynchronous runtime and an HTTP client.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use deploy::verify::outputs;
use local::Connection;
use store::{Accounts, SystemClock};

use crate::aws::listener::Screen;
use crate::aws::{self, Session};
use crate::deployment;
use crate::error::{CliError, Kind, Result};
use crate::ui::Ui;

/// A service that runs, and the door to its accounts.
pub(crate) struct Service {
    pub(crate) entry: Entry,
    /// Of the local target.
    pub(crate) data_dir: Option<PathBuf>,
    runtime: tokio::runtime::Runtime,
    accounts: Accounts,
}

/// Where clients come in.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) endpoint: String,
    /// What they have to trust, where the certificate is self-made.
    pub(crate) authority: Option<PathBuf>,
}

impl Entry {
    pub(crate) fn of(connection: &Connection) -> Self {
        let Connection { endpoint, authority, .. } = connection;
        Self { endpoint: endpoint.clone(), authority: authority.clone() }
    }
}

impl Service {
    /// Connects to the service of the chosen blueprint; it has to run.
    pub(crate) fn connect(ui: &mut Ui) -> Result<Self> {
        let deployment = deployment::load(ui)?;
        if deployment.is_aws() {
            let session = Session::look(deployment, ui)?;
            let screen = Screen::new(ui.settings());
            let outputs = session.run(&screen, async |deployer| outputs(&deployer).await)?;
            let accounts = aws::accounts::accounts(&session, &outputs)?;
            let entry = aws::accounts::entry(&outputs);
            let runtime = session.into_runtime();
            return Ok(Self { entry, data_dir: None, accounts, runtime });
        }
        let data_dir = deployment.data_dir()?;
        // A supervisor that died is brought back by whoever comes by; that it can't be is no reason
        // to stop here.
        let _ = local::revive(&data_dir);
        let status = local::status(&data_dir)?;
        if status.engines.pid.is_none() {
            let message = format!("the service `{}` is not running", deployment.name());
            return Err(
                CliError::new(Kind::Unavailable, message).hint("start it with `syncctl up`")
            );
        }
        Self::open(&local::connection(&data_dir)?)
    }

    pub(crate) fn open(connection: &Connection) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CliError::io("cannot start the asynchronous runtime", &error))?;
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(connection.region.clone()))
            .endpoint_url(&connection.api_endpoint)
            .credentials_provider(credentials(&connection.credentials_file)?)
            .build();
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(config);
        let accounts = Accounts::new(dynamodb, &connection.table, Arc::new(SystemClock));
        let (entry, data_dir) = (Entry::of(connection), Some(connection.data_dir.clone()));
        Ok(Self { entry, data_dir, runtime, accounts })
    }

    /// How many spaces have content: the folders of the content bucket.
    pub(crate) fn count_spaces(&self, connection: &Connection) -> Option<u64> {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .region(Region::new(connection.region.clone()))
            .endpoint_url(&connection.s3_endpoint)
            .credentials_provider(credentials(&connection.credentials_file).ok()?)
            .force_path_style(true)
            .build();
        let list = aws_sdk_s3::Client::from_conf(config)
            .list_objects_v2()
            .bucket(&connection.bucket)
            .prefix("s/")
            .delimiter("/");
        self.runtime.block_on(async {
            let (mut pages, mut count) = (list.into_paginator().send(), 0);
            while let Some(page) = pages.next().await {
                count += page.ok()?.common_prefixes().len() as u64;
            }
            Some(count)
        })
    }

    /// Runs one operation on the accounts to its end.
    pub(crate) fn run<T, Work>(&self, operation: impl FnOnce(Accounts) -> Work) -> Result<T>
    where
        Work: Future<Output = store::Result<T>>,
    {
        Ok(self.runtime.block_on(operation(self.accounts.clone()))?)
    }
}

/// Reads an AWS shared credentials file with one profile.
pub(crate) fn credentials(path: &Path) -> Result<Credentials> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::io(format!("cannot read {}", path.display()), &error))?;
    let value = |key: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        let found = pairs.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim());
        found.map(str::to_owned).ok_or_else(|| {
            CliError::new(Kind::DataFormat, format!("{} has no {key}", path.display()))
        })
    };
    let (id, secret) = (value("aws_access_key_id")?, value("aws_secret_access_key")?);
    Ok(Credentials::new(id, secret, None, None, "data directory"))
}
