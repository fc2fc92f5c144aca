//! Bytes come back as they went in, or not at all.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use testkit::Engines;

use crate::ground::{code, create, noise, read, s3, sha256};

#[tokio::test]
async fn a_wrong_checksum_leaves_nothing_behind() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    for length in [0, 5, 3_000_000] {
        let error = client
            .put_object()
            .bucket(bucket)
            .key("k")
            .checksum_sha256(sha256(b"something else"))
            .body(ByteStream::from(noise(length, 1)))
            .send()
            .await
            .unwrap_err();
        assert_eq!(code(&error), "BadDigest");
        assert_eq!(read(&client, bucket, "k").await, Err("NoSuchKey".to_owned()));
    }
    let error = client
        .put_object()
        .bucket(bucket)
        .key("k")
        .content_md5("AAAAAAAAAAAAAAAAAAAAAA==")
        .body(ByteStream::from_static(b"x"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&error), "BadDigest");
    let malformed = client
        .put_object()
        .bucket(bucket)
        .key("k")
        .checksum_sha256("bad")
        .body(ByteStream::from_static(b"x"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&malformed), "InvalidRequest", "not even a SHA-256");
    let drafts = engines.data_dir().join("objects/drafts");
    assert_eq!(std::fs::read_dir(drafts).unwrap().count(), 0);
}

#[tokio::test]
async fn the_stored_checksum_is_told_to_who_asks() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    let content = noise(2_500_000, 7);
    create(&client, bucket, "k", &content).await.unwrap();
    let head = client
        .head_object()
        .bucket(bucket)
        .key("k")
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    assert_eq!(head.checksum_sha256(), Some(sha256(&content).as_str()));
    assert_eq!(head.content_length(), Some(2_500_000));
    let silent = client.head_object().bucket(bucket).key("k").send().await.unwrap();
    assert_eq!(silent.checksum_sha256(), None);
}

#[tokio::test]
async fn every_algorithm_is_verified_and_kept() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let key = format!("k-{}", algorithm.as_str());
        // The SDK computes it and sends it behind the body, in a trailer.
        client
            .put_object()
            .bucket(bucket)
            .key(&key)
            .checksum_algorithm(algorithm.clone())
            .body(ByteStream::from(noise(100_000, 3)))
            .send()
            .await
            .unwrap();
        let got = client
            .get_object()
            .bucket(bucket)
            .key(&key)
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .unwrap();
        let known = [
            got.checksum_crc32(),
            got.checksum_crc32_c(),
            got.checksum_crc64_nvme(),
            got.checksum_sha1(),
            got.checksum_sha256(),
        ];
        assert_eq!(known.iter().flatten().count(), 1, "{algorithm}");
        // The SDK compares while it reads.
        assert_eq!(got.body.collect().await.unwrap().to_vec(), noise(100_000, 3));
    }
}

#[tokio::test]
async fn ranges_are_exact() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    for length in [10_usize, 70_000, 3_500_000] {
        let content = noise(length, 5);
        let key = format!("k{length}");
        create(&client, bucket, &key, &content).await.unwrap();
        for (range, bytes) in [
            ("bytes=0-0".to_owned(), 0..1),
            ("bytes=3-7".to_owned(), 3..8),
            (format!("bytes={}-", length - 4), length - 4..length),
            ("bytes=-6".to_owned(), length - 6..length),
            (format!("bytes=2-{}", length * 2), 2..length),
        ] {
            let part =
                client.get_object().bucket(bucket).key(&key).range(&range).send().await.unwrap();
            let told = format!("bytes {}-{}/{length}", bytes.start, bytes.end - 1);
            assert_eq!(part.content_range(), Some(told.as_str()));
            let body = part.body.collect().await.unwrap().to_vec();
            assert_eq!(body, content[bytes], "{range} of {length}");
        }
        let beyond = client
            .get_object()
            .bucket(bucket)
            .key(&key)
            .range(format!("bytes={length}-"))
            .send()
            .await;
        assert_eq!(code(&beyond.unwrap_err()), "InvalidRange");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_never_mixes_two_versions() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    // Each version tells its length, so a mixture is seen three ways.
    let version =
        |number: u64| noise(100_000 + usize::try_from(number).unwrap() * 40_000, number + 1);
    let put = |number: u64| {
        client
            .put_object()
            .bucket(bucket)
            .key("k")
            .checksum_sha256(sha256(&version(number)))
            .body(ByteStream::from(version(number)))
            .send()
    };
    put(0).await.unwrap();
    let writes = async {
        for number in 0..60 {
            put(number % 5).await.unwrap();
        }
    };
    let reads = async {
        for _ in 0..120 {
            let got = client
                .get_object()
                .bucket(bucket)
                .key("k")
                .checksum_mode(ChecksumMode::Enabled)
                .send()
                .await
                .unwrap();
            let (length, sum) = (got.content_length(), got.checksum_sha256().unwrap().to_owned());
            let body = got.body.collect().await.unwrap().to_vec();
            assert_eq!(length, i64::try_from(body.len()).ok());
            assert_eq!(sum, sha256(&body));
        }
    };
    tokio::join!(writes, reads);
}
