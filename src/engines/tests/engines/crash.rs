//! `kill -9` in the middle of writes: nothing acknowledged is lost, nothing
//! torn is visible (DP-2, HA).

use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use testkit::Engines;
use tokio::sync::{Mutex, watch};

use crate::ground::{create, dynamodb, noise, read, s3};

const FOLDER: &str = "ENGINES_CRASH_FOLDER";
const ROUNDS: u64 = 4;
const WRITERS: u64 = 4;

/// Not a story of its own: the process that gets killed.
#[tokio::test(flavor = "multi_thread")]
async fn serves_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let engines = Engines::builder().data_dir(&folder.join("data")).start().await.unwrap();
    let ports = format!("{}\n{}\n", engines.s3_endpoint(), engines.api_endpoint());
    std::fs::write(folder.join("ports.new"), ports).unwrap();
    std::fs::rename(folder.join("ports.new"), folder.join("ports")).unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_writes_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for round in 0..ROUNDS {
        let _ = std::fs::remove_file(folder.path().join("ports"));
        let mut child = spawn(folder.path());
        let remote = Remote::connect(folder.path(), &mut child.0).await;
        let (count, mut counted) = watch::channel(0_u64);
        let count = Arc::new(count);
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let remote = remote.clone();
                let (next, acknowledged) = (Arc::clone(&next), Arc::clone(&acknowledged));
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if !remote.write(number).await {
                            return;
                        }
                        acknowledged.lock().await.push(number);
                        count.send_modify(|count| *count += 1);
                    }
                })
            })
            .collect();
        // Somewhere in the middle: after another number of writes each time.
        let enough = 25 + round * 13;
        counted.wait_for(|count| *count >= enough).await.unwrap();
        drop(child);
        for writer in writers {
            writer.await.unwrap();
        }
    }
    let engines = Engines::builder().data_dir(&folder.path().join("data")).start().await.unwrap();
    let (objects, rows) = (s3(&engines), dynamodb(&engines));
    let acknowledged = acknowledged.lock().await.clone();
    assert!(acknowledged.len() >= 100);
    for number in 0..next.load(Ordering::Relaxed) {
        let found = read(&objects, engines.bucket(), &key(number)).await;
        match found {
            Ok(content) => assert_eq!(content, content_of(number), "object {number} is torn"),
            Err(code) => {
                assert_eq!(code, "NoSuchKey");
                assert!(!acknowledged.contains(&number), "object {number} is lost");
            }
        }
        let mut pair = 0;
        for half in ["a", "b"] {
            let get = rows.get_item().table_name(engines.table());
            let row = get.key("pk", text(&key(number))).key("sk", text(half)).send().await.unwrap();
            pair += i32::from(row.item().is_some());
        }
        assert!(pair != 1, "transaction {number} is torn");
        assert!(pair == 2 || !acknowledged.contains(&number), "transaction {number} is lost");
    }
}

/// Killed with the test, however that ends.
struct Victim(Child);

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(folder: &Path) -> Victim {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::serves_until_killed"])
        .env(FOLDER, folder)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    Victim(child)
}

#[derive(Clone)]
struct Remote {
    s3: aws_sdk_s3::Client,
    dynamodb: aws_sdk_dynamodb::Client,
}

impl Remote {
    async fn connect(folder: &Path, child: &mut Child) -> Self {
        let text = loop {
            assert!(child.try_wait().unwrap().is_none(), "the engines ended by themselves");
            match std::fs::read_to_string(folder.join("ports")) {
                Ok(text) => break text,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let (s3, api) = text.trim().split_once('\n').unwrap();
        // Only the configuration of these is used, with the child's addresses.
        let config = testkit::sdk_config_for(s3, api);
        let s3_config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3_config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
        }
    }

    /// Whether both the object and the transaction were acknowledged.
    async fn write(&self, number: u64) -> bool {
        let object = create(&self.s3, "syncd-content", &key(number), &content_of(number)).await;
        if object.is_err() {
            return false;
        }
        let mut request = self.dynamodb.transact_write_items();
        for half in ["a", "b"] {
            let put = Put::builder()
                .table_name("syncd-metadata")
                .item("pk", text(&key(number)))
                .item("sk", text(half))
                .build()
                .unwrap();
            request = request.transact_items(TransactWriteItem::builder().put(put).build());
        }
        request.send().await.is_ok()
    }
}

fn key(number: u64) -> String {
    format!("s/sp1/{number:06}.1")
}

fn content_of(number: u64) -> Vec<u8> {
    let length = usize::try_from(number % 7).unwrap() * 400_000 + 10;
    noise(length, number + 1)
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
