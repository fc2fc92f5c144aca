use std::collections::BTreeMap;

use bytes::Bytes;
use futures::StreamExt as _;
use jiff::Timestamp;
use s3s::dto::{ChecksumType, ETag, ETagCondition, PutObjectInput, PutObjectOutput, StreamingBlob};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::checksum::{Claim, etag};
use super::error::body_error;
use super::{Engine, StoreError};
use crate::object::{Condition, Draft, Headers, Meta};

/// Bytes gathered before they are hashed and written.
const BATCH: usize = 1024 * 1024;

impl Engine {
    pub(super) async fn put(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let S3Request { mut input, headers, trailing_headers, .. } = request;
        let condition = write_condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let claim = Claim::read(&headers, trailing_headers)?;
        let body = input.body.take();
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        if condition == Condition::Absent {
            let (bucket, key) = (bucket.clone(), key.clone());
            if self.blocking(move |store| store.exists(&bucket, &key)).await? {
                // The client is still sending; it would not hear the answer.
                discard(body).await?;
                return Err(StoreError::PreconditionFailed.into());
            }
        } else {
            self.store.bucket(&bucket)?;
        }
        let (draft, mut meta) = self.receive(body, &claim).await?;
        meta.key = key;
        meta.headers = headers_of(&input);
        let answer = PutObjectOutput {
            e_tag: Some(ETag::Strong(meta.etag.clone())),
            checksum_crc32: meta.checksums.crc32.clone(),
            checksum_crc32c: meta.checksums.crc32c.clone(),
            checksum_crc64nvme: meta.checksums.crc64nvme.clone(),
            checksum_sha1: meta.checksums.sha1.clone(),
            checksum_sha256: meta.checksums.sha256.clone(),
            checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
            ..Default::default()
        };
        self.blocking(move |store| store.publish(draft, &bucket, &meta, &condition)).await?;
        Ok(S3Response::new(answer))
    }

    /// Takes a body in and verifies it. One batch is hashed and written while
    /// the next one arrives; a failure leaves nothing behind.
    pub(super) async fn receive(
        &self,
        body: Option<StreamingBlob>,
        claim: &Claim,
    ) -> S3Result<(Draft, Meta)> {
        let digests = claim.digests();
        let mut draft = self.blocking(move |store| store.draft(digests)).await?;
        let mut body = body;
        let mut batch = next_batch(&mut body).await?;
        while !batch.is_empty() {
            let writing = tokio::task::spawn_blocking(move || {
                draft.write(&batch)?;
                Ok::<_, StoreError>(draft)
            });
            // Both are awaited, whichever fails: a task must not outlive this.
            let next = next_batch(&mut body).await;
            draft =
                writing.await.map_err(|error| StoreError::Io(std::io::Error::other(error)))??;
            batch = next?;
        }
        let received = draft.received();
        claim.verify(&received.checksums, received.md5)?;
        let meta = Meta {
            size: received.size,
            etag: etag(&received.checksums, received.md5),
            checksums: received.checksums,
            modified: Timestamp::now().as_millisecond(),
            ..Meta::default()
        };
        Ok((draft, meta))
    }
}

/// The condition a write is under.
pub(super) fn write_condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::None),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::Any), None) => Ok(Condition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::Etag(etag.value().to_owned())),
        (None, Some(ETagCondition::ETag(etag))) => {
            Ok(Condition::OtherEtag(etag.value().to_owned()))
        }
        (Some(_), Some(_)) => {
            Err(s3_error!(NotImplemented, "A write takes If-Match or If-None-Match, not both."))
        }
    }
}

fn headers_of(input: &PutObjectInput) -> Headers {
    Headers {
        cache_control: input.cache_control.clone(),
        content_disposition: input.content_disposition.clone(),
        content_encoding: input.content_encoding.clone(),
        content_language: input.content_language.clone(),
        content_type: input.content_type.clone(),
        user: user_metadata(input.metadata.as_ref()),
    }
}

pub(super) fn user_metadata(metadata: Option<&s3s::dto::Metadata>) -> BTreeMap<String, String> {
    metadata.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The next pieces of a body, about [`BATCH`] bytes; empty at its end.
async fn next_batch(body: &mut Option<StreamingBlob>) -> S3Result<Vec<Bytes>> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while bytes < BATCH
        && let Some(stream) = body
    {
        match stream.next().await {
            Some(piece) => {
                let piece = piece.map_err(|error| body_error(&error))?;
                bytes += piece.len();
                batch.push(piece);
            }
            None => *body = None,
        }
    }
    Ok(batch)
}

async fn discard(body: Option<StreamingBlob>) -> S3Result<()> {
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            piece.map_err(|error| body_error(&error))?;
        }
    }
    Ok(())
}
