//! The credential matrix: who may do what, and how the refusal reads.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_async::time::StaticTimeSource;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use testkit::Engines;

use crate::ground::{assume, code, create, read, s3, s3_as};

const OWN: &str = "s/sp1/hash.1";
const OTHER: &str = "s/sp2/hash.1";

#[tokio::test]
async fn a_writer_creates_and_reads_below_its_prefix_only() {
    let engines = Engines::start().await;
    let bucket = engines.bucket();
    create(&s3(&engines), bucket, OTHER, b"theirs").await.unwrap();
    let writer = s3_as(&engines, assume(&engines, engines.writer_role(), "sp1").await);

    assert_eq!(create(&writer, bucket, OWN, b"mine").await, Ok(()));
    assert_eq!(read(&writer, bucket, OWN).await, Ok(b"mine".to_vec()));

    for key in [OTHER, "s/sp12/x.1", "s/sp1", "s/sp1/", "x", "s/../s/sp1/x", "S/sp1/x"] {
        assert_eq!(create(&writer, bucket, key, b"x").await, denied(), "write {key}");
        assert_eq!(read(&writer, bucket, key).await, Err("AccessDenied".to_owned()), "read {key}");
    }
    assert_eq!(create(&writer, "other-bucket", OWN, b"x").await, denied());
}

#[tokio::test]
async fn nobody_learns_what_does_not_exist() {
    let engines = Engines::start().await;
    let writer = s3_as(&engines, assume(&engines, engines.writer_role(), "sp1").await);
    assert_eq!(
        read(&writer, engines.bucket(), OWN).await,
        Err("AccessDenied".to_owned()),
        "403 where there is no permission to list, as on AWS"
    );
    assert_eq!(read(&s3(&engines), engines.bucket(), OWN).await, Err("NoSuchKey".to_owned()));
}

#[tokio::test]
async fn a_reader_reads_and_writes_nothing() {
    let engines = Engines::start().await;
    let bucket = engines.bucket();
    create(&s3(&engines), bucket, OWN, b"shared").await.unwrap();
    let reader = s3_as(&engines, assume(&engines, engines.reader_role(), "sp1").await);

    assert_eq!(read(&reader, bucket, OWN).await, Ok(b"shared".to_vec()));
    assert_eq!(create(&reader, bucket, "s/sp1/new.1", b"x").await, denied());
    assert_eq!(read(&reader, bucket, OTHER).await, Err("AccessDenied".to_owned()));
}

#[tokio::test]
async fn a_client_never_lists_deletes_or_replaces() {
    let engines = Engines::start().await;
    let bucket = engines.bucket();
    let writer = s3_as(&engines, assume(&engines, engines.writer_role(), "sp1").await);
    create(&writer, bucket, OWN, b"first").await.unwrap();

    let list = writer.list_objects_v2().bucket(bucket).prefix("s/sp1/").send().await;
    assert_eq!(code(&list.unwrap_err()), "AccessDenied");
    let buckets = writer.list_buckets().send().await;
    assert_eq!(code(&buckets.unwrap_err()), "AccessDenied");
    let delete = writer.delete_object().bucket(bucket).key(OWN).send().await;
    assert_eq!(code(&delete.unwrap_err()), "AccessDenied");
    let copy = writer
        .copy_object()
        .bucket(bucket)
        .key("s/sp1/copy.1")
        .copy_source(format!("{bucket}/{OWN}"))
        .send()
        .await;
    assert_eq!(code(&copy.unwrap_err()), "AccessDenied");
    let parts = writer.create_multipart_upload().bucket(bucket).key("s/sp1/big.1").send().await;
    assert_eq!(code(&parts.unwrap_err()), "AccessDenied");

    let replace = writer
        .put_object()
        .bucket(bucket)
        .key(OWN)
        .body(ByteStream::from_static(b"second"))
        .send()
        .await;
    assert_eq!(code(&replace.unwrap_err()), "AccessDenied", "no If-None-Match");
    assert_eq!(create(&writer, bucket, OWN, b"second").await, Err("PreconditionFailed".to_owned()));
    assert_eq!(read(&writer, bucket, OWN).await, Ok(b"first".to_vec()));
}

#[tokio::test]
async fn a_token_belongs_to_its_key_and_must_be_there() {
    let engines = Engines::start().await;
    let bucket = engines.bucket();
    let good = assume(&engines, engines.writer_role(), "sp1").await;
    let other = assume(&engines, engines.writer_role(), "sp2").await;
    let with = |secret: &str, token: Option<&str>| {
        let token = token.map(ToOwned::to_owned);
        let credentials = Credentials::new(good.access_key_id(), secret, token, None, "test");
        s3_as(&engines, credentials)
    };
    let secret = good.secret_access_key();
    let token = good.session_token().unwrap();

    let cases = [
        (with(secret, None), "InvalidAccessKeyId"),
        (with(secret, Some("garbled")), "InvalidToken"),
        (with(secret, Some(&format!("{token}x"))), "InvalidToken"),
        (with(secret, other.session_token()), "InvalidToken"),
        (with("wrong", Some(token)), "SignatureDoesNotMatch"),
    ];
    for (client, expected) in cases {
        assert_eq!(create(&client, bucket, OWN, b"x").await, Err(expected.to_owned()));
    }
    let root = engines.root_credentials();
    let confused = Credentials::new(
        root.access_key_id(),
        root.secret_access_key(),
        Some(token.to_owned()),
        None,
        "test",
    );
    assert_eq!(
        create(&s3_as(&engines, confused), bucket, OWN, b"x").await,
        Err("InvalidToken".to_owned())
    );
    let unknown = Credentials::new("AKIAUNKNOWN", "x", None, None, "test");
    assert_eq!(
        create(&s3_as(&engines, unknown), bucket, OWN, b"x").await,
        Err("InvalidAccessKeyId".to_owned())
    );
    assert_eq!(create(&with(secret, Some(token)), bucket, OWN, b"x").await, Ok(()));
}

/// No clock to turn: the claims are signed here as the engines sign them.
#[tokio::test]
async fn an_expired_token_says_so() {
    let engines = Engines::start().await;
    let bucket = engines.bucket();
    let good = assume(&engines, engines.writer_role(), "sp1").await;
    let root = engines.root_credentials();
    let key = hmac(root.secret_access_key().as_bytes(), "temporary credentials 1");
    let token = |expires: i64| {
        let id = good.access_key_id();
        let claims =
            format!(r#"{{"key":"{id}","role":"writer","space":"sp1","expires":{expires}}}"#);
        let body = URL_SAFE_NO_PAD.encode(claims);
        let signature = hmac(&key, &format!("token:{body}"));
        format!("{body}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    let now = jiff::Timestamp::now().as_second();
    for (expires, expected) in [(now + 60, Ok(())), (now - 1, Err("ExpiredToken".to_owned()))] {
        let credentials = Credentials::new(
            good.access_key_id(),
            good.secret_access_key(),
            Some(token(expires)),
            None,
            "test",
        );
        let key = format!("s/sp1/{expires}");
        assert_eq!(create(&s3_as(&engines, credentials), bucket, &key, b"x").await, expected);
    }
}

#[tokio::test]
async fn an_old_signature_is_refused() {
    let engines = Engines::start().await;
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    let config = engines.sdk_config();

    let objects = aws_sdk_s3::config::Builder::from(&config)
        .force_path_style(true)
        .time_source(StaticTimeSource::new(hour_ago))
        .build();
    let objects = aws_sdk_s3::Client::from_conf(objects);
    let list = objects.list_buckets().send().await;
    assert_eq!(code(&list.unwrap_err()), "RequestTimeTooSkewed");

    let rows = aws_sdk_dynamodb::config::Builder::from(&config)
        .time_source(StaticTimeSource::new(hour_ago))
        .build();
    let rows = aws_sdk_dynamodb::Client::from_conf(rows);
    let list = rows.list_tables().send().await;
    assert_eq!(code(&list.unwrap_err()), "InvalidSignatureException");
}

#[tokio::test]
async fn an_unsigned_request_gets_nothing_but_health() {
    let engines = Engines::start().await;
    let endpoint = engines.s3_endpoint();
    let http = reqwest::Client::new();
    for path in ["/", "/syncd-content", "/syncd-content/s/sp1/hash.1"] {
        let answer = http.get(format!("{endpoint}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path}");
    }
    let form = http
        .post(format!("{endpoint}/syncd-content"))
        .header("content-type", "multipart/form-data; boundary=x")
        .body("--x--")
        .send()
        .await
        .unwrap();
    assert_eq!(form.status(), 400);
    for endpoint in [endpoint, engines.api_endpoint()] {
        let health = http.get(format!("{endpoint}/-/health")).send().await.unwrap();
        assert_eq!(health.status(), 200);
    }
}

#[tokio::test]
async fn presigned_addresses_obey_the_same_rules() {
    let engines = Engines::start().await;
    let bucket = engines.bucket();
    create(&s3(&engines), bucket, OTHER, b"theirs").await.unwrap();
    let writer = s3_as(&engines, assume(&engines, engines.writer_role(), "sp1").await);
    create(&writer, bucket, OWN, b"mine").await.unwrap();
    let http = reqwest::Client::new();

    let fetch = async |key: &str| {
        let minute = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
        let request = writer.get_object().bucket(bucket).key(key).presigned(minute).await.unwrap();
        http.get(request.uri()).send().await.unwrap()
    };
    let own = fetch(OWN).await;
    assert_eq!(own.status(), 200);
    assert_eq!(own.bytes().await.unwrap().as_ref(), b"mine");
    assert_eq!(fetch(OTHER).await.status(), 403);

    let minute = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let put = writer
        .put_object()
        .bucket(bucket)
        .key("s/sp1/presigned.1")
        .if_none_match("*")
        .presigned(minute)
        .await
        .unwrap();
    let send = |conditional: bool| {
        let mut request = http.put(put.uri()).body("content");
        for (name, value) in
            put.headers().filter(|(name, _)| conditional || *name != "if-none-match")
        {
            request = request.header(name, value);
        }
        request.send()
    };
    assert_eq!(send(false).await.unwrap().status(), 403, "the condition is part of the signature");
    assert_eq!(send(true).await.unwrap().status(), 200);
    assert_eq!(send(true).await.unwrap().status(), 412);
}

#[tokio::test]
async fn a_web_page_may_ask() {
    let engines = Engines::start().await;
    let url = format!("{}/syncd-content/s/sp1/hash.1", engines.s3_endpoint());
    let http = reqwest::Client::new();
    let ask = |method: &'static str| {
        http.request(reqwest::Method::OPTIONS, &url)
            .header("origin", "https://page.example")
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "authorization,x-amz-date")
            .send()
    };
    let yes = ask("PUT").await.unwrap();
    assert_eq!(yes.status(), 200);
    assert_eq!(yes.headers()["access-control-allow-origin"], "*");
    assert_eq!(yes.headers()["access-control-allow-headers"], "authorization,x-amz-date");
    assert_eq!(ask("DELETE").await.unwrap().status(), 403);

    let answer = http.get(&url).header("origin", "https://page.example").send().await.unwrap();
    let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap();
    assert!(exposed.contains("ETag") && exposed.contains("x-amz-checksum-sha256"));
}

fn denied() -> Result<(), String> {
    Err("AccessDenied".to_owned())
}

fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
