//! The end of a multipart upload.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, ETag};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::checksum::bad_digest;
use super::get::checksum_type;
use super::multipart::algorithm_of;
use super::put::write_condition;
use super::{Engine, StoreError};
use crate::object::{Algorithm, Checksums, Digests, Meta, PartRecord, UploadRecord};

/// Every part but the last has at least so many bytes.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

/// Bytes joined at a time.
const PIECE: u64 = 1024 * 1024;

impl Engine {
    pub(super) async fn complete_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let named = input
            .multipart_upload
            .as_ref()
            .and_then(|upload| upload.parts.as_deref())
            .unwrap_or_default();
        let meta = match self.complete(&input, named).await {
            Err(error) if may_be_done(&error) => {
                self.completed_before(&input, named).await?.ok_or(error)?
            }
            other => other?,
        };
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(meta.etag.clone())),
            checksum_type: Some(checksum_type(&meta)),
            checksum_crc32: meta.checksums.crc32,
            checksum_crc32c: meta.checksums.crc32c,
            checksum_crc64nvme: meta.checksums.crc64nvme,
            checksum_sha1: meta.checksums.sha1,
            checksum_sha256: meta.checksums.sha256,
            ..Default::default()
        }))
    }

    async fn complete(
        &self,
        input: &CompleteMultipartUploadInput,
        named: &[CompletedPart],
    ) -> S3Result<Meta> {
        let condition = write_condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let upload = self.upload_of(&input.bucket, &input.key, &input.upload_id).await?;
        let listed = upload.clone();
        let present = self.blocking(move |store| store.parts(&listed)).await?;
        let parts = chosen(named, &present)?;
        let expected = expected_of(input);
        self.blocking(move |store| {
            let algorithm = algorithm_of(&upload);
            let mut draft = store.draft(Digests::new(algorithm, false))?;
            for part in &parts {
                let opened = store.open_part(&upload, part.number)?;
                let mut start = 0;
                while start < opened.meta.size {
                    let end = opened.meta.size.min(start + PIECE);
                    draft.write(&[opened.read(start..end)?])?;
                    start = end;
                }
            }
            let meta = joined(&upload, &parts, draft.received().checksums);
            if !agrees(&expected, &meta.checksums) {
                return Ok(Err(algorithm));
            }
            store.finish_upload(&upload, draft, &meta, &condition)?;
            Ok(Ok(meta))
        })
        .await?
        .map_err(|algorithm| bad_digest(algorithm.name()))
    }

    /// The object as it stands, if this very upload made it of these parts: a
    /// client that lost the answer asks again.
    async fn completed_before(
        &self,
        input: &CompleteMultipartUploadInput,
        named: &[CompletedPart],
    ) -> S3Result<Option<Meta>> {
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        let meta = match self.blocking(move |store| store.get(&bucket, &key)).await {
            Ok(opened) => opened.meta,
            Err(StoreError::NoSuchKey(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let etags = named.iter().filter_map(|part| part.e_tag.as_ref()).map(ETag::value);
        let same = meta.upload.as_deref() == Some(&input.upload_id) && meta.etag == etag_of(etags);
        Ok(same.then_some(meta))
    }
}

/// Errors that a completed upload answers a second time, too.
fn may_be_done(error: &S3Error) -> bool {
    matches!(
        error.code(),
        // The parts vanish while another completion of the same upload ends.
        S3ErrorCode::NoSuchUpload | S3ErrorCode::InvalidPart | S3ErrorCode::PreconditionFailed
    )
}

/// The parts a client names, which must be there, in order and large enough.
fn chosen(named: &[CompletedPart], present: &[PartRecord]) -> S3Result<Vec<PartRecord>> {
    if named.is_empty() {
        return Err(s3_error!(MalformedXML, "A multipart upload has at least one part."));
    }
    let mut parts: Vec<PartRecord> = Vec::with_capacity(named.len());
    for name in named {
        let number = name.part_number.unwrap_or(0);
        if parts.last().is_some_and(|last| last.number >= number) {
            return Err(s3_error!(
                InvalidPartOrder,
                "The list of parts was not in ascending order."
            ));
        }
        let part = present.iter().find(|part| {
            let etag = name.e_tag.as_ref();
            part.number == number
                && etag.is_some_and(|etag| etag.value() == part.meta.etag)
                && agrees(&claimed(name), &part.meta.checksums)
        });
        parts.push(part.cloned().ok_or_else(|| {
            s3_error!(
                InvalidPart,
                "One or more of the specified parts could not be found, or its entity tag or checksum differs."
            )
        })?);
    }
    let all_but_last = &parts[..parts.len() - 1];
    if all_but_last.iter().any(|part| part.meta.size < SMALLEST_PART) {
        return Err(s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size"
        ));
    }
    Ok(parts)
}

fn joined(upload: &UploadRecord, parts: &[PartRecord], whole: Checksums) -> Meta {
    let checksums = if upload.composite { composed(algorithm_of(upload), parts) } else { whole };
    Meta {
        key: upload.key.clone(),
        size: parts.iter().map(|part| part.meta.size).sum(),
        etag: etag_of(parts.iter().map(|part| part.meta.etag.as_str())),
        modified: Timestamp::now().as_millisecond(),
        checksums,
        composite: upload.composite,
        parts: parts.iter().map(|part| part.meta.size).collect(),
        part_sums: parts.iter().map(|part| part.meta.checksums.clone()).collect(),
        upload: Some(upload.id.clone()),
        headers: upload.headers.clone(),
    }
}

/// The ETag of the whole: the MD5 of the parts' MD5s, and their number.
fn etag_of<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut md5 = Md5::new();
    let mut count = 0;
    for etag in parts {
        md5.update(&hex::decode(etag).unwrap_or_default());
        count += 1;
    }
    format!("{}-{count}", hex::encode(md5.finalize()))
}

/// The checksum of the part checksums, marked with their number.
fn composed(algorithm: Algorithm, parts: &[PartRecord]) -> Checksums {
    let mut digests = Digests::new(algorithm, false);
    for part in parts {
        let sum = part.meta.checksums.get(algorithm).unwrap_or_default();
        digests.update(&STANDARD.decode(sum).unwrap_or_default());
    }
    let (mut checksums, _) = digests.finish();
    let marked = checksums.get(algorithm).map(|sum| format!("{sum}-{}", parts.len()));
    if let Some(marked) = marked {
        checksums.set(algorithm, marked);
    }
    checksums
}

/// Every claimed checksum is the computed one.
fn agrees(claimed: &Checksums, computed: &Checksums) -> bool {
    Algorithm::ALL.into_iter().all(|algorithm| {
        claimed
            .get(algorithm)
            .is_none_or(|claimed| computed.get(algorithm).is_none_or(|sum| sum == claimed))
    })
}

fn claimed(part: &CompletedPart) -> Checksums {
    Checksums {
        crc32: part.checksum_crc32.clone(),
        crc32c: part.checksum_crc32c.clone(),
        crc64nvme: part.checksum_crc64nvme.clone(),
        sha1: part.checksum_sha1.clone(),
        sha256: part.checksum_sha256.clone(),
    }
}

fn expected_of(input: &CompleteMultipartUploadInput) -> Checksums {
    Checksums {
        crc32: input.checksum_crc32.clone(),
        crc32c: input.checksum_crc32c.clone(),
        crc64nvme: input.checksum_crc64nvme.clone(),
        sha1: input.checksum_sha1.clone(),
        sha256: input.checksum_sha256.clone(),
    }
}
