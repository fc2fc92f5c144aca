//! Multipart uploads, as high-level clients send large files.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart};
use testkit::Engines;

use crate::ground::{code, create, noise, read, s3, upload_parts};

const PART: usize = 5 * 1024 * 1024;

#[tokio::test]
async fn parts_become_one_object() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    let content = noise(PART * 2 + 77, 9);
    let started = client
        .create_multipart_upload()
        .bucket(bucket)
        .key("big")
        .content_type("text/x-noise")
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .send()
        .await
        .unwrap();
    let id = started.upload_id().unwrap();
    let parts = upload_parts(&client, (bucket, "big", id), content.chunks(PART)).await;
    assert_eq!(read(&client, bucket, "big").await, Err("NoSuchKey".to_owned()));
    let listed = client.list_parts().bucket(bucket).key("big").upload_id(id).send().await.unwrap();
    assert_eq!(listed.parts().len(), 3);

    let complete = |parts: Vec<CompletedPart>| {
        client
            .complete_multipart_upload()
            .bucket(bucket)
            .key("big")
            .upload_id(id)
            .if_none_match("*")
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .send()
    };
    let wrong = CompletedPart::builder().part_number(1).e_tag("\"abc\"").build();
    assert_eq!(code(&complete(vec![wrong]).await.unwrap_err()), "InvalidPart");
    let reversed = parts.iter().rev().cloned().collect();
    assert_eq!(code(&complete(reversed).await.unwrap_err()), "InvalidPartOrder");

    let done = complete(parts.clone()).await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-3\""));
    assert!(done.checksum_sha256().unwrap().ends_with("-3"), "a sum of sums says so");
    assert_eq!(read(&client, bucket, "big").await, Ok(content.clone()));
    let second = client
        .get_object()
        .bucket(bucket)
        .key("big")
        .part_number(2)
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    assert_eq!(second.content_type(), Some("text/x-noise"));
    assert_eq!(second.parts_count(), Some(3));
    assert_eq!(second.body.collect().await.unwrap().to_vec(), content[PART..2 * PART]);

    // The answer was lost: asked again, it is the same, and the object not touched.
    let again = complete(parts.clone()).await.unwrap();
    assert_eq!(again.e_tag(), done.e_tag());
    assert_eq!(again.checksum_sha256(), done.checksum_sha256());
    let fewer = parts[..2].to_vec();
    assert_eq!(code(&complete(fewer).await.unwrap_err()), "NoSuchUpload");
    client.delete_object().bucket(bucket).key("big").send().await.unwrap();
    assert_eq!(code(&complete(parts).await.unwrap_err()), "NoSuchUpload");
}

#[tokio::test]
async fn a_part_sent_twice_is_the_later_one_and_of_the_announced_checksum() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    let started = client
        .create_multipart_upload()
        .bucket(bucket)
        .key("k")
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .send()
        .await
        .unwrap();
    let id = started.upload_id().unwrap();
    let send = |content: &'static [u8], algorithm: ChecksumAlgorithm| {
        client
            .upload_part()
            .bucket(bucket)
            .key("k")
            .upload_id(id)
            .part_number(1)
            .checksum_algorithm(algorithm)
            .body(ByteStream::from_static(content))
            .send()
    };
    let complete = |etag: Option<&str>| {
        let part = CompletedPart::builder().part_number(1).set_e_tag(etag.map(ToOwned::to_owned));
        let parts = CompletedMultipartUpload::builder().parts(part.build()).build();
        let request = client.complete_multipart_upload().bucket(bucket).key("k").upload_id(id);
        request.multipart_upload(parts).send()
    };
    let first = send(b"first", ChecksumAlgorithm::Sha256).await.unwrap();
    let second = send(b"second", ChecksumAlgorithm::Sha256).await.unwrap();
    let other = send(b"third", ChecksumAlgorithm::Crc32).await.unwrap_err();
    assert_eq!(code(&other), "InvalidRequest");

    assert_eq!(code(&complete(first.e_tag()).await.unwrap_err()), "InvalidPart");
    let (one, other) = tokio::join!(complete(second.e_tag()), complete(second.e_tag()));
    assert_eq!(one.unwrap().e_tag(), other.unwrap().e_tag());
    assert_eq!(read(&client, bucket, "k").await, Ok(b"second".to_vec()));
}

#[tokio::test]
async fn a_small_part_in_the_middle_is_refused_and_an_abort_forgets() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    let started = client.create_multipart_upload().bucket(bucket).key("k").send().await.unwrap();
    let id = started.upload_id().unwrap();
    let mut parts = Vec::new();
    for number in 1..=2 {
        let sent = client
            .upload_part()
            .bucket(bucket)
            .key("k")
            .upload_id(id)
            .part_number(number)
            .body(ByteStream::from_static(b"small"))
            .send()
            .await
            .unwrap();
        let etag = sent.e_tag().unwrap().to_owned();
        parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    let complete = client
        .complete_multipart_upload()
        .bucket(bucket)
        .key("k")
        .upload_id(id)
        .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
        .send()
        .await;
    assert_eq!(code(&complete.unwrap_err()), "EntityTooSmall");

    let uploads = || client.list_multipart_uploads().bucket(bucket).send();
    assert_eq!(uploads().await.unwrap().uploads().len(), 1);
    client.abort_multipart_upload().bucket(bucket).key("k").upload_id(id).send().await.unwrap();
    assert_eq!(uploads().await.unwrap().uploads().len(), 0);
}

#[tokio::test]
async fn a_copy_is_a_new_object() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    create(&client, bucket, "from", b"content").await.unwrap();
    client
        .copy_object()
        .bucket(bucket)
        .key("to")
        .copy_source(format!("{bucket}/from"))
        .send()
        .await
        .unwrap();
    client.delete_object().bucket(bucket).key("from").send().await.unwrap();
    assert_eq!(read(&client, bucket, "to").await, Ok(b"content".to_vec()));
}
