//! What is told of an object without its bytes.

use aws_sdk_s3::operation::get_object_attributes::GetObjectAttributesOutput;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, ObjectAttributes,
};
use testkit::Engines;

use crate::ground::{code, create, noise, s3, sha256, upload_parts};

const PART: usize = 5 * 1024 * 1024;

/// As on AWS, a HEAD is answered as the GET would be, with the headers that the reader asks for.
#[tokio::test]
async fn a_head_tells_what_the_get_would() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    create(&client, bucket, "k", b"content").await.unwrap();
    let get = client.get_object().bucket(bucket).key("k").response_content_type("text/x");
    let get = get.range("bytes=1-3").send().await.unwrap();
    let head = client.head_object().bucket(bucket).key("k").response_content_type("text/x");
    let head = head.range("bytes=1-3").send().await.unwrap();
    assert_eq!(head.content_type(), Some("text/x"));
    assert_eq!(head.content_type(), get.content_type());
    assert_eq!(head.content_range(), get.content_range());
    assert_eq!((head.content_length(), head.e_tag()), (get.content_length(), get.e_tag()));
    assert_eq!(head.last_modified(), get.last_modified());
}

#[tokio::test]
async fn only_what_is_asked_for_is_told() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    create(&client, bucket, "k", b"content").await.unwrap();
    let ask = |attribute: ObjectAttributes| {
        client
            .get_object_attributes()
            .bucket(bucket)
            .key("k")
            .object_attributes(attribute)
            .object_attributes(ObjectAttributes::ObjectParts)
            .send()
    };
    let sum = ask(ObjectAttributes::Checksum).await.unwrap();
    let told = sum.checksum().unwrap();
    assert_eq!(told.checksum_sha256(), Some(sha256(b"content").as_str()));
    assert_eq!(told.checksum_type(), Some(&ChecksumType::FullObject));
    assert_eq!((sum.object_size(), sum.e_tag()), (None, None));
    assert!(sum.object_parts().is_none(), "it came in one piece");
    let size = ask(ObjectAttributes::ObjectSize).await.unwrap();
    assert_eq!((size.object_size(), size.checksum()), (Some(7), None));
    let head = client.head_object().bucket(bucket).key("k").send().await.unwrap();
    let etag = ask(ObjectAttributes::Etag).await.unwrap();
    assert_eq!(etag.e_tag().map(|bare| format!("\"{bare}\"")).as_deref(), head.e_tag());

    let unknown = ask("Colour".into()).await.unwrap_err();
    assert_eq!(code(&unknown), "InvalidArgument");
    let missing = client
        .get_object_attributes()
        .bucket(bucket)
        .key("none")
        .object_attributes(ObjectAttributes::Etag)
        .send()
        .await;
    assert_eq!(code(&missing.unwrap_err()), "NoSuchKey");
}

#[tokio::test]
async fn the_parts_of_an_upload_are_told_page_by_page() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    let content = noise(PART * 2 + 9, 4);
    upload(&client, bucket, &content).await;

    let ask = async |marker: Option<&str>, limit: Option<i32>| {
        client
            .get_object_attributes()
            .bucket(bucket)
            .key("k")
            .object_attributes(ObjectAttributes::ObjectParts)
            .set_part_number_marker(marker.map(ToOwned::to_owned))
            .set_max_parts(limit)
            .send()
            .await
            .unwrap()
    };
    let whole = ask(None, None).await;
    let parts = whole.object_parts().unwrap();
    assert_eq!((parts.total_parts_count(), parts.is_truncated()), (Some(3), Some(false)));
    let told: Vec<_> =
        parts.parts().iter().map(|part| (part.size(), part.checksum_sha256())).collect();
    let sums: Vec<_> = content.chunks(PART).map(sha256).collect();
    let size = i64::try_from(PART).ok();
    assert_eq!(
        told,
        [(size, Some(sums[0].as_str())), (size, Some(&*sums[1])), (Some(9), Some(&*sums[2]))]
    );
    let first = ask(None, Some(2)).await;
    assert_eq!(numbers(&first), [1, 2]);
    assert_eq!(first.object_parts().unwrap().is_truncated(), Some(true));
    let marker = first.object_parts().unwrap().next_part_number_marker();
    let rest = ask(marker, Some(2)).await;
    assert_eq!(numbers(&rest), [3]);
    assert_eq!(rest.object_parts().unwrap().is_truncated(), Some(false));

    let second = client
        .get_object()
        .bucket(bucket)
        .key("k")
        .part_number(2)
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    assert_eq!(second.checksum_sha256(), Some(sums[1].as_str()));
}

async fn upload(client: &aws_sdk_s3::Client, bucket: &str, content: &[u8]) {
    let started = client
        .create_multipart_upload()
        .bucket(bucket)
        .key("k")
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .send()
        .await
        .unwrap();
    let id = started.upload_id().unwrap();
    let parts = upload_parts(client, (bucket, "k", id), content.chunks(PART)).await;
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts));
    let complete = client.complete_multipart_upload().bucket(bucket).key("k").upload_id(id);
    complete.multipart_upload(parts.build()).send().await.unwrap();
}

fn numbers(answer: &GetObjectAttributesOutput) -> Vec<i32> {
    let parts = answer.object_parts().unwrap().parts();
    parts.iter().filter_map(|part| part.part_number()).collect()
}
