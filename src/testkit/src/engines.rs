use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::engines::{EnginesConfig, RootCredential};
use anyhow::Context as _;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const REGION: &str = "us-east-1";
const ROOT_KEY: &str = "AKIATESTKITROOT00000";
const ROOT_SECRET: &str = "testkit-root-secret";

/// The embedded S3, DynamoDB, STS and SES in this process, on free ports.
///
/// They stop when this is dropped; data made by [`Engines::start`] goes with it.
pub struct Engines {
    config: EnginesConfig,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<anyhow::Result<()>>>,
    _folder: Option<Arc<TempDir>>,
}

/// Choices for [`Engines`] that few tests need.
#[derive(Default)]
pub struct EnginesBuilder {
    data_dir: Option<PathBuf>,
}

impl EnginesBuilder {
    /// Keeps the data in `dir`, which outlives the engines; for restarts.
    #[must_use]
    pub fn data_dir(mut self, dir: &Path) -> Self {
        self.data_dir = Some(dir.to_path_buf());
        self
    }

    /// Starts the engines.
    ///
    /// # Errors
    /// The data cannot be opened, or no port is free.
    pub async fn start(self) -> anyhow::Result<Engines> {
        let folder = match self.data_dir {
            Some(_) => None,
            None => Some(Arc::new(TempDir::with_prefix("engines-")?)),
        };
        let data_dir = self
            .data_dir
            .or_else(|| folder.as_ref().map(|folder| folder.path().join("data")))
            .context("no folder for the engines")?;
        let s3 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let api = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let config = EnginesConfig {
            data_dir,
            s3_listen: s3.local_addr()?,
            api_listen: api.local_addr()?,
            root: RootCredential::new(ROOT_KEY, ROOT_SECRET),
            table: "syncd-metadata".to_owned(),
            bucket: "syncd-content".to_owned(),
            writer_role_arn: "arn:aws:iam::000000000000:role/syncd-writer".to_owned(),
            reader_role_arn: "arn:aws:iam::000000000000:role/syncd-reader".to_owned(),
            mail_from: Some("sync@localhost.localdomain".to_owned()),
            region: REGION.to_owned(),
        };
        let (stop, stopped) = oneshot::channel();
        let serving = config.clone();
        let task = tokio::spawn(async move {
            let shutdown = async {
                // A dropped sender means stop, too.
                let _ = stopped.await;
            };
            ::engines::serve(serving, s3, api, shutdown).await.context("the engines failed")
        });
        let mut engines = Engines { config, stop: Some(stop), task: Some(task), _folder: folder };
        engines.wait_until_served().await?;
        Ok(engines)
    }
}

impl Engines {
    /// Starts engines on an empty folder.
    ///
    /// # Panics
    /// When they cannot start; a test could not go on.
    pub async fn start() -> Self {
        match Self::builder().start().await {
            Ok(engines) => engines,
            Err(error) => panic!("engines for a test: {error:#}"),
        }
    }

    pub fn builder() -> EnginesBuilder {
        EnginesBuilder::default()
    }

    /// Stops the engines and waits until they let go of their data.
    ///
    /// # Errors
    /// What the engines ended with.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        drop(self.stop.take());
        match self.task.take() {
            Some(task) => task.await?,
            None => Ok(()),
        }
    }

    pub fn s3_endpoint(&self) -> String {
        url(self.config.s3_listen)
    }

    /// DynamoDB, STS and SES v2.
    pub fn api_endpoint(&self) -> String {
        url(self.config.api_listen)
    }

    /// Endpoints of all four services and the root credential. A client of S3
    /// must force path style.
    pub fn sdk_config(&self) -> SdkConfig {
        self.sdk_config_as(self.root_credentials())
    }

    /// The same with another credential, such as a temporary one for S3.
    pub fn sdk_config_as(&self, credentials: Credentials) -> SdkConfig {
        config_for(&self.s3_endpoint(), &self.api_endpoint(), credentials)
    }

    pub fn root_credentials(&self) -> Credentials {
        root_credentials()
    }

    pub fn table(&self) -> &str {
        &self.config.table
    }

    pub fn bucket(&self) -> &str {
        &self.config.bucket
    }

    pub fn writer_role(&self) -> &str {
        &self.config.writer_role_arn
    }

    pub fn reader_role(&self) -> &str {
        &self.config.reader_role_arn
    }

    /// The one sender mail may come from.
    pub fn mail_from(&self) -> &str {
        self.config.mail_from.as_deref().unwrap_or_default()
    }

    pub fn data_dir(&self) -> &Path {
        &self.config.data_dir
    }

    /// The listeners are bound before the data is open: a connection is
    /// answered once it is.
    async fn wait_until_served(&mut self) -> anyhow::Result<()> {
        for address in [self.config.s3_listen, self.config.api_listen] {
            if let Err(error) = health(address).await {
                // The reason is what the engines ended with, if they did.
                drop(self.stop.take());
                if let Some(task) = self.task.take() {
                    task.await??;
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

/// [`Engines::sdk_config`] for engines that a test started in another process.
pub fn sdk_config_for(s3_endpoint: &str, api_endpoint: &str) -> SdkConfig {
    config_for(s3_endpoint, api_endpoint, root_credentials())
}

fn root_credentials() -> Credentials {
    Credentials::new(ROOT_KEY, ROOT_SECRET, None, None, "testkit")
}

fn config_for(s3_endpoint: &str, api_endpoint: &str, credentials: Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(api_endpoint)
        .service_config(ServiceEndpoints { s3: s3_endpoint.to_owned() })
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(60)).build())
        .build()
}

/// S3 listens apart from the rest: `AWS_ENDPOINT_URL_S3` of a real environment.
#[derive(Debug)]
struct ServiceEndpoints {
    s3: String,
}

impl LoadServiceConfig for ServiceEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.service_id() == "S3" && key.env() == "AWS_ENDPOINT_URL").then(|| self.s3.clone())
    }
}

async fn health(address: SocketAddr) -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let request = "GET /-/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 200"), "engines answered {answer}");
    Ok(())
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}
