use std::ops::Range;
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use s3s::dto::{
    ChecksumMode, ChecksumType, ETag, ETagCondition, GetObjectInput, GetObjectOutput,
    HeadObjectInput, HeadObjectOutput, StreamingBlob, Timestamp,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::versions::only_version;
use super::{Caller, Engine, StoreError};
use crate::object::{Checksums, Meta, Opened};

/// The conditions of a read, in the order HTTP judges them.
struct Conditions<'a> {
    if_match: Option<&'a ETagCondition>,
    if_none_match: Option<&'a ETagCondition>,
    if_modified_since: Option<&'a Timestamp>,
    if_unmodified_since: Option<&'a Timestamp>,
}

impl Engine {
    pub(super) async fn get(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let caller = request.extensions.get::<Caller>().copied();
        let answer = self.answer(caller, request.input).await?;
        let body = Some(StreamingBlob::wrap(answer.opened.stream(answer.range)));
        let mut response = S3Response::new(GetObjectOutput { body, ..answer.output });
        response.status = answer.status;
        Ok(response)
    }

    /// A GET whose body nobody sends.
    pub(super) async fn head(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let caller = request.extensions.get::<Caller>().copied();
        let answer = self.answer(caller, as_get(request.input)).await?;
        let mut response = S3Response::new(as_head(answer.output));
        response.status = answer.status;
        Ok(response)
    }

    /// Everything but the body.
    async fn answer(&self, caller: Option<Caller>, input: GetObjectInput) -> S3Result<Answer> {
        only_version(input.version_id.as_deref())?;
        let opened = self.open(caller, &input.bucket, &input.key).await?;
        let meta = &opened.meta;
        Conditions {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
            if_modified_since: input.if_modified_since.as_ref(),
            if_unmodified_since: input.if_unmodified_since.as_ref(),
        }
        .check(meta)?;
        let (range, partial) = wanted(meta, input.range, input.part_number)?;
        let sums =
            answered_checksums(meta, input.checksum_mode.as_ref(), partial, input.part_number);
        let headers = meta.headers.clone();
        let output = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(length_of(&range)),
            content_range: partial.then(|| content_range(&range, meta.size)),
            checksum_type: sums.algorithm().map(|_| checksum_type(meta)),
            checksum_crc32: sums.crc32,
            checksum_crc32c: sums.crc32c,
            checksum_crc64nvme: sums.crc64nvme,
            checksum_sha1: sums.sha1,
            checksum_sha256: sums.sha256,
            e_tag: Some(ETag::Strong(meta.etag.clone())),
            last_modified: Some(timestamp(meta.modified)),
            cache_control: input.response_cache_control.or(headers.cache_control),
            content_disposition: input.response_content_disposition.or(headers.content_disposition),
            content_encoding: input.response_content_encoding.or(headers.content_encoding),
            content_language: input.response_content_language.or(headers.content_language),
            content_type: input
                .response_content_type
                .or(headers.content_type)
                .or_else(default_type),
            parts_count: parts_count(meta, input.part_number),
            metadata: Some(headers.user.into_iter().collect()),
            ..Default::default()
        };
        let status = partial.then_some(StatusCode::PARTIAL_CONTENT);
        Ok(Answer { output, status, opened, range })
    }

    pub(super) async fn open(
        &self,
        caller: Option<Caller>,
        bucket: &str,
        key: &str,
    ) -> S3Result<Opened> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        match self.blocking(move |store| store.get(&bucket, &key)).await {
            // As on AWS: who may not list is not told what does not exist.
            Err(StoreError::NoSuchKey(_)) if caller != Some(Caller::Root) => {
                Err(s3_error!(AccessDenied, "Access Denied"))
            }
            other => Ok(other?),
        }
    }
}

/// A read that is permitted and possible.
struct Answer {
    /// Without its body.
    output: GetObjectOutput,
    status: Option<StatusCode>,
    opened: Opened,
    range: Range<u64>,
}

fn as_get(input: HeadObjectInput) -> GetObjectInput {
    GetObjectInput {
        bucket: input.bucket,
        key: input.key,
        version_id: input.version_id,
        checksum_mode: input.checksum_mode,
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
        range: input.range,
        part_number: input.part_number,
        response_cache_control: input.response_cache_control,
        response_content_disposition: input.response_content_disposition,
        response_content_encoding: input.response_content_encoding,
        response_content_language: input.response_content_language,
        response_content_type: input.response_content_type,
        ..Default::default()
    }
}

fn as_head(output: GetObjectOutput) -> HeadObjectOutput {
    HeadObjectOutput {
        accept_ranges: output.accept_ranges,
        content_length: output.content_length,
        content_range: output.content_range,
        checksum_type: output.checksum_type,
        checksum_crc32: output.checksum_crc32,
        checksum_crc32c: output.checksum_crc32c,
        checksum_crc64nvme: output.checksum_crc64nvme,
        checksum_sha1: output.checksum_sha1,
        checksum_sha256: output.checksum_sha256,
        e_tag: output.e_tag,
        last_modified: output.last_modified,
        cache_control: output.cache_control,
        content_disposition: output.content_disposition,
        content_encoding: output.content_encoding,
        content_language: output.content_language,
        content_type: output.content_type,
        parts_count: output.parts_count,
        metadata: output.metadata,
        ..Default::default()
    }
}

impl Conditions<'_> {
    fn check(&self, meta: &Meta) -> S3Result<()> {
        let matches = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == meta.etag,
        };
        // HTTP dates have whole seconds.
        let modified = timestamp(meta.modified - meta.modified.rem_euclid(1000));
        if let Some(condition) = self.if_match {
            if !matches(condition) {
                return Err(StoreError::PreconditionFailed.into());
            }
        } else if self.if_unmodified_since.is_some_and(|since| modified > *since) {
            return Err(StoreError::PreconditionFailed.into());
        }
        let unchanged = match self.if_none_match {
            Some(condition) => matches(condition),
            None => self.if_modified_since.is_some_and(|since| modified <= *since),
        };
        if unchanged { Err(not_modified(meta)) } else { Ok(()) }
    }
}

fn not_modified(meta: &Meta) -> S3Error {
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&format!("\"{}\"", meta.etag)) {
        headers.insert(header::ETAG, value);
    }
    error.set_headers(headers);
    error
}

/// The bytes asked for, and whether they are only a part.
fn wanted(
    meta: &Meta,
    range: Option<s3s::dto::Range>,
    part: Option<i32>,
) -> S3Result<(Range<u64>, bool)> {
    match (range, part) {
        (None, None) => Ok((0..meta.size, false)),
        (Some(range), None) => Ok((range.check(meta.size)?, true)),
        (None, Some(number)) => part_range(meta, number),
        (Some(_), Some(_)) => Err(s3_error!(
            InvalidRequest,
            "Cannot specify both Range header and partNumber query parameter"
        )),
    }
}

fn part_range(meta: &Meta, number: i32) -> S3Result<(Range<u64>, bool)> {
    let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
    if meta.parts.is_empty() && index == 0 {
        return Ok((0..meta.size, false));
    }
    let size = meta
        .parts
        .get(index)
        .ok_or_else(|| s3_error!(InvalidRange, "The requested partnumber is not satisfiable"))?;
    let start: u64 = meta.parts[..index].iter().sum();
    Ok((start..start + size, true))
}

fn parts_count(meta: &Meta, part: Option<i32>) -> Option<i32> {
    part.filter(|_| !meta.parts.is_empty()).and_then(|_| i32::try_from(meta.parts.len()).ok())
}

fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1))
}

fn length_of(range: &Range<u64>) -> i64 {
    i64::try_from(range.end - range.start).unwrap_or(i64::MAX)
}

/// The checksum of what is answered: the whole object, or one of its parts. A
/// range has none.
fn answered_checksums(
    meta: &Meta,
    mode: Option<&ChecksumMode>,
    partial: bool,
    part: Option<i32>,
) -> Checksums {
    let asked = mode.is_some_and(|mode| mode.as_str().eq_ignore_ascii_case("enabled"));
    let sums = match part.and_then(|number| usize::try_from(number - 1).ok()) {
        Some(index) if partial => meta.part_sums.get(index),
        _ if partial => None,
        _ => Some(&meta.checksums),
    };
    sums.filter(|_| asked).cloned().unwrap_or_default()
}

pub(super) fn checksum_type(meta: &Meta) -> ChecksumType {
    ChecksumType::from_static(if meta.composite {
        ChecksumType::COMPOSITE
    } else {
        ChecksumType::FULL_OBJECT
    })
}

fn default_type() -> Option<String> {
    Some("binary/octet-stream".to_owned())
}

/// Milliseconds since 1970 as `s3s` wants them.
pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    let age = Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
    Timestamp::from(UNIX_EPOCH + age)
}
