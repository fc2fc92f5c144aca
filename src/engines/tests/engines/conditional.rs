//! Conditions on writes, reads and deletes.

use std::sync::Arc;

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use testkit::Engines;
use tokio::sync::Barrier;

use crate::ground::{code, create, noise, read, s3};

#[tokio::test(flavor = "multi_thread")]
async fn of_many_racing_creators_one_wins() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    for round in 0..4 {
        let key = format!("s/sp1/race.{round}");
        let barrier = Arc::new(Barrier::new(32));
        let racers: Vec<_> = (0..32_u64)
            .map(|number| {
                let (client, key, barrier) = (client.clone(), key.clone(), Arc::clone(&barrier));
                let bucket = engines.bucket().to_owned();
                tokio::spawn(async move {
                    let content = noise(10_000, number + 1);
                    barrier.wait().await;
                    (create(&client, &bucket, &key, &content).await, content)
                })
            })
            .collect();
        let mut winners = Vec::new();
        for racer in racers {
            match racer.await.unwrap() {
                (Ok(()), content) => winners.push(content),
                (Err(code), _) => assert_eq!(code, "PreconditionFailed"),
            }
        }
        assert_eq!(winners.len(), 1);
        assert_eq!(read(&client, engines.bucket(), &key).await.as_ref(), Ok(&winners[0]));
    }
}

#[tokio::test]
async fn a_replacement_names_what_it_replaces() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    let put = |etag: &str| {
        client
            .put_object()
            .bucket(bucket)
            .key("k")
            .if_match(etag)
            .body(ByteStream::from_static(b"new"))
            .send()
    };
    assert_eq!(code(&put("\"abc\"").await.unwrap_err()), "NoSuchKey");
    create(&client, bucket, "k", b"old").await.unwrap();
    let head = client.head_object().bucket(bucket).key("k").send().await.unwrap();
    let etag = head.e_tag().unwrap();
    assert_eq!(code(&put("\"abc\"").await.unwrap_err()), "PreconditionFailed");
    put(etag).await.unwrap();
    assert_eq!(code(&put(etag).await.unwrap_err()), "PreconditionFailed");
    assert_eq!(read(&client, bucket, "k").await, Ok(b"new".to_vec()));
}

#[tokio::test]
async fn a_write_may_demand_an_object_or_another_one_than_it_knows() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    let put = |content: &'static [u8]| {
        client.put_object().bucket(bucket).key("k").body(ByteStream::from_static(content))
    };
    assert_eq!(code(&put(b"a").if_match("*").send().await.unwrap_err()), "NoSuchKey");
    let first = put(b"a").if_none_match("\"abc\"").send().await.unwrap();
    let etag = first.e_tag().unwrap();

    let known = put(b"b").if_none_match(etag).send().await.unwrap_err();
    assert_eq!(code(&known), "PreconditionFailed");
    assert_eq!(read(&client, bucket, "k").await, Ok(b"a".to_vec()));
    put(b"b").if_match("*").send().await.unwrap();
    put(b"c").if_none_match(etag).send().await.unwrap();
    assert_eq!(read(&client, bucket, "k").await, Ok(b"c".to_vec()));

    let both = put(b"d").if_match(etag).if_none_match("*").send().await.unwrap_err();
    assert_eq!(code(&both), "NotImplemented");
    assert_eq!(read(&client, bucket, "k").await, Ok(b"c".to_vec()));
}

#[tokio::test]
async fn a_condition_or_version_that_cannot_be_judged_is_refused() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    create(&client, bucket, "k", b"content").await.unwrap();
    let delete = || client.delete_object().bucket(bucket).key("k");

    let sized = delete().if_match_size(1).send().await.unwrap_err();
    assert_eq!(code(&sized), "NotImplemented");
    let time = delete().if_match_last_modified_time(DateTime::from_secs(1));
    assert_eq!(code(&time.send().await.unwrap_err()), "NotImplemented");
    let version = delete().version_id("v1").send().await.unwrap_err();
    assert_eq!(code(&version), "InvalidArgument");
    let read_version = client.get_object().bucket(bucket).key("k").version_id("v1").send().await;
    assert_eq!(code(&read_version.unwrap_err()), "InvalidArgument");
    assert_eq!(read(&client, bucket, "k").await, Ok(b"content".to_vec()));
    delete().version_id("null").send().await.unwrap();
    assert_eq!(read(&client, bucket, "k").await, Err("NoSuchKey".to_owned()));
}

#[tokio::test]
async fn a_delete_of_many_judges_each() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    for key in ["kept", "gone", "any"] {
        create(&client, bucket, key, b"content").await.unwrap();
    }
    let head = client.head_object().bucket(bucket).key("gone").send().await.unwrap();
    let name =
        |key: &str, etag: &str| ObjectIdentifier::builder().key(key).e_tag(etag).build().unwrap();
    let objects = Delete::builder()
        .objects(name("kept", "\"abc\""))
        .objects(name("gone", head.e_tag().unwrap()))
        .objects(name("any", "*"))
        .objects(name("never", "*"))
        .build()
        .unwrap();
    let answer = client.delete_objects().bucket(bucket).delete(objects).send().await.unwrap();
    let deleted: Vec<_> = answer.deleted().iter().filter_map(|object| object.key()).collect();
    assert_eq!(deleted, ["gone", "any"]);
    let errors: Vec<_> = answer.errors().iter().map(|error| (error.key(), error.code())).collect();
    assert_eq!(
        errors,
        [(Some("kept"), Some("PreconditionFailed")), (Some("never"), Some("NoSuchKey"))]
    );
    assert_eq!(read(&client, bucket, "kept").await, Ok(b"content".to_vec()));
}

#[tokio::test]
async fn a_delete_with_a_stale_etag_deletes_nothing() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    create(&client, bucket, "k", b"old").await.unwrap();
    let delete = |etag: &str| client.delete_object().bucket(bucket).key("k").if_match(etag).send();

    assert_eq!(code(&delete("\"abc\"").await.unwrap_err()), "PreconditionFailed");
    let head = client.head_object().bucket(bucket).key("k").send().await.unwrap();
    delete(head.e_tag().unwrap()).await.unwrap();
    assert_eq!(read(&client, bucket, "k").await, Err("NoSuchKey".to_owned()));
    client.delete_object().bucket(bucket).key("k").send().await.unwrap();
    assert_eq!(code(&delete("*").await.unwrap_err()), "NoSuchKey");
    assert_eq!(code(&delete("\"abc\"").await.unwrap_err()), "NoSuchKey");
}

#[tokio::test]
async fn reads_answer_conditions() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    create(&client, bucket, "k", b"content").await.unwrap();
    let head = client.head_object().bucket(bucket).key("k").send().await.unwrap();
    let etag = head.e_tag().unwrap();

    let get = || client.get_object().bucket(bucket).key("k");
    let unchanged = get().if_none_match(etag).send().await.unwrap_err();
    assert_eq!(unchanged.raw_response().unwrap().status().as_u16(), 304);
    assert_eq!(unchanged.raw_response().unwrap().headers().get("etag"), Some(etag));
    get().if_none_match("\"abc\"").send().await.unwrap();
    get().if_match(etag).send().await.unwrap();
    let changed = get().if_match("\"abc\"").send().await.unwrap_err();
    assert_eq!(code(&changed), "PreconditionFailed");
}
