//! What every story here starts from.

use aws_credential_types::Credentials;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedPart};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use testkit::Engines;

pub(crate) fn s3(engines: &Engines) -> aws_sdk_s3::Client {
    s3_as(engines, engines.root_credentials())
}

pub(crate) fn s3_as(engines: &Engines, credentials: Credentials) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&engines.sdk_config_as(credentials))
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

pub(crate) fn dynamodb(engines: &Engines) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(&engines.sdk_config())
}

pub(crate) fn sts(engines: &Engines) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::new(&engines.sdk_config())
}

/// A temporary credential for one space, through the real AssumeRole.
pub(crate) async fn assume(engines: &Engines, role: &str, space: &str) -> Credentials {
    let answer = sts(engines)
        .assume_role()
        .role_arn(role)
        .role_session_name("device-1")
        .duration_seconds(900)
        .tags(tag("space", space))
        .send()
        .await
        .unwrap();
    let issued = answer.credentials().unwrap();
    Credentials::new(
        issued.access_key_id(),
        issued.secret_access_key(),
        Some(issued.session_token().to_owned()),
        None,
        "test",
    )
}

pub(crate) fn tag(key: &str, value: &str) -> aws_sdk_sts::types::Tag {
    aws_sdk_sts::types::Tag::builder().key(key).value(value).build().unwrap()
}

/// Writes as a client does: once, under a condition.
pub(crate) async fn create(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    key: &str,
    content: &[u8],
) -> Result<(), String> {
    client
        .put_object()
        .bucket(bucket)
        .key(key)
        .if_none_match("*")
        .checksum_sha256(sha256(content))
        .body(ByteStream::from(content.to_vec()))
        .send()
        .await
        .map(drop)
        .map_err(|error| code(&error))
}

pub(crate) async fn read(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    key: &str,
) -> Result<Vec<u8>, String> {
    let answer =
        client.get_object().bucket(bucket).key(key).send().await.map_err(|error| code(&error))?;
    Ok(answer.body.collect().await.unwrap().to_vec())
}

/// Base64 of the SHA-256, as S3 headers carry it.
pub(crate) fn sha256(content: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(content))
}

/// The error code of an answer, or its HTTP status where it has no body.
pub(crate) fn code<E: ProvideErrorMetadata + std::fmt::Debug>(
    error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
) -> String {
    let named = match error {
        SdkError::ServiceError(service) => service.err().code().map(ToOwned::to_owned),
        _ => None,
    };
    named.unwrap_or_else(|| match error.raw_response() {
        Some(response) => response.status().as_u16().to_string(),
        None => format!("{error:?}"),
    })
}

/// Bytes that differ everywhere, so that a shift is noticed.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

/// Uploads the parts of a multipart upload, each with its SHA-256; ready to be completed.
pub(crate) async fn upload_parts(
    client: &aws_sdk_s3::Client,
    (bucket, key, upload): (&str, &str, &str),
    pieces: std::slice::Chunks<'_, u8>,
) -> Vec<CompletedPart> {
    let mut parts = Vec::new();
    for (number, piece) in (1..).zip(pieces) {
        let sent = client
            .upload_part()
            .bucket(bucket)
            .key(key)
            .upload_id(upload)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .body(ByteStream::from(piece.to_vec()))
            .send()
            .await
            .unwrap();
        let part = CompletedPart::builder().part_number(number).e_tag(sent.e_tag().unwrap());
        parts.push(part.checksum_sha256(sent.checksum_sha256().unwrap()).build());
    }
    parts
}
