use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::bucket::owner;
use super::get::{checksum_type, timestamp};
use super::{Engine, PAGE};
use crate::object::{Meta, Page};

impl Engine {
    pub(super) async fn list_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let after = match &input.continuation_token {
            Some(token) => decode_token(token)?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let encoding = Encoding::read(input.encoding_type.as_ref())?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let limit = limit(input.max_keys)?;
        let delimiter = input.delimiter.clone().filter(|text| !text.is_empty());
        let page = self.page(input.bucket.clone(), prefix, delimiter.clone(), after, limit).await?;
        let owned = input.fetch_owner.unwrap_or(false);
        let key_count = i32::try_from(page.objects.len() + page.common_prefixes.len()).ok();
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix.map(|prefix| encoding.apply(&prefix)),
            delimiter: delimiter.map(|delimiter| encoding.apply(&delimiter)),
            start_after: input.start_after.map(|key| encoding.apply(&key)),
            max_keys: Some(input.max_keys.unwrap_or(1000)),
            key_count,
            continuation_token: input.continuation_token,
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.as_ref().map(|key| URL_SAFE_NO_PAD.encode(key)),
            common_prefixes: Some(prefixes(&page, encoding)),
            contents: Some(objects(page, encoding, owned)),
            encoding_type: encoding.answer(),
            ..Default::default()
        }))
    }

    pub(super) async fn list_v1(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        let encoding = Encoding::read(input.encoding_type.as_ref())?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = input.marker.clone().unwrap_or_default();
        let limit = limit(input.max_keys)?;
        let delimiter = input.delimiter.clone().filter(|text| !text.is_empty());
        let page = self.page(input.bucket.clone(), prefix, delimiter.clone(), after, limit).await?;
        Ok(S3Response::new(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(encoding.apply(&input.prefix.unwrap_or_default())),
            marker: Some(encoding.apply(&input.marker.unwrap_or_default())),
            max_keys: Some(input.max_keys.unwrap_or(1000)),
            is_truncated: Some(page.next.is_some()),
            // Only with a delimiter; otherwise the last key is the marker.
            next_marker: page
                .next
                .as_ref()
                .filter(|_| delimiter.is_some())
                .map(|key| encoding.apply(key)),
            delimiter: delimiter.map(|delimiter| encoding.apply(&delimiter)),
            common_prefixes: Some(prefixes(&page, encoding)),
            contents: Some(objects(page, encoding, true)),
            encoding_type: encoding.answer(),
            ..Default::default()
        }))
    }

    pub(super) async fn page(
        &self,
        bucket: String,
        prefix: String,
        delimiter: Option<String>,
        after: String,
        limit: usize,
    ) -> S3Result<Page> {
        if limit == 0 {
            self.store.bucket(&bucket)?;
            return Ok(Page::default());
        }
        Ok(self
            .blocking(move |store| {
                store.list(&bucket, &prefix, delimiter.as_deref(), &after, limit)
            })
            .await?)
    }
}

/// XML cannot carry every key; clients may ask for them percent-encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    pub(super) fn read(asked: Option<&EncodingType>) -> S3Result<Self> {
        match asked.map(EncodingType::as_str) {
            None | Some("") => Ok(Self::Plain),
            Some("url") => Ok(Self::Url),
            Some(_) => {
                Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request"))
            }
        }
    }

    pub(super) fn apply(self, text: &str) -> String {
        if self == Self::Plain {
            return text.to_owned();
        }
        let mut encoded = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
                encoded.push(byte.into());
            } else {
                // Writing into a String cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    }

    pub(super) fn answer(self) -> Option<EncodingType> {
        (self == Self::Url).then(|| EncodingType::from_static(EncodingType::URL))
    }
}

pub(super) fn limit(asked: Option<i32>) -> S3Result<usize> {
    usize::try_from(asked.unwrap_or(1000))
        .map(|limit| limit.min(PAGE))
        .map_err(|_| s3_error!(InvalidArgument, "max-keys must not be negative"))
}

fn decode_token(token: &str) -> S3Result<String> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|raw| String::from_utf8(raw).ok())
        .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}

pub(super) fn prefixes(page: &Page, encoding: Encoding) -> Vec<CommonPrefix> {
    page.common_prefixes
        .iter()
        .map(|prefix| CommonPrefix { prefix: Some(encoding.apply(prefix)) })
        .collect()
}

fn objects(page: Page, encoding: Encoding, owned: bool) -> Vec<Object> {
    page.objects.into_iter().map(|meta| object(meta, encoding, owned)).collect()
}

fn object(meta: Meta, encoding: Encoding, owned: bool) -> Object {
    let algorithm = meta.checksums.algorithm();
    Object {
        key: Some(encoding.apply(&meta.key)),
        size: i64::try_from(meta.size).ok(),
        last_modified: Some(timestamp(meta.modified)),
        checksum_algorithm: algorithm
            .map(|algorithm| vec![ChecksumAlgorithm::from_static(algorithm.name())]),
        checksum_type: algorithm.map(|_| checksum_type(&meta)),
        e_tag: Some(ETag::Strong(meta.etag)),
        owner: owned.then(owner),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Default::default()
    }
}
