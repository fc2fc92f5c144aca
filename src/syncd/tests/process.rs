//! The program itself: its exit codes, its log, its way out.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::net::{SocketAddr, TcpListener};
use std::process::{Output, Stdio};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::Engines;
use tokio::process::{Child, Command};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syncd"));
    command.env_clear().kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn configured(engines: &Engines, listen: SocketAddr) -> Command {
    let credentials = engines.root_credentials();
    let mut command = program();
    command.envs([
        ("SYNCD_LISTEN", listen.to_string()),
        ("SYNCD_INSTANCE", "a-1".to_owned()),
        ("SYNCD_TABLE", engines.table().to_owned()),
        ("SYNCD_BUCKET", engines.bucket().to_owned()),
        ("SYNCD_WRITER_ROLE_ARN", engines.writer_role().to_owned()),
        ("SYNCD_READER_ROLE_ARN", engines.reader_role().to_owned()),
        ("SYNCD_PUBLIC_URL", format!("http://{listen}")),
        ("SYNCD_CLIENT_S3_ENDPOINT", engines.s3_endpoint()),
        ("SYNCD_DRAIN_DELAY", "0".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ENDPOINT_URL", engines.api_endpoint()),
        ("AWS_ENDPOINT_URL_S3", engines.s3_endpoint()),
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id().to_owned()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key().to_owned()),
    ]);
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn arguments_are_help_and_version_only() {
    let help = program().arg("--help").output().await.unwrap();
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8(help.stdout).unwrap().contains("SYNCD_DRAIN_DELAY"));
    let wrong = program().arg("--listen").output().await.unwrap();
    assert_eq!(wrong.status.code(), Some(64));
}

#[tokio::test]
async fn a_missing_variable_is_named() {
    let output = program().env("SYNCD_TABLE", "t").output().await.unwrap();
    assert_eq!(output.status.code(), Some(78));
    insta::assert_snapshot!(stderr(&output), @r#"
    syncd: the environment is not complete:
      SYNCD_LISTEN is not set
      SYNCD_INSTANCE is not set
      AWS_REGION is not set
      SYNCD_BUCKET is not set
      SYNCD_WRITER_ROLE_ARN is not set
      SYNCD_READER_ROLE_ARN is not set
      SYNCD_PUBLIC_URL is not set
    `syncd --help` lists every variable
    "#);
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let engines = Engines::start().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let output = configured(&engines, address).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    let expected = format!("syncd: {address} is taken by another process");
    assert!(text.contains(&expected), "{text}");
}

/// One line that says what to do, before anything listens.
#[tokio::test]
async fn data_of_a_newer_release_is_refused_at_start() {
    use aws_sdk_dynamodb::types::AttributeValue;
    let engines = Engines::start().await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let dynamodb = store::Clients::from_sdk_config(&engines.sdk_config()).dynamodb;
    let put = dynamodb.put_item().table_name(engines.table());
    let put = put.item("pk", text("FORMAT")).item("sk", text("-"));
    put.item("format", AttributeValue::N("2".to_owned())).send().await.unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = configured(&engines, free).output().await.unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = stderr(&output);
    assert_eq!(
        said.trim_end().replace(engines.table(), "[TABLE]"),
        "syncd: the table [TABLE] can't be used\n  because: the data has format 2, this release \
         knows 1; nothing was changed: run the newer release that wrote it"
    );
}

/// One line per request, and in none of them anything that opens a door.
#[tokio::test]
async fn it_serves_logs_no_secret_and_leaves_on_sigterm() {
    let engines = Engines::start().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut child = configured(&engines, free).spawn().unwrap();
    let url = format!("http://{free}");
    wait_for(&mut child, &format!("{url}/ready")).await;

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let clock = std::sync::Arc::new(store::SystemClock);
    let dynamodb = store::Clients::from_sdk_config(&engines.sdk_config()).dynamodb;
    let accounts = store::Accounts::new(dynamodb, engines.table(), clock);
    let code = accounts.invite_first().await.unwrap().unwrap().code;
    let password = "correct horse battery";
    let body = json!({
        "invitation": code, "login": "ana@example.com",
        "password": password, "device_name": "laptop",
    });
    let answer = http.post(format!("{url}/v1/invitations/redeem")).json(&body).send().await;
    let login: Value = answer.unwrap().json().await.unwrap();
    let token = login["token"].as_str().unwrap();
    let me = http.get(format!("{url}/v1/me?key=sesame")).bearer_auth(token).send().await;
    assert_eq!(me.unwrap().status(), StatusCode::OK);
    let link = format!("{url}/v1/unsubscribe/some-space/some-user/sesame");
    assert_eq!(http.post(link).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    drop(http);

    terminate(&child);
    let output = tokio::time::timeout(Duration::from_secs(20), child.wait_with_output()).await;
    let output = output.expect("it leaves").unwrap();
    assert_eq!(output.status.code(), Some(0));
    let log = stderr(&output);
    for secret in [code.as_str(), password, token, "sesame"] {
        assert!(!log.contains(secret), "{secret} stands in\n{log}");
    }
    assert!(!log.contains("\"/ready\""), "a health check that is well is no news:\n{log}");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let me = lines.filter(|line| line["route"] == "/v1/me").collect::<Vec<_>>();
    assert_eq!(me.len(), 1, "{log}");
    assert_eq!(me[0]["method"], "GET");
    assert_eq!(me[0]["status"], 200);
    assert_eq!(me[0]["user"], login["user"]["id"]);
    assert!(me[0]["request_id"].is_string() && me[0]["latency_ms"].is_u64());
    assert!(me[0]["bytes_out"].as_u64().unwrap() > 0);
}

async fn wait_for(child: &mut Child, url: &str) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ready = async {
        loop {
            if http.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = ready => {}
        ended = child.wait() => panic!("it ended: {ended:?}"),
        () = tokio::time::sleep(Duration::from_secs(30)) => panic!("it never became ready"),
    }
}

fn terminate(child: &Child) {
    let id = i32::try_from(child.id().unwrap()).unwrap();
    let process = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
}
