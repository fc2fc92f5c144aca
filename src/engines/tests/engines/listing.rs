//! Keys of every kind, listed in order and in pages.

use testkit::Engines;

use crate::ground::{code, create, read, s3};

#[tokio::test]
async fn keys_of_every_kind_are_kept_apart() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    let mut keys: Vec<String> = [
        "a",
        "A",
        "../../../etc/passwd",
        "a/../b",
        "./x",
        "a//b",
        "a/",
        "späte Straße/日本",
        "%2F",
        "a b+c&d=e?f#g",
        ".hidden",
        "con:aux*<>|\"",
        "emoji 🦀",
        "'\\`$(rm)",
    ]
    .map(ToOwned::to_owned)
    .to_vec();
    keys.push("long/".repeat(204));
    keys.push(format!("{}x", "long/".repeat(204)));
    keys.push("ü".repeat(512));
    for key in &keys {
        create(&client, bucket, key, key.as_bytes()).await.unwrap();
    }
    for key in &keys {
        let content = read(&client, bucket, key).await;
        assert_eq!(content.as_deref(), Ok(key.as_bytes()), "{key}");
    }
    let list = client.list_objects_v2().bucket(bucket).send().await.unwrap();
    let listed: Vec<_> = list.contents().iter().map(|object| object.key().unwrap()).collect();
    keys.sort();
    assert_eq!(listed, keys);

    let too_long = create(&client, bucket, &"x".repeat(1025), b"x").await;
    assert_eq!(too_long, Err("KeyTooLongError".to_owned()));
}

#[tokio::test]
async fn pages_and_folders_cover_everything_once() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    let bucket = engines.bucket();
    let mut keys = Vec::new();
    for folder in ["a", "b", "c"] {
        for number in 0..7 {
            keys.push(format!("{folder}/{number}"));
        }
    }
    keys.push("top".to_owned());
    for key in &keys {
        create(&client, bucket, key, b"x").await.unwrap();
    }
    let mut found = Vec::new();
    let mut pages = client.list_objects_v2().bucket(bucket).max_keys(4).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.contents().len() <= 4);
        found.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
    }
    assert_eq!(found, keys);

    let mut folded = Vec::new();
    let request = client.list_objects_v2().bucket(bucket).delimiter("/").max_keys(2);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        let prefixes = page.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap());
        folded.extend(prefixes.map(ToOwned::to_owned));
        folded.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
    }
    assert_eq!(folded, ["a/", "b/", "c/", "top"]);

    client.delete_object().bucket(bucket).key("b/3").send().await.unwrap();
    let list = client.list_objects_v2().bucket(bucket).prefix("b/").send().await.unwrap();
    assert_eq!(list.key_count(), Some(6));
}

#[tokio::test]
async fn a_bucket_goes_only_when_it_is_empty() {
    let engines = Engines::start().await;
    let client = s3(&engines);
    client.create_bucket().bucket("second").send().await.unwrap();
    create(&client, "second", "k", b"x").await.unwrap();
    let refused = client.delete_bucket().bucket("second").send().await;
    assert_eq!(code(&refused.unwrap_err()), "BucketNotEmpty");
    client.delete_object().bucket("second").key("k").send().await.unwrap();
    client.delete_bucket().bucket("second").send().await.unwrap();
    let gone = create(&client, "second", "k", b"x").await;
    assert_eq!(gone, Err("NoSuchBucket".to_owned()));
    let buckets = client.list_buckets().send().await.unwrap();
    let names: Vec<_> = buckets.buckets().iter().filter_map(|bucket| bucket.name()).collect();
    assert_eq!(names, [engines.bucket()]);
}
