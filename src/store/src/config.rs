//! What the store must be told, and the SDK clients it speaks through.

use std::time::Duration;

use aws_config::SdkConfig;

#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// The DynamoDB table with keys `pk` and `sk`.
    pub table: String,
    /// The S3 bucket that holds chunks.
    pub bucket: String,
    /// Told to clients together with the bucket.
    pub region: String,
    /// The S3 endpoint told to clients; absent on AWS. When set, clients use path style.
    pub client_endpoint: Option<String>,
    /// Role assumed for members who may write.
    pub writer_role_arn: String,
    /// Role assumed for members who may only read.
    pub reader_role_arn: String,
    /// How long a login lasts (default 30 days).
    pub token_lifetime: Duration,
    /// How long an upload session stays open (default 24 hours).
    pub session_lifetime: Duration,
    /// How long a client's S3 credential lives (default 1 hour; FS-3 allows no more).
    pub credential_lifetime: Duration,
}

impl StoreConfig {
    pub const TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
    pub const SESSION_LIFETIME: Duration = Duration::from_secs(24 * 3600);
    pub const CREDENTIAL_LIFETIME: Duration = Duration::from_secs(3600);
}

/// SDK clients for the three services.
#[derive(Clone, Debug)]
pub struct Clients {
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub s3: aws_sdk_s3::Client,
    pub sts: aws_sdk_sts::Client,
}

impl Clients {
    /// Clients as the environment configured them. S3 uses path style wherever the endpoint is not
    /// AWS's own, because a local endpoint has no wildcard DNS.
    pub fn from_sdk_config(config: &SdkConfig) -> Self {
        let own_endpoint = config.endpoint_url().is_some()
            || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some_and(|url| !url.is_empty());
        let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(own_endpoint).build();
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            sts: aws_sdk_sts::Client::new(config),
        }
    }
}
