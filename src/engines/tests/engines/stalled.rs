//! A client that falls silent in the middle of a body holds nothing for long.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use engines::{EnginesConfig, Limits, RootCredential};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::ground::read;

const BUCKET: &str = "syncd-content";
const KEY: &str = "AKIASTALLED000000000";
const SECRET: &str = "stalled-secret";

/// Long enough for a slow client on a busy machine.
const IDLE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_a_request_and_slowness_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let api = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let config = config(folder.path(), &s3, &api);
    let (s3_address, api_address) = (config.s3_listen, config.api_listen);
    let client = client(s3_address);
    let (stop, stopped) = oneshot::channel::<()>();
    let limits = Limits { body_idle: IDLE, ..Limits::default() };
    let serving = tokio::spawn(engines::serve_within(config, limits, s3, api, async {
        let _ = stopped.await;
    }));

    let (silent, slow, unsigned) = tokio::join!(
        async {
            let mut stream = begin(&client, s3_address, "silent", "").await;
            stream.write_all(b"hello").await.unwrap();
            rest_of(stream).await
        },
        async {
            let mut stream = begin(&client, s3_address, "slow", "Connection: close\r\n").await;
            for piece in [b"he", b"ll", b"o ", b"wo", b"rl"] {
                stream.write_all(piece).await.unwrap();
                // All in all longer than the limit, each pause far below it.
                tokio::time::sleep(IDLE / 4).await;
            }
            rest_of(stream).await
        },
        async {
            let mut stream = TcpStream::connect(api_address).await.unwrap();
            let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello";
            stream.write_all(head.as_bytes()).await.unwrap();
            rest_of(stream).await
        },
    );
    assert!(silent.starts_with("HTTP/1.1 400"), "{silent}");
    assert!(silent.contains("<Code>RequestTimeout</Code>"), "{silent}");
    assert!(slow.starts_with("HTTP/1.1 200"), "{slow}");
    assert!(unsigned.starts_with("HTTP/1.1 413"), "{unsigned}");
    assert_eq!(read(&client, BUCKET, "silent").await, Err("NoSuchKey".to_owned()));
    assert_eq!(read(&client, BUCKET, "slow").await, Ok(b"hello worl".to_vec()));
    let drafts = folder.path().join("objects/drafts");
    assert_eq!(std::fs::read_dir(drafts).unwrap().count(), 0);

    drop(stop);
    serving.await.unwrap().unwrap();
}

fn config(folder: &Path, s3: &TcpListener, api: &TcpListener) -> EnginesConfig {
    EnginesConfig {
        data_dir: folder.to_path_buf(),
        s3_listen: s3.local_addr().unwrap(),
        api_listen: api.local_addr().unwrap(),
        root: RootCredential::new(KEY, SECRET),
        table: "syncd-metadata".to_owned(),
        bucket: BUCKET.to_owned(),
        writer_role_arn: "arn:aws:iam::000000000000:role/syncd-writer".to_owned(),
        reader_role_arn: "arn:aws:iam::000000000000:role/syncd-reader".to_owned(),
        mail_from: None,
        region: "us-east-1".to_owned(),
    }
}

fn client(address: SocketAddr) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(KEY, SECRET, None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// Opens a connection and announces ten bytes for `key`.
async fn begin(
    client: &aws_sdk_s3::Client,
    address: SocketAddr,
    key: &str,
    more: &str,
) -> TcpStream {
    let lifetime = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let signed =
        client.put_object().bucket(BUCKET).key(key).content_length(10).presigned(lifetime).await;
    let signed = signed.unwrap();
    let target = signed.uri().split_once(&address.to_string()).unwrap().1.to_owned();
    let mut head = format!("PUT {target} HTTP/1.1\r\nHost: {address}\r\n");
    for (name, value) in signed.headers().filter(|(name, _)| *name != "content-length") {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("{more}Content-Length: 10\r\n\r\n"));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// What is answered until the other side closes the connection.
async fn rest_of(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    tokio::time::timeout(IDLE * 10, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
