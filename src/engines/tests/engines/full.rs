//! A disk that is nearly full: what is there is read and deleted, nothing is added, and what the
//! service needs for itself stays free.

use std::net::Ipv4Addr;
use std::path::Path;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use engines::{CONTENT_RESERVE, EnginesConfig, Limits, METADATA_RESERVE, RootCredential};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const BUCKET: &str = "syncd-content";
const TABLE: &str = "syncd";
const KEY: &str = "AKIAFULL000000000000";
const SECRET: &str = "full-secret";

/// Engines on a folder, until `stop` is dropped.
struct Running {
    s3: aws_sdk_s3::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    stop: oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<Result<(), engines::EngineError>>,
}

impl Running {
    async fn start(folder: &Path, limits: Limits) -> Self {
        let s3 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let api = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (s3_url, api_url) = (url(&s3), url(&api));
        let config = EnginesConfig {
            data_dir: folder.to_path_buf(),
            s3_listen: s3.local_addr().unwrap(),
            api_listen: api.local_addr().unwrap(),
            root: RootCredential::new(KEY, SECRET),
            table: TABLE.to_owned(),
            bucket: BUCKET.to_owned(),
            writer_role_arn: "arn:aws:iam::000000000000:role/writer".to_owned(),
            reader_role_arn: "arn:aws:iam::000000000000:role/reader".to_owned(),
            mail_from: None,
            region: "us-east-1".to_owned(),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(engines::serve_within(config, limits, s3, api, async {
            let _ = stopped.await;
        }));
        let credentials = || Credentials::new(KEY, SECRET, None, None, "test");
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(s3_url)
            .force_path_style(true)
            .credentials_provider(credentials())
            .build();
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(aws_sdk_dynamodb::config::Region::from_static("us-east-1"))
            .endpoint_url(api_url)
            .credentials_provider(credentials())
            .build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
            stop,
            serving,
        }
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        self.serving.await.unwrap().unwrap();
    }

    /// The status of the answer.
    async fn put_object(&self, key: &str) -> u16 {
        let put = self.s3.put_object().bucket(BUCKET).key(key).body(vec![7; 4_096].into());
        match put.send().await {
            Ok(_) => 200,
            Err(error) => error.raw_response().unwrap().status().as_u16(),
        }
    }

    /// The code of the refusal; `None` where it worked.
    async fn put_row(&self, name: &str) -> Option<String> {
        let put = self.dynamodb.put_item().table_name(TABLE);
        let put = put.item("pk", text(name)).item("sk", text("-")).send().await;
        put.err().map(|error| error.code().unwrap_or_default().to_owned())
    }
}

fn url(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().unwrap())
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_to_stay_free_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let engines = Running::start(folder.path(), Limits::default()).await;
    assert_eq!(engines.put_object("kept").await, 200);
    assert_eq!(engines.put_row("kept").await, None);
    engines.stop().await;

    // More than any disk has. Content stops first: who makes room has to write metadata.
    let limits = Limits { content_reserve: u64::MAX, ..Limits::default() };
    let engines = Running::start(folder.path(), limits.clone()).await;
    assert_eq!(engines.put_object("more").await, 507);
    assert_eq!(engines.put_row("more").await, None);
    engines.stop().await;

    let limits = Limits { metadata_reserve: u64::MAX, ..limits };
    let engines = Running::start(folder.path(), limits).await;
    let refused = engines.put_row("even more").await;
    assert_eq!(refused.as_deref(), Some("InsufficientStorageException"));
    let get = engines.s3.get_object().bucket(BUCKET).key("kept").send().await.unwrap();
    assert_eq!(get.body.collect().await.unwrap().into_bytes(), vec![7; 4_096]);
    let row = engines.dynamodb.get_item().table_name(TABLE);
    let row = row.key("pk", text("kept")).key("sk", text("-")).send().await.unwrap();
    assert!(row.item.is_some());
    engines.s3.delete_object().bucket(BUCKET).key("kept").send().await.unwrap();
    let gone = engines.dynamodb.delete_item().table_name(TABLE);
    gone.key("pk", text("kept")).key("sk", text("-")).send().await.unwrap();
    engines.stop().await;
}

/// Where content has filled the disk, deletions are still written, and both leave more than a start
/// needs.
#[test]
fn content_leaves_more_than_metadata() {
    const { assert!(CONTENT_RESERVE > METADATA_RESERVE) };
}
