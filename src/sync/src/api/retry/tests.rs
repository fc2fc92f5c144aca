use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use protocol::account::{LoginRequest, RedeemRequest};
use protocol::space::CreateSpaceRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::api::PlainHttp;
use crate::clock::Clock;

/// Notes pauses instead of making them.
#[derive(Default)]
struct Noted(Mutex<Vec<Duration>>);

#[async_trait]
impl Clock for Noted {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, pause: Duration) {
        self.0.lock().unwrap().push(pause);
    }
}

/// A server that gives these answers in turn, and the last one from then on.
struct Server {
    api: Api,
    pauses: Arc<Noted>,
    url: String,
    /// The heads of the requests that came.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heads);
        tokio::spawn(async move {
            let mut answers = answers.iter();
            let mut next = "";
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                next = answers.next().unwrap_or(&next);
                let mut request = [0; 16 * 1024];
                let length = stream.read(&mut request).await.unwrap();
                let head = String::from_utf8_lossy(&request[..length]).to_ascii_lowercase();
                noted.lock().unwrap().push(head);
                let answer = next.replacen("\r\n", "\r\nconnection: close\r\n", 1);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let mut api = Api::new(&url, None, PlainHttp::OnlyLoopback).unwrap();
        let pauses = Arc::new(Noted::default());
        api.clock = pauses.clone();
        Self { api, pauses, url, heads }
    }

    /// Whether each request said that it may be repeated.
    fn repeatable(&self) -> Vec<bool> {
        let says = |head: &String| head.lines().any(|line| line == "x-repeatable: yes");
        self.heads.lock().unwrap().iter().map(says).collect()
    }

    fn pauses(&self) -> Vec<Duration> {
        self.pauses.0.lock().unwrap().clone()
    }
}

const BARE_500: &str = "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n";
const PAGE_502: &str = "HTTP/1.1 502 Bad\r\ncontent-length: 13\r\n\r\n<h1>Bad</h1>\n";
const BARE_503: &str = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";
const BARE_504: &str = "HTTP/1.1 504 Late\r\ncontent-length: 0\r\n\r\n";
const CUT_OFF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"spaces\":";
const NO_SPACES: &str = "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"spaces\":[]}";

/// Whatever stands before the servers, its bare errors are waited out.
#[tokio::test]
async fn an_error_without_a_body_of_ours_is_tried_again() {
    let server = Server::start(&[BARE_500, PAGE_502, BARE_503, BARE_504, CUT_OFF, NO_SPACES]).await;
    assert!(server.api.spaces().await.unwrap().spaces.is_empty());
    let pauses = server.pauses();
    assert_eq!(pauses.len(), 5);
    for (attempt, pause) in (1..).zip(pauses) {
        let step = FIRST_PAUSE * 2_u32.pow(attempt - 1);
        assert!((step / 2..=step).contains(&pause), "{attempt}: {pause:?}");
    }
}

#[tokio::test]
async fn patience_ends_and_says_what_where_and_how_often() {
    let server = Server::start(&[BARE_500]).await;
    let error = server.api.spaces().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Unavailable));
    let url = &server.url;
    let told = format!("{url}/v1/spaces answered 500 Internal Server Error, 9 times in a row");
    assert_eq!(error.to_string(), told);
    assert_eq!(server.pauses().len(), 8);
    let sum: Duration = server.pauses().iter().sum();
    assert!((Duration::from_secs(12)..Duration::from_secs(26)).contains(&sum), "{sum:?}");

    let server = Server::start(&["HTTP/1.1 503 Busy\r\ncontent-length: 72\r\n\r\n\
         {\"code\":\"unavailable\",\"message\":\"no server is healthy\",\"request_id\":\"7\"}"])
    .await;
    let error = server.api.spaces().await.unwrap_err().to_string();
    assert!(error.starts_with("no server is healthy (http://127.0.0.1:"), "{error}");
    assert!(error.ends_with(" answered 503 Service Unavailable, request 7, 9 times in a row)"));
}

#[tokio::test]
async fn a_server_may_say_how_long_to_wait() {
    let server = Server::start(&[
        "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 429 Slow\r\nretry-after: Thu, 01 Jan 1970 00:00:50 GMT\r\ncontent-length: 0\r\n\r\n",
        NO_SPACES,
    ])
    .await;
    server.api.spaces().await.unwrap();
    let pauses = server.pauses();
    let jitter = Duration::from_millis(300);
    for (pause, asked) in pauses.iter().zip([7, 50].map(Duration::from_secs)) {
        assert!((asked..=asked + jitter).contains(pause), "{pauses:?}");
    }
    let server =
        Server::start(&["HTTP/1.1 503 Busy\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n"])
            .await;
    server.api.spaces().await.unwrap_err();
    assert!(server.pauses().is_empty(), "nobody waits for an hour");
}

/// What works once, and what leaves something behind each time, is not repeated on a suspicion.
#[tokio::test]
async fn what_may_have_gone_through_is_not_sent_twice() {
    let redeem = RedeemRequest {
        invitation: "code".to_owned(),
        login: None,
        password: "password".to_owned(),
        device_name: "laptop".to_owned(),
    };
    for answer in [&[BARE_500], &[PAGE_502], &[BARE_503], &[BARE_504], &[CUT_OFF]] {
        let server = Server::start(answer).await;
        assert!(server.api.redeem(&redeem).await.is_err());
        assert!(server.pauses().is_empty(), "{answer:?}");
    }
    let login = LoginRequest {
        login: "ada@example.com".to_owned(),
        password: "password".to_owned(),
        device_name: "laptop".to_owned(),
    };
    let create = CreateSpaceRequest { name: "home".to_owned() };
    for answer in [&[BARE_500], &[PAGE_502], &[BARE_504], &[CUT_OFF]] {
        let server = Server::start(answer).await;
        assert!(server.api.login(&login).await.is_err());
        server.api.create_space(&create).await.unwrap_err();
        assert!(server.pauses().is_empty(), "{answer:?}");
    }
}

/// The first deletion went through, and only its answer was lost.
#[tokio::test]
async fn what_the_second_attempt_finds_gone_is_deleted() {
    const GONE: &str = "HTTP/1.1 404 Gone\r\ncontent-length: 0\r\n\r\n";
    let device = protocol::id::DeviceId::from_random(1);
    let server = Server::start(&[PAGE_502, GONE]).await;
    server.api.revoke_device(&device).await.unwrap();
    server.api.revoke_device(&device).await.unwrap_err();
}

/// It is the same certificate the next time; to wait only keeps the hint from whoever waits.
#[test]
fn a_certificate_that_nobody_vouches_for_is_not_asked_for_again() {
    let message = "error sending request: client error (Connect): invalid peer certificate: \
                   UnknownIssuer";
    for repeat in [Repeat::Freely, Repeat::Refused, Repeat::Unsent] {
        assert!(!repeat.after_failure(true, message));
        assert!(repeat.after_failure(true, "connection refused"));
    }
}

#[tokio::test]
async fn whoever_waits_is_told_once_why() {
    let busy = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(Box::leak(Box::new([busy; 1]))).await;
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = lines.clone();
    let api = server.api.clone().with_notice(move |line| noted.lock().unwrap().push(line.into()));
    assert!(api.me().await.is_err());
    assert!(api.spaces().await.is_err());
    let lines = lines.lock().unwrap();
    assert_eq!(*lines, [format!("{}/ answered 503 Service Unavailable; trying again", server.url)]);
    assert!(server.pauses().len() > 10);
}

/// A balancer between may repeat exactly what this client would repeat.
#[tokio::test]
async fn what_may_be_repeated_freely_says_so_and_the_rest_does_not() {
    let server = Server::start(&[BARE_500, "HTTP/1.1 204 No\r\ncontent-length: 0\r\n\r\n"]).await;
    server.api.logout().await.unwrap();
    let _ = server.api.create_space(&CreateSpaceRequest { name: "a".to_owned() }).await;
    assert_eq!(server.repeatable(), [true, true, false]);
}
