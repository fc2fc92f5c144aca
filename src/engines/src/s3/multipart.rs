use jiff::Timestamp;
use rand::RngCore as _;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Part,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::bucket::owner;
use super::checksum::Claim;
use super::get::timestamp;
use super::put::user_metadata;
use super::{Engine, PAGE};
use crate::object::{Algorithm, Headers, PartRecord, UploadRecord};

const LAST_NUMBER: i32 = 10_000;

impl Engine {
    pub(super) async fn start_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        let algorithm = match &input.checksum_algorithm {
            None => None,
            Some(name) => Some(Algorithm::from_name(name.as_str()).ok_or_else(|| {
                s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported.")
            })?),
        };
        let composite = composite(algorithm, input.checksum_type.as_ref())?;
        let mut id = [0_u8; 16];
        rand::rng().fill_bytes(&mut id);
        let record = UploadRecord {
            id: hex::encode(id),
            bucket: input.bucket.clone(),
            key: input.key.clone(),
            started: Timestamp::now().as_millisecond(),
            algorithm: algorithm.map(|algorithm| algorithm.name().to_owned()),
            composite,
            headers: Headers {
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: input.content_encoding,
                content_language: input.content_language,
                content_type: input.content_type,
                user: user_metadata(input.metadata.as_ref()),
            },
        };
        let upload_id = record.id.clone();
        self.blocking(move |store| store.start_upload(&record)).await?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(upload_id),
            checksum_type: algorithm.map(|_| type_of(composite)),
            checksum_algorithm: input.checksum_algorithm,
            ..Default::default()
        }))
    }

    pub(super) async fn put_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let S3Request { mut input, headers, trailing_headers, .. } = request;
        if !(1..=LAST_NUMBER).contains(&input.part_number) {
            return Err(s3_error!(
                InvalidArgument,
                "Part number must be an integer between 1 and 10000, inclusive"
            ));
        }
        let upload = self.upload_of(&input.bucket, &input.key, &input.upload_id).await?;
        let announced = upload.algorithm.as_deref().and_then(Algorithm::from_name);
        let claim = Claim::read(&headers, trailing_headers)?.for_part(announced)?;
        let (draft, mut meta) = self.receive(input.body.take(), &claim).await?;
        meta.key = input.key;
        let answer = UploadPartOutput {
            e_tag: Some(ETag::Strong(meta.etag.clone())),
            checksum_crc32: meta.checksums.crc32.clone(),
            checksum_crc32c: meta.checksums.crc32c.clone(),
            checksum_crc64nvme: meta.checksums.crc64nvme.clone(),
            checksum_sha1: meta.checksums.sha1.clone(),
            checksum_sha256: meta.checksums.sha256.clone(),
            ..Default::default()
        };
        let number = input.part_number;
        self.blocking(move |store| store.publish_part(draft, &upload, number, &meta)).await?;
        Ok(S3Response::new(answer))
    }

    pub(super) async fn abort_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        let upload = self.upload_of(&input.bucket, &input.key, &input.upload_id).await?;
        self.blocking(move |store| store.abort_upload(&upload)).await?;
        let mut response = S3Response::new(AbortMultipartUploadOutput::default());
        response.status = Some(http::StatusCode::NO_CONTENT);
        Ok(response)
    }

    pub(super) async fn show_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let upload = self.upload_of(&input.bucket, &input.key, &input.upload_id).await?;
        let algorithm = upload.algorithm.clone();
        let composite = upload.composite;
        let parts = self.blocking(move |store| store.parts(&upload)).await?;
        let marker = input.part_number_marker.unwrap_or(0);
        let limit = usize::try_from(input.max_parts.unwrap_or(1000)).map_or(PAGE, |n| n.min(PAGE));
        let mut page: Vec<_> = parts.into_iter().filter(|part| part.number > marker).collect();
        let more = page.len() > limit;
        page.truncate(limit);
        Ok(S3Response::new(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: Some(marker),
            next_part_number_marker: page.last().map(|part| part.number),
            max_parts: i32::try_from(limit).ok(),
            is_truncated: Some(more),
            owner: Some(owner()),
            checksum_type: algorithm.as_ref().map(|_| type_of(composite)),
            checksum_algorithm: algorithm.map(ChecksumAlgorithm::from),
            parts: Some(page.into_iter().map(part_of).collect()),
            ..Default::default()
        }))
    }

    pub(super) async fn list_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        self.store.bucket(&input.bucket)?;
        let bucket = input.bucket.clone();
        let prefix = input.prefix.clone().unwrap_or_default();
        let uploads = self
            .blocking(move |store| store.uploads(&bucket))
            .await?
            .into_iter()
            .filter(|upload| upload.key.starts_with(&prefix))
            .map(|upload| MultipartUpload {
                key: Some(upload.key),
                upload_id: Some(upload.id),
                initiated: Some(timestamp(upload.started)),
                owner: Some(owner()),
                ..Default::default()
            })
            .collect();
        Ok(S3Response::new(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: input.prefix,
            is_truncated: Some(false),
            uploads: Some(uploads),
            ..Default::default()
        }))
    }

    pub(super) async fn upload_of(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> S3Result<UploadRecord> {
        self.store.bucket(bucket)?;
        let (bucket, key, id) = (bucket.to_owned(), key.to_owned(), id.to_owned());
        Ok(self.blocking(move |store| store.upload(&bucket, &key, &id)).await?)
    }
}

pub(super) fn algorithm_of(upload: &UploadRecord) -> Algorithm {
    upload.algorithm.as_deref().and_then(Algorithm::from_name).unwrap_or(Algorithm::Crc64Nvme)
}

/// Whether the checksum of the whole is one of part checksums; S3 decides by
/// algorithm where the client does not.
fn composite(algorithm: Option<Algorithm>, asked: Option<&ChecksumType>) -> S3Result<bool> {
    let strong = matches!(algorithm, Some(Algorithm::Sha1 | Algorithm::Sha256));
    match asked.map(ChecksumType::as_str) {
        None => Ok(!matches!(algorithm, None | Some(Algorithm::Crc64Nvme))),
        Some(ChecksumType::FULL_OBJECT) if !strong => Ok(false),
        Some(ChecksumType::COMPOSITE) if algorithm != Some(Algorithm::Crc64Nvme) => Ok(true),
        Some(_) => Err(s3_error!(
            InvalidRequest,
            "The checksum type cannot be used with the checksum algorithm."
        )),
    }
}

fn type_of(composite: bool) -> ChecksumType {
    ChecksumType::from_static(if composite {
        ChecksumType::COMPOSITE
    } else {
        ChecksumType::FULL_OBJECT
    })
}

fn part_of(part: PartRecord) -> Part {
    let sums = part.meta.checksums;
    Part {
        part_number: Some(part.number),
        size: i64::try_from(part.meta.size).ok(),
        e_tag: Some(ETag::Strong(part.meta.etag)),
        last_modified: Some(timestamp(part.meta.modified)),
        checksum_crc32: sums.crc32,
        checksum_crc32c: sums.crc32c,
        checksum_crc64nvme: sums.crc64nvme,
        checksum_sha1: sums.sha1,
        checksum_sha256: sums.sha256,
    }
}
