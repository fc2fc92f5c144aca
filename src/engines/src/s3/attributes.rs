use http::Response;
use s3s::Body;
use s3s::dto::{
    Checksum, ETag, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts,
    ObjectAttributes, ObjectPart, StorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::get::{checksum_type, timestamp};
use super::versions::only_version;
use super::{Caller, Engine, PAGE};
use crate::object::{Checksums, Meta};

const KNOWN: [&str; 5] = [
    ObjectAttributes::CHECKSUM,
    ObjectAttributes::ETAG,
    ObjectAttributes::OBJECT_PARTS,
    ObjectAttributes::OBJECT_SIZE,
    ObjectAttributes::STORAGE_CLASS,
];

impl Engine {
    pub(super) async fn attributes(
        &self,
        request: S3Request<GetObjectAttributesInput>,
    ) -> S3Result<S3Response<GetObjectAttributesOutput>> {
        let caller = request.extensions.get::<Caller>().copied();
        let input = request.input;
        only_version(input.version_id.as_deref())?;
        // `s3s` splits by header, clients by comma.
        let asked: Vec<&str> = input
            .object_attributes
            .iter()
            .flat_map(|names| names.as_str().split(','))
            .map(str::trim)
            .collect();
        if asked.iter().any(|name| !KNOWN.contains(name)) {
            return Err(s3_error!(InvalidArgument, "Invalid attribute name specified."));
        }
        let asks = |name: &str| asked.contains(&name);
        let meta = self.open(caller, &input.bucket, &input.key).await?.meta;
        let parts = (asks(ObjectAttributes::OBJECT_PARTS) && !meta.parts.is_empty())
            .then(|| parts(&meta, input.part_number_marker, input.max_parts));
        Ok(S3Response::new(GetObjectAttributesOutput {
            last_modified: Some(timestamp(meta.modified)),
            checksum: asks(ObjectAttributes::CHECKSUM).then(|| checksum(&meta)),
            object_parts: parts,
            object_size: i64::try_from(meta.size)
                .ok()
                .filter(|_| asks(ObjectAttributes::OBJECT_SIZE)),
            storage_class: asks(ObjectAttributes::STORAGE_CLASS)
                .then(|| StorageClass::from_static(StorageClass::STANDARD)),
            e_tag: asks(ObjectAttributes::ETAG).then_some(ETag::Strong(meta.etag)),
            ..Default::default()
        }))
    }
}

/// Takes the quotes off the ETag in an answer: `s3s` writes them everywhere,
/// S3 everywhere but here.
pub(super) fn unquote(query: &str, response: &mut Response<Body>) {
    let asked = query.split('&').any(|name| name == "attributes" || name == "attributes=");
    let Some(bytes) = response.body().bytes().filter(|_| asked) else {
        return;
    };
    let quoted = String::from_utf8_lossy(&bytes);
    let plain = quoted.replacen("<ETag>\"", "<ETag>", 1).replacen("\"</ETag>", "</ETag>", 1);
    *response.body_mut() = Body::from(plain);
}

fn checksum(meta: &Meta) -> Checksum {
    let sums = meta.checksums.clone();
    Checksum {
        checksum_type: sums.algorithm().map(|_| checksum_type(meta)),
        checksum_crc32: sums.crc32,
        checksum_crc32c: sums.crc32c,
        checksum_crc64nvme: sums.crc64nvme,
        checksum_sha1: sums.sha1,
        checksum_sha256: sums.sha256,
    }
}

fn parts(meta: &Meta, marker: Option<i32>, limit: Option<i32>) -> GetObjectAttributesParts {
    let marker = marker.unwrap_or(0).max(0);
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).map_or(PAGE, |n| n.min(PAGE));
    let page: Vec<ObjectPart> = (1..)
        .zip(meta.parts.iter().enumerate())
        .skip_while(|(number, _)| *number <= marker)
        .take(limit)
        .map(|(number, (index, size))| {
            part(number, *size, meta.part_sums.get(index).cloned().unwrap_or_default())
        })
        .collect();
    let last = page.last().and_then(|part| part.part_number);
    let seen = usize::try_from(last.unwrap_or(marker)).unwrap_or(usize::MAX);
    GetObjectAttributesParts {
        is_truncated: Some(seen < meta.parts.len()),
        max_parts: i32::try_from(limit).ok(),
        part_number_marker: Some(marker),
        next_part_number_marker: last,
        total_parts_count: i32::try_from(meta.parts.len()).ok(),
        parts: (!page.is_empty()).then_some(page),
    }
}

fn part(number: i32, size: u64, sums: Checksums) -> ObjectPart {
    ObjectPart {
        part_number: Some(number),
        size: i64::try_from(size).ok(),
        checksum_crc32: sums.crc32,
        checksum_crc32c: sums.crc32c,
        checksum_crc64nvme: sums.crc64nvme,
        checksum_sha1: sums.sha1,
        checksum_sha256: sums.sha256,
    }
}
