//! The vocabulary of the stories: a service, people, and what people do.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use protocol::account::LoginResponse;
use protocol::commit::{CommitRequest, CommitResponse, Content, Extent, Op};
use protocol::hash::ContentHash;
use protocol::id::{CommitId, FileId, SpaceId};
use protocol::space::Space;
use protocol::upload::{
    ChunkClaim, ChunkState, ContentAccess, DeclareRequest, OpenSessionResponse,
};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::{Clock, SystemClock};
use syncd::AppState;
use syncd::config::Config;
use syncd::drain::Phase;
use syncd::mail::Mailer;
use testkit::Engines;
pub(crate) use testkit::{PASSWORD, server_config as config, server_store as store};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Engines, and the servers before them.
pub(crate) struct Service {
    pub engines: Engines,
    pub clock: Arc<dyn Clock>,
    pub server: Server,
}

/// One `syncd`.
pub(crate) struct Server {
    pub url: String,
    pub state: AppState,
    pub http: Client,
    stop: Option<oneshot::Sender<()>>,
    pub task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.drain.advance(Phase::Hurrying);
    }
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::with_clock(Arc::new(SystemClock)).await
    }

    pub(crate) async fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let engines = Engines::start().await;
        let config = config(&engines);
        let server = Server::start(&engines, config, Arc::clone(&clock)).await;
        Self { engines, clock, server }
    }

    /// One more server on the same data, as another zone would have.
    pub(crate) async fn another(&self, change: impl FnOnce(&mut Config)) -> Server {
        let mut config = config(&self.engines);
        change(&mut config);
        Server::start(&self.engines, config, Arc::clone(&self.clock)).await
    }

    /// The first user, by the invitation that the deployer gets.
    pub(crate) async fn first(&self, login: &str) -> Person {
        let accounts = self.server.state.store.accounts();
        let invitation = accounts.invite_first().await.unwrap();
        let code = invitation.expect("there is no account yet").code;
        self.redeem(&code, Some(login)).await
    }

    /// A later user, invited by name.
    pub(crate) async fn person(&self, login: &str) -> Person {
        let accounts = self.server.state.store.accounts();
        let code = accounts.invite(login).await.unwrap().code;
        self.redeem(&code, None).await
    }

    async fn redeem(&self, code: &str, login: Option<&str>) -> Person {
        let mut body = json!({
            "invitation": code, "password": PASSWORD, "device_name": "laptop",
        });
        if let Some(login) = login {
            body["login"] = json!(login);
        }
        let url = format!("{}/v1/invitations/redeem", self.server.url);
        let answer = self.server.http.post(url).json(&body).send().await.unwrap();
        Person::of(&self.server, read(answer).await)
    }
}

impl Server {
    pub(crate) async fn start(engines: &Engines, config: Config, clock: Arc<dyn Clock>) -> Self {
        let store = store(engines, &config, clock);
        let mailer = config.mail_from.as_ref().map(|from| {
            let client = aws_sdk_sesv2::Client::new(&engines.sdk_config());
            Mailer::new(client, from, &config.public_url)
        });
        Self::serve(AppState::new(config, store, mailer)).await
    }

    pub(crate) async fn serve(state: AppState) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = state.clone();
        let task = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            syncd::serve(listener, serving, shutdown).await;
        });
        Self {
            url,
            state,
            http: Client::builder().no_proxy().build().unwrap(),
            stop: Some(stop),
            task,
        }
    }

    /// What SIGTERM does.
    pub(crate) fn terminate(&mut self) {
        drop(self.stop.take());
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        let url = format!("{}{path}", self.url);
        self.http.get(url).send().await.unwrap()
    }

    /// The value of a counter without labels.
    pub(crate) async fn counter(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await.text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
    }
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Person {
    url: String,
    http: Client,
    pub login: LoginResponse,
}

impl Person {
    pub(crate) fn of(server: &Server, login: LoginResponse) -> Self {
        Self { url: server.url.clone(), http: server.http.clone(), login }
    }

    /// The same person, talking to another server.
    pub(crate) fn at(&self, server: &Server) -> Self {
        Self::of(server, self.login.clone())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        request.bearer_auth(&self.login.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        let request = self.request(Method::POST, path).json(body);
        request.send().await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Response {
        let request = self.request(Method::PUT, path).json(body);
        request.send().await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        self.request(Method::DELETE, path).send().await.unwrap()
    }

    pub(crate) async fn make_space(&self, name: &str) -> SpaceId {
        let answer = self.post("/v1/spaces", &json!({ "name": name })).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let space: Space = answer.json().await.unwrap();
        space.id
    }

    pub(crate) async fn share(&self, space: &SpaceId, with: &Person, role: &str) {
        let body = json!({ "login": with.login.user.login, "role": role });
        let answer = self.put(&format!("/v1/spaces/{space}/members"), &body).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }

    pub(crate) async fn open_session(&self, space: &SpaceId, chunk: &[u8]) -> OpenSessionResponse {
        let request = DeclareRequest {
            chunks: vec![ChunkClaim { hash: ContentHash::of(chunk), size: chunk.len() as u64 }],
        };
        let path = format!("/v1/spaces/{space}/sessions");
        let answer = self.request(Method::POST, &path).json(&request).send().await;
        read(answer.unwrap()).await
    }

    /// Session, PUT straight to S3, commit: a new file in the root.
    pub(crate) async fn push(&self, space: &SpaceId, name: &str, bytes: &[u8]) -> (FileId, u64) {
        let session = self.open_session(space, bytes).await;
        if session.chunks[0].state == ChunkState::Need {
            put_object(&session.access, &session.chunks[0].key, bytes).await;
        }
        let file = FileId::from_random(rand::random());
        let op = Op::Create {
            file: file.clone(),
            parent: FileId::root(),
            name: name.parse().unwrap(),
            content: content(bytes),
            meta: Default::default(),
        };
        let request = CommitRequest { session: Some(session.session), ..commit(vec![op]) };
        (file, self.commit(space, &request).await.seq)
    }

    pub(crate) async fn commit(&self, space: &SpaceId, request: &CommitRequest) -> CommitResponse {
        read(self.try_commit(space, request).await).await
    }

    pub(crate) async fn try_commit(&self, space: &SpaceId, request: &CommitRequest) -> Response {
        let path = format!("/v1/spaces/{space}/commits");
        let request = self.request(Method::POST, &path).json(request);
        request.send().await.unwrap()
    }
}

pub(crate) fn commit(ops: Vec<Op>) -> CommitRequest {
    CommitRequest { commit: CommitId::from_random(rand::random()), session: None, ops }
}

/// One chunk, one extent.
pub(crate) fn content(bytes: &[u8]) -> Content {
    let chunk = ContentHash::of(bytes);
    let (offset, length) = (0, bytes.len() as u64);
    Content { hash: chunk, size: length, extents: vec![Extent { chunk, offset, length }] }
}

pub(crate) async fn put_object(access: &ContentAccess, key: &str, bytes: &[u8]) {
    use aws_sdk_s3::primitives::ByteStream;
    use aws_sdk_s3::types::ChecksumAlgorithm;

    let put = s3(access).put_object().bucket(&access.bucket).key(key);
    put.body(ByteStream::from(bytes.to_vec()))
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .if_none_match("*")
        .send()
        .await
        .unwrap();
}

/// S3 as a client sees it: with nothing but what the server handed out.
pub(crate) fn s3(access: &ContentAccess) -> aws_sdk_s3::Client {
    let credential = &access.credential;
    let credentials = Credentials::new(
        &credential.access_key_id,
        &credential.secret_access_key,
        Some(credential.session_token.clone()),
        None,
        "syncd",
    );
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new(access.region.clone()))
        .endpoint_url(access.endpoint.clone().expect("a local endpoint"))
        .force_path_style(access.path_style)
        .credentials_provider(credentials)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// The body of a good answer.
pub(crate) async fn read<T: DeserializeOwned>(answer: Response) -> T {
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// Status and body of a refusal, without what changes from run to run.
pub(crate) async fn refusal(answer: Response) -> String {
    let status = answer.status();
    let mut body: Value = answer.json().await.unwrap();
    assert!(body["request_id"].is_string(), "{body}");
    body["request_id"] = json!("[id]");
    format!("{status} {body:#}")
}

/// Asks again and again until `check` has an answer; the test fails after ten seconds.
pub(crate) async fn eventually<T>(mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let found = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            if let Some(found) = check().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    found.await.expect("it did not happen within ten seconds")
}
