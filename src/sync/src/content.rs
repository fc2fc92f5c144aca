//! The object store through the S3 API, with the temporary credential that the server handed out.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use protocol::hash::ContentHash;
use protocol::upload::ContentAccess;

use crate::error::ContentError;
use crate::service::Content;

/// One bucket with one credential.
pub(crate) struct S3Content {
    client: Client,
    bucket: String,
}

impl S3Content {
    pub(crate) fn new(access: &ContentAccess) -> Self {
        let credential = &access.credential;
        let credentials = Credentials::new(
            &credential.access_key_id,
            &credential.secret_access_key,
            Some(credential.session_token.clone()),
            None,
            "sync-session",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(10))
            .operation_attempt_timeout(Duration::from_secs(300))
            .build();
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials)
            .region(Region::new(access.region.clone()))
            .force_path_style(access.path_style)
            .retry_config(RetryConfig::standard().with_max_attempts(6))
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            // Ours is computed already, and what comes back is checked against the file's hash.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        if let Some(endpoint) = &access.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self { client: Client::from_conf(config.build()), bucket: access.bucket.clone() }
    }
}

#[async_trait]
impl Content for S3Content {
    async fn put(&self, key: &str, hash: &ContentHash, bytes: Bytes) -> Result<(), ContentError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .if_none_match("*")
            .checksum_sha256(STANDARD.encode(hash.as_bytes()))
            .body(ByteStream::from(bytes));
        // The checksum header is signed and the store compares it with the bytes, so signing the
        // payload as well would only hash everything twice.
        match request.customize().disable_payload_signing().send().await {
            Ok(_) => Ok(()),
            Err(error) => match classify(key, error) {
                // The key names the digest: what is there is this.
                Outcome::AlreadyThere => Ok(()),
                Outcome::Failed(error) => Err(error),
            },
        }
    }

    async fn get(&self, key: &str, offset: u64, length: u64) -> Result<Bytes, ContentError> {
        let last = offset + length - 1;
        let request = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .range(format!("bytes={offset}-{last}"));
        let answer = request.send().await.map_err(|error| match classify(key, error) {
            Outcome::AlreadyThere => ContentError::Missing { key: key.to_owned() },
            Outcome::Failed(error) => error,
        })?;
        let body = answer.body.collect().await;
        let bytes = body
            .map_err(|error| ContentError::Unreachable { message: crate::api::chain(&error) })?
            .into_bytes();
        if bytes.len() as u64 == length {
            return Ok(bytes);
        }
        Err(ContentError::Damaged {
            key: key.to_owned(),
            message: format!("{} bytes instead of {length}", bytes.len()),
        })
    }
}

enum Outcome {
    AlreadyThere,
    Failed(ContentError),
}

fn classify<E>(key: &str, error: SdkError<E>) -> Outcome
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    SdkError<E>: std::error::Error,
{
    let key = key.to_owned();
    let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
    let Some(service) = error.as_service_error() else {
        return Outcome::Failed(ContentError::Unreachable { message: crate::api::chain(&error) });
    };
    let code = service.code().unwrap_or_default();
    Outcome::Failed(match (code, status) {
        ("PreconditionFailed", _) | (_, 412) => return Outcome::AlreadyThere,
        ("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired", _) => {
            ContentError::Expired
        }
        ("NoSuchKey", _) | (_, 404) => ContentError::Missing { key },
        (_, 507) => ContentError::Full,
        (_, 409 | 429 | 500..) => ContentError::Unreachable { message: format!("{status} {code}") },
        _ => ContentError::Refused {
            key,
            message: format!("{status} {code} {}", service.message().unwrap_or_default()),
        },
    })
}

#[cfg(test)]
mod tests;
