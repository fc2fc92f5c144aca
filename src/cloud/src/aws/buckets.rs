//! S3.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, Delete, ObjectIdentifier};
use aws_smithy_types::base64;

use super::absent::OrAbsent as _;
use super::failure;
use crate::error::{CloudError, Reason, Result};
use crate::resources::{BucketContents, Emptied, Object, Upload};

const SERVICE: &str = "s3";

/// How long S3 may take to answer once it has everything.
const ANSWER: Duration = Duration::from_secs(60);

/// Bytes per second of the slowest line that an upload is tried over.
const SLOWEST: u64 = 32 * 1024;

/// S3, and whose buckets are meant: a bucket of the same name in another account is refused
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>).
pub(super) struct S3<'a> {
    pub(super) client: &'a Client,
    /// The caller's account, once it is known: from the caller, or from a stack.
    pub(super) owner: Option<String>,
}

pub(super) async fn count(s3: &S3<'_>, bucket: &str, limit: u64) -> Result<BucketContents> {
    let mut contents = BucketContents::default();
    let call =
        s3.client.list_object_versions().set_expected_bucket_owner(s3.owner.clone()).bucket(bucket);
    let (mut key, mut version) = (None, None);
    loop {
        let page = call.clone().set_key_marker(key).set_version_id_marker(version).send().await;
        let page = page.map_err(failure::of(SERVICE, "ListObjectVersions"))?;
        for version in page.versions.unwrap_or_default() {
            if version.is_latest.unwrap_or_default() {
                contents.objects += 1;
            } else {
                contents.versions += 1;
            }
            contents.bytes += size(version.size);
        }
        contents.versions += page.delete_markers.map_or(0, |markers| markers.len() as u64);
        if page.is_truncated != Some(true) {
            return Ok(contents);
        }
        if contents.objects + contents.versions >= limit {
            return Ok(BucketContents { is_partial: true, ..contents });
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
}

pub(super) async fn empty_some(s3: &S3<'_>, bucket: &str) -> Result<Emptied> {
    let uploads = abort_uploads(s3, bucket).await?;
    let page = s3
        .client
        .list_object_versions()
        .set_expected_bucket_owner(s3.owner.clone())
        .bucket(bucket)
        .send()
        .await;
    let page = page.map_err(failure::of(SERVICE, "ListObjectVersions"))?;
    let versions = page.versions.unwrap_or_default().into_iter().map(|it| (it.key, it.version_id));
    let markers =
        page.delete_markers.unwrap_or_default().into_iter().map(|it| (it.key, it.version_id));
    let doomed: Vec<ObjectIdentifier> = versions
        .chain(markers)
        .filter_map(|(key, version)| {
            ObjectIdentifier::builder().key(key?).set_version_id(version).build().ok()
        })
        .collect();
    let removed = doomed.len() as u64;
    if !doomed.is_empty() {
        delete(s3, bucket, doomed).await?;
    }
    Ok(Emptied { removed: removed + uploads, has_more: page.is_truncated.unwrap_or_default() })
}

async fn delete(s3: &S3<'_>, bucket: &str, doomed: Vec<ObjectIdentifier>) -> Result<()> {
    const OPERATION: &str = "DeleteObjects";
    let delete = Delete::builder().set_objects(Some(doomed)).quiet(true).build();
    let delete =
        delete.map_err(|error| failure::incomplete(SERVICE, OPERATION, &error.to_string()))?;
    let answer = s3
        .client
        .delete_objects()
        .set_expected_bucket_owner(s3.owner.clone())
        .bucket(bucket)
        .delete(delete)
        .send()
        .await;
    let answer = answer.map_err(failure::of(SERVICE, OPERATION))?;
    match answer.errors.unwrap_or_default().into_iter().next() {
        None => Ok(()),
        Some(first) => {
            let code = first.code.unwrap_or_default();
            let reason = if code == "AccessDenied" { Reason::Denied } else { Reason::Other };
            let message =
                format!("{}: {}", first.key.unwrap_or_default(), first.message.unwrap_or_default());
            Err(CloudError::new(SERVICE, OPERATION, reason, code, message))
        }
    }
}

async fn abort_uploads(s3: &S3<'_>, bucket: &str) -> Result<u64> {
    let page = s3
        .client
        .list_multipart_uploads()
        .set_expected_bucket_owner(s3.owner.clone())
        .bucket(bucket)
        .send()
        .await;
    let page = page.map_err(failure::of(SERVICE, "ListMultipartUploads"))?;
    let mut aborted = 0;
    for upload in page.uploads.unwrap_or_default() {
        let call = s3
            .client
            .abort_multipart_upload()
            .set_expected_bucket_owner(s3.owner.clone())
            .bucket(bucket);
        let call = call.set_key(upload.key).set_upload_id(upload.upload_id).send().await;
        call.map_err(failure::of(SERVICE, "AbortMultipartUpload")).or_absent()?;
        aborted += 1;
    }
    Ok(aborted)
}

pub(super) async fn object(s3: &S3<'_>, bucket: &str, key: &str) -> Result<Option<Object>> {
    let call = s3
        .client
        .head_object()
        .set_expected_bucket_owner(s3.owner.clone())
        .bucket(bucket)
        .key(key)
        .checksum_mode(ChecksumMode::Enabled);
    let answer = call.send().await.map_err(failure::of(SERVICE, "HeadObject")).or_absent()?;
    Ok(answer.map(|answer| Object {
        key: key.to_owned(),
        size: size(answer.content_length),
        sha256: answer.checksum_sha256.as_deref().and_then(hexadecimal),
    }))
}

pub(super) async fn keys(s3: &S3<'_>, bucket: &str, prefix: &str) -> Result<Vec<Object>> {
    let pages = s3
        .client
        .list_objects_v2()
        .set_expected_bucket_owner(s3.owner.clone())
        .bucket(bucket)
        .prefix(prefix)
        .into_paginator()
        .send();
    let pages: Result<Vec<_>, _> = pages.collect().await;
    let pages = pages.map_err(failure::of(SERVICE, "ListObjectsV2"))?;
    let objects = pages.into_iter().flat_map(|page| page.contents.unwrap_or_default());
    let object = |it: aws_sdk_s3::types::Object| {
        Some(Object { key: it.key?, size: size(it.size), sha256: None })
    };
    Ok(objects.filter_map(object).collect())
}

pub(super) async fn upload(s3: &S3<'_>, upload: Upload<'_>) -> Result<()> {
    const OPERATION: &str = "PutObject";
    let unreadable = |error: &dyn std::fmt::Display| {
        let message = format!("cannot read {}: {error}", upload.file.display());
        CloudError::new(SERVICE, OPERATION, Reason::Invalid, "", message)
    };
    let body = ByteStream::from_path(upload.file).await.map_err(|error| unreadable(&error))?;
    let digest =
        unhexadecimal(upload.sha256).ok_or_else(|| unreadable(&"its digest is no SHA-256"))?;
    let call = s3
        .client
        .put_object()
        .set_expected_bucket_owner(s3.owner.clone())
        .bucket(upload.bucket)
        .key(upload.key)
        .checksum_sha256(base64::encode(digest))
        .if_none_match("*")
        .body(body);
    // As long as the slowest line needs, and not for ever where no answer comes.
    let bytes = tokio::fs::metadata(upload.file).await.map_or(0, |found| found.len());
    let longest = ANSWER + Duration::from_secs(bytes / SLOWEST);
    let patient = TimeoutConfig::builder().operation_attempt_timeout(longest).build();
    let patient = aws_sdk_s3::config::Config::builder().timeout_config(patient);
    let answer = call.customize().config_override(patient).send().await;
    match answer.map_err(failure::of(SERVICE, OPERATION)) {
        // Somebody else's upload of the same content, or an earlier attempt whose answer was lost.
        Err(error) if error.has_code("PreconditionFailed") || error.has_code("412") => {
            let found = object(s3, upload.bucket, upload.key).await?;
            let other = found.and_then(|found| found.sha256).filter(|found| found != upload.sha256);
            if other.is_some() { Err(error) } else { Ok(()) }
        }
        answer => answer.map(drop),
    }
}

pub(super) async fn put_text(s3: &S3<'_>, bucket: &str, key: &str, text: &str) -> Result<()> {
    let body = ByteStream::from(text.as_bytes().to_vec());
    let call = s3
        .client
        .put_object()
        .set_expected_bucket_owner(s3.owner.clone())
        .bucket(bucket)
        .key(key)
        .content_type("application/json");
    call.body(body).send().await.map_err(failure::of(SERVICE, "PutObject")).map(drop)
}

pub(super) async fn text(s3: &S3<'_>, bucket: &str, key: &str) -> Result<Option<String>> {
    const OPERATION: &str = "GetObject";
    let call = s3
        .client
        .get_object()
        .set_expected_bucket_owner(s3.owner.clone())
        .bucket(bucket)
        .key(key)
        .send()
        .await;
    let Some(answer) = call.map_err(failure::of(SERVICE, OPERATION)).or_absent()? else {
        return Ok(None);
    };
    let body = answer.body.collect().await;
    let body = body.map_err(|error| failure::incomplete(SERVICE, OPERATION, &error.to_string()))?;
    Ok(Some(String::from_utf8_lossy(&body.into_bytes()).into_owned()))
}

fn size(bytes: Option<i64>) -> u64 {
    u64::try_from(bytes.unwrap_or_default()).unwrap_or_default()
}

fn hexadecimal(base: &str) -> Option<String> {
    let bytes = base64::decode(base).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn unhexadecimal(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (text.len() == 64).then(|| (0..64).step_by(2).map(pair).collect::<Option<Vec<u8>>>())?
}

#[cfg(test)]
mod tests {
    use super::{hexadecimal, unhexadecimal};
    use aws_smithy_types::base64;

    #[test]
    fn a_digest_survives_both_spellings() {
        let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let bytes = unhexadecimal(digest).unwrap();
        assert_eq!(hexadecimal(&base64::encode(bytes)).as_deref(), Some(digest));
        assert_eq!(unhexadecimal("2cf2"), None);
        assert_eq!(unhexadecimal(&"é".repeat(32)), None);
    }
}
