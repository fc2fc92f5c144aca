//! The real client: AWS, or whatever endpoint `AWS_ENDPOINT_URL` names.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};

mod absent;
mod buckets;
mod change_sets;
mod failure;
mod fleet;
mod mail;
mod region;
mod remembered;
mod resources;
mod stacks;
mod time;

use remembered::Remembered;

/// How often a call is tried before its error comes out, with up to 20 seconds of growing, random pauses between.
/// `AWS_MAX_ATTEMPTS` overrides it. Eight attempts ride out a throttled account for about a minute.
const ATTEMPTS: u32 = 8;

/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How long an attempt may go without an answer before it counts as [`crate::Reason::Unreachable`].
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Which credentials and which Region, where the environment should not decide.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Profile of the shared configuration; `AWS_PROFILE`, else `default`.
    pub profile: Option<String>,
    /// Region.
    pub region: String,
}

/// A client of one account in one Region.
#[derive(Clone, Debug)]
pub struct Aws {
    region: String,
    /// Known from the first [`crate::Region::caller`] on.
    account: Arc<OnceLock<String>>,
    config: SdkConfig,
    acm: aws_sdk_acm::Client,
    autoscaling: aws_sdk_autoscaling::Client,
    cloudformation: aws_sdk_cloudformation::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    ec2: aws_sdk_ec2::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    kms: aws_sdk_kms::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    quotas: aws_sdk_servicequotas::Client,
    s3: aws_sdk_s3::Client,
    ses: aws_sdk_sesv2::Client,
    ssm: aws_sdk_ssm::Client,
    sts: aws_sdk_sts::Client,
}

impl Aws {
    /// Reads profile and environment. Nothing is asked yet: credentials are looked for with the first call.
    pub async fn connect(options: Options) -> Self {
        let attempts = std::env::var("AWS_MAX_ATTEMPTS").ok().and_then(|text| text.parse().ok());
        let retries = RetryConfig::standard()
            .with_max_attempts(attempts.filter(|attempts| *attempts > 0).unwrap_or(ATTEMPTS))
            .with_max_backoff(LONGEST_PAUSE);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(CALL_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(SdkRegion::new(options.region.clone()))
            .retry_config(retries)
            .timeout_config(timeouts);
        if let Some(profile) = options.profile {
            // Named by a person: it wins over keys in the environment, as with the AWS CLI.
            let region = SdkRegion::new(options.region.clone());
            let settings = ProviderConfig::without_region().with_region(Some(region));
            let credentials = ProfileFileCredentialsProvider::builder().profile_name(&profile);
            let credentials = credentials.configure(&settings).build();
            loader = loader.profile_name(profile).credentials_provider(credentials);
        }
        let config = loader.load().await;
        // Also those that a program is asked for, which may ask a person.
        let config = match config.credentials_provider() {
            Some(provider) => config
                .into_builder()
                .credentials_provider(SharedCredentialsProvider::new(Remembered::new(provider)))
                .build(),
            None => config,
        };
        // A stand-in has no host name per bucket.
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(has_own_endpoint(&config))
            .build();
        Self {
            region: options.region,
            account: Arc::default(),
            acm: aws_sdk_acm::Client::new(&config),
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            cloudformation: aws_sdk_cloudformation::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            ec2: aws_sdk_ec2::Client::new(&config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            quotas: aws_sdk_servicequotas::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            ses: aws_sdk_sesv2::Client::new(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            config,
        }
    }

    fn buckets(&self) -> buckets::S3<'_> {
        buckets::S3 { client: &self.s3, owner: self.account.get().cloned() }
    }

    /// When the present credentials end, if they say.
    async fn credentials_end(&self) -> Option<jiff::Timestamp> {
        let credentials = self.config.credentials_provider()?.provide_credentials().await.ok()?;
        if let Some(end) = credentials.expiry() {
            let end = end.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
            return jiff::Timestamp::from_second(i64::try_from(end).ok()?).ok();
        }
        // Beside credentials in the environment, as `aws configure export-credentials` writes it.
        // It may be a stale line beside keys that never end.
        let token = credentials.session_token()?;
        let is_theirs = std::env::var("AWS_SESSION_TOKEN").is_ok_and(|it| it == token);
        let told = std::env::var("AWS_CREDENTIAL_EXPIRATION").ok().filter(|_| is_theirs)?;
        told.parse().ok()
    }

    /// Credentials, Region and endpoint, for clients of other crates.
    #[must_use]
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.config
    }

    /// The metadata's client, for accounts.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb.clone()
    }

    /// The content's client.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        self.s3.clone()
    }
}

fn has_own_endpoint(config: &SdkConfig) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    config.endpoint_url().is_some() || set("AWS_ENDPOINT_URL_S3") || set("AWS_ENDPOINT_URL")
}
