//! Data outlives the process and is left alone by the wrong one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use aws_sdk_dynamodb::types::AttributeValue;
use testkit::Engines;

use crate::ground::{create, dynamodb, noise, read, s3};

#[tokio::test]
async fn a_restart_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let content = noise(200_000, 4);

    let engines = Engines::builder().data_dir(&data).start().await.unwrap();
    create(&s3(&engines), engines.bucket(), "k", &content).await.unwrap();
    let row = |name: &str| AttributeValue::S(name.to_owned());
    let put = dynamodb(&engines).put_item().table_name(engines.table());
    put.item("pk", row("a")).item("sk", row("b")).send().await.unwrap();
    engines.stop().await.unwrap();

    let engines = Engines::builder().data_dir(&data).start().await.unwrap();
    assert_eq!(read(&s3(&engines), engines.bucket(), "k").await, Ok(content));
    let list = s3(&engines).list_objects_v2().bucket(engines.bucket()).send().await.unwrap();
    assert_eq!(list.key_count(), Some(1));
    let get = dynamodb(&engines).get_item().table_name(engines.table());
    let found = get.key("pk", row("a")).key("sk", row("b")).send().await.unwrap();
    assert!(found.item().is_some());
    for file in files_below(&data) {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        let expected = if file.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}", file.display());
    }
}

#[tokio::test]
async fn a_second_process_and_a_newer_format_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let engines = Engines::builder().data_dir(&data).start().await.unwrap();
    let Err(error) = Engines::builder().data_dir(&data).start().await else {
        panic!("two engines on one folder");
    };
    assert!(format!("{error:#}").contains("in use"), "{error:#}");
    engines.stop().await.unwrap();

    fs::write(data.join("metadata/format"), "2\n").unwrap();
    let before = fs::read(data.join("metadata/metadata.sqlite")).unwrap();
    let Err(error) = Engines::builder().data_dir(&data).start().await else {
        panic!("read a newer format");
    };
    assert!(format!("{error:#}").contains("has format 2"), "{error:#}");
    assert_eq!(fs::read(data.join("metadata/metadata.sqlite")).unwrap(), before);
}

#[tokio::test]
async fn unfinished_files_are_swept_and_a_damaged_object_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let engines = Engines::builder().data_dir(&data).start().await.unwrap();
    create(&s3(&engines), engines.bucket(), "k", &noise(1000, 1)).await.unwrap();
    engines.stop().await.unwrap();

    fs::write(data.join("objects/drafts/0000000000000007"), b"half").unwrap();
    let object = files_below(&data.join("objects/buckets"))
        .into_iter()
        .find(|path| path.ends_with("k-k"))
        .unwrap();
    let whole = fs::read(&object).unwrap();
    fs::write(&object, &whole[..whole.len() / 2]).unwrap();

    let engines = Engines::builder().data_dir(&data).start().await.unwrap();
    assert_eq!(fs::read_dir(data.join("objects/drafts")).unwrap().count(), 0);
    let torn = read(&s3(&engines), engines.bucket(), "k").await;
    assert_eq!(torn, Err("InternalError".to_owned()), "doubt is not absence");
}

fn files_below(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![dir.to_path_buf()];
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}
