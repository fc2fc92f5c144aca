use s3s::dto::{
    ETag, ListObjectVersionsInput, ListObjectVersionsOutput, ObjectVersion,
    ObjectVersionStorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::Engine;
use super::bucket::owner;
use super::get::timestamp;
use super::listing::{Encoding, limit, prefixes};
use crate::object::Meta;

/// The version of every object in a bucket without versioning.
const ONLY: &str = "null";

impl Engine {
    /// Tools that empty a bucket list versions even where there are none.
    pub(super) async fn list_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = request.input;
        let encoding = Encoding::read(input.encoding_type.as_ref())?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = input.key_marker.clone().unwrap_or_default();
        let delimiter = input.delimiter.clone().filter(|text| !text.is_empty());
        let bucket = input.bucket.clone();
        let page =
            self.page(bucket, prefix, delimiter.clone(), after, limit(input.max_keys)?).await?;
        Ok(S3Response::new(ListObjectVersionsOutput {
            name: Some(input.bucket),
            prefix: input.prefix.map(|prefix| encoding.apply(&prefix)),
            delimiter: delimiter.map(|delimiter| encoding.apply(&delimiter)),
            key_marker: input.key_marker.map(|key| encoding.apply(&key)),
            max_keys: Some(input.max_keys.unwrap_or(1000)),
            is_truncated: Some(page.next.is_some()),
            next_key_marker: page.next.as_ref().map(|key| encoding.apply(key)),
            next_version_id_marker: page.next.as_ref().map(|_| ONLY.to_owned()),
            common_prefixes: Some(prefixes(&page, encoding)),
            versions: Some(page.objects.into_iter().map(|meta| version(meta, encoding)).collect()),
            encoding_type: encoding.answer(),
            ..Default::default()
        }))
    }
}

/// Refuses a version there cannot be: whoever names one must not be handed,
/// or lose, another.
pub(super) fn only_version(id: Option<&str>) -> S3Result<()> {
    match id {
        None | Some(ONLY) => Ok(()),
        Some(_) => Err(s3_error!(InvalidArgument, "Invalid version id specified")),
    }
}

fn version(meta: Meta, encoding: Encoding) -> ObjectVersion {
    ObjectVersion {
        key: Some(encoding.apply(&meta.key)),
        version_id: Some(ONLY.to_owned()),
        is_latest: Some(true),
        size: i64::try_from(meta.size).ok(),
        last_modified: Some(timestamp(meta.modified)),
        e_tag: Some(ETag::Strong(meta.etag)),
        owner: Some(owner()),
        storage_class: Some(ObjectVersionStorageClass::from_static(
            ObjectVersionStorageClass::STANDARD,
        )),
        ..Default::default()
    }
}
