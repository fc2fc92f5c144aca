use jiff::Timestamp;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, ETagCondition,
    MetadataDirective,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::get::{checksum_type, timestamp};
use super::put::{user_metadata, write_condition};
use super::versions::only_version;
use super::{Engine, StoreError};
use crate::object::{Algorithm, Digests, Headers, Meta, ObjectStore, Opened};

/// Bytes copied at a time.
const PIECE: u64 = 1024 * 1024;

impl Engine {
    pub(super) async fn copy(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        // `s3s` has no fields for the conditions on the target.
        let condition = write_condition(
            header_condition(&request.headers, "if-match")?.as_ref(),
            header_condition(&request.headers, "if-none-match")?.as_ref(),
        )?;
        let input = request.input;
        let CopySource::Bucket { bucket, key, version_id } = &input.copy_source else {
            return Err(s3_error!(NotImplemented, "The copy source must be a bucket and a key."));
        };
        only_version(version_id.as_deref())?;
        let (from_bucket, from_key) = (bucket.to_string(), key.to_string());
        let replace = input
            .metadata_directive
            .as_ref()
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        if !replace && from_bucket == input.bucket && from_key == input.key {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata."
            ));
        }
        let headers = replace.then(|| headers_of(&input));
        let (if_match, if_none_match) =
            (input.copy_source_if_match.clone(), input.copy_source_if_none_match.clone());
        let (bucket, key) = (input.bucket, input.key);
        let meta = self
            .blocking(move |store| {
                let source = store.get(&from_bucket, &from_key)?;
                let matches = |condition: &ETagCondition| {
                    condition.as_etag().is_none_or(|etag| etag.value() == source.meta.etag)
                };
                if if_match.is_some_and(|condition| !matches(&condition))
                    || if_none_match.is_some_and(|condition| matches(&condition))
                {
                    return Err(StoreError::PreconditionFailed);
                }
                let (draft, meta) = copied(store, &source, key, headers)?;
                store.publish(draft, &bucket, &meta, &condition)?;
                Ok(meta)
            })
            .await?;
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(CopyObjectResult {
                e_tag: Some(ETag::Strong(meta.etag.clone())),
                last_modified: Some(timestamp(meta.modified)),
                checksum_type: Some(checksum_type(&meta)),
                checksum_crc32: meta.checksums.crc32,
                checksum_crc32c: meta.checksums.crc32c,
                checksum_crc64nvme: meta.checksums.crc64nvme,
                checksum_sha1: meta.checksums.sha1,
                checksum_sha256: meta.checksums.sha256,
            }),
            ..Default::default()
        }))
    }
}

fn copied(
    store: &ObjectStore,
    source: &Opened,
    key: String,
    headers: Option<Headers>,
) -> Result<(crate::object::Draft, Meta), StoreError> {
    let algorithm = source.meta.checksums.algorithm().unwrap_or(Algorithm::Crc64Nvme);
    let mut draft = store.draft(Digests::new(algorithm, true))?;
    let mut start = 0;
    while start < source.meta.size {
        let end = source.meta.size.min(start + PIECE);
        draft.write(&[source.read(start..end)?])?;
        start = end;
    }
    let received = draft.received();
    let meta = Meta {
        key,
        size: received.size,
        etag: received.md5.map(hex::encode).unwrap_or_default(),
        modified: Timestamp::now().as_millisecond(),
        checksums: received.checksums,
        headers: headers.unwrap_or_else(|| source.meta.headers.clone()),
        ..Meta::default()
    };
    Ok((draft, meta))
}

fn headers_of(input: &CopyObjectInput) -> Headers {
    Headers {
        cache_control: input.cache_control.clone(),
        content_disposition: input.content_disposition.clone(),
        content_encoding: input.content_encoding.clone(),
        content_language: input.content_language.clone(),
        content_type: input.content_type.clone(),
        user: user_metadata(input.metadata.as_ref()),
    }
}

fn header_condition(headers: &http::HeaderMap, name: &str) -> S3Result<Option<ETagCondition>> {
    headers
        .get(name)
        .map(|value| ETagCondition::parse_http_header(value.as_bytes()))
        .transpose()
        .map_err(|_| s3_error!(InvalidArgument, "A condition header is not an ETag."))
}
