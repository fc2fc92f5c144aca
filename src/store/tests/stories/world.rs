//! The vocabulary of the stories: people, spaces, uploads.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::Intercept;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use jiff::Timestamp;
use protocol::account::{LoginRequest, LoginResponse, RedeemRequest};
use protocol::commit::{CommitRequest, CommitResponse, Content, Extent, Meta, Op};
use protocol::file::Node;
use protocol::hash::ContentHash;
use protocol::id::{CommitId, FileId, SessionId, SpaceId};
use protocol::space::{CreateSpaceRequest, Role, ShareRequest};
use protocol::upload::{
    ChunkClaim, ChunkState, ContentAccess, DeclareRequest, DeclaredChunk, OpenSessionResponse,
};
use store::{Clients, Identity, ManualClock, Result, Store, StoreConfig};
use testkit::Engines;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct World {
    pub(crate) engines: Engines,
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let engines = Engines::start().await;
        let clock = Arc::new(ManualClock::new(Timestamp::now()));
        let clients = Clients::from_sdk_config(&engines.sdk_config());
        let store = Self::store_with(&engines, clients, &clock);
        Self { engines, store, clock }
    }

    fn store_with(engines: &Engines, mut clients: Clients, clock: &Arc<ManualClock>) -> Store {
        let s3 = clients.s3.config().to_builder().force_path_style(true).build();
        clients.s3 = aws_sdk_s3::Client::from_conf(s3);
        let config = StoreConfig {
            table: engines.table().to_owned(),
            bucket: engines.bucket().to_owned(),
            region: "us-east-1".to_owned(),
            client_endpoint: Some(engines.s3_endpoint()),
            writer_role_arn: engines.writer_role().to_owned(),
            reader_role_arn: engines.reader_role().to_owned(),
            token_lifetime: StoreConfig::TOKEN_LIFETIME,
            session_lifetime: StoreConfig::SESSION_LIFETIME,
            credential_lifetime: StoreConfig::CREDENTIAL_LIFETIME,
        };
        Store::new(config, clients, Arc::clone(clock) as Arc<dyn store::Clock>)
    }

    /// Another server process on the same data, whose DynamoDB calls go through `fault`.
    pub(crate) fn faulty_store(&self, fault: impl Intercept + 'static) -> Store {
        let mut clients = Clients::from_sdk_config(&self.engines.sdk_config());
        let config = clients.dynamodb.config().to_builder().interceptor(fault).build();
        clients.dynamodb = aws_sdk_dynamodb::Client::from_conf(config);
        Self::store_with(&self.engines, clients, &self.clock)
    }

    pub(crate) fn another_store(&self) -> Store {
        let clients = Clients::from_sdk_config(&self.engines.sdk_config());
        Self::store_with(&self.engines, clients, &self.clock)
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn invited(&self, login: &str) -> LoginResponse {
        let invitation = self.store.accounts().invite(login).await.unwrap();
        self.redeem(&invitation.code, None, PASSWORD).await.unwrap()
    }

    pub(crate) async fn redeem(
        &self,
        code: &str,
        login: Option<&str>,
        password: &str,
    ) -> Result<LoginResponse> {
        let request = RedeemRequest {
            invitation: code.to_owned(),
            login: login.map(str::to_owned),
            password: password.to_owned(),
            device_name: "laptop".to_owned(),
        };
        self.store.accounts().redeem(request).await
    }

    pub(crate) async fn login(&self, login: &str, password: &str) -> Result<LoginResponse> {
        let request = LoginRequest {
            login: login.to_owned(),
            password: password.to_owned(),
            device_name: "phone".to_owned(),
        };
        self.store.accounts().login(request).await
    }

    /// A person with an account, logged in.
    pub(crate) async fn person(&self, name: &str) -> Identity {
        let token = self.invited(&format!("{name}@example.com")).await.token;
        self.store.accounts().authenticate(&token).await.unwrap()
    }

    pub(crate) async fn space(&self, owner: &Identity, name: &str) -> SpaceId {
        let request = CreateSpaceRequest { name: name.to_owned() };
        self.store.create_space(owner, request).await.unwrap().id
    }

    pub(crate) async fn share(
        &self,
        owner: &Identity,
        space: &SpaceId,
        with: &Identity,
        role: Role,
    ) {
        let login = with.login.clone();
        self.store.share(owner, space, ShareRequest { login, role }).await.unwrap();
    }

    pub(crate) async fn session(
        &self,
        who: &Identity,
        space: &SpaceId,
        chunks: &[&[u8]],
    ) -> OpenSessionResponse {
        let request = declare(chunks);
        self.store.open_session(who, space, request).await.unwrap()
    }

    /// Uploads as a client does: with the credential it was given, straight to S3 (FS-3, FS-4).
    pub(crate) async fn upload(
        &self,
        access: &ContentAccess,
        chunk: &DeclaredChunk,
        bytes: &[u8],
    ) -> bool {
        let hash = ContentHash::of(bytes);
        let digest = base64::engine::general_purpose::STANDARD.encode(hash.as_bytes());
        let put = self.s3_as(access).put_object().bucket(&access.bucket).key(&chunk.key);
        let put = put.checksum_sha256(digest).if_none_match("*");
        put.body(ByteStream::from(bytes.to_vec())).send().await.is_ok()
    }

    pub(crate) fn s3_as(&self, access: &ContentAccess) -> aws_sdk_s3::Client {
        let credential = &access.credential;
        let credentials = Credentials::new(
            &credential.access_key_id,
            &credential.secret_access_key,
            Some(credential.session_token.clone()),
            None,
            "test",
        );
        let config = self.engines.sdk_config_as(credentials);
        let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Declares and uploads whole chunks; ready to be committed.
    pub(crate) async fn brought(
        &self,
        who: &Identity,
        space: &SpaceId,
        chunks: &[&[u8]],
    ) -> SessionId {
        let opened = self.session(who, space, chunks).await;
        for (chunk, bytes) in opened.chunks.iter().zip(chunks) {
            if chunk.state == ChunkState::Need {
                assert!(self.upload(&opened.access, chunk, bytes).await);
            }
        }
        opened.session
    }

    pub(crate) async fn commit(
        &self,
        who: &Identity,
        space: &SpaceId,
        ops: Vec<Op>,
    ) -> Result<u64> {
        let commit = request(None, ops);
        let response: Result<CommitResponse> = self.store.commit(who, space, commit).await;
        response.map(|response| response.seq)
    }

    /// Puts one file of one chunk into the space and tells its node.
    pub(crate) async fn file(
        &self,
        who: &Identity,
        space: &SpaceId,
        path: &str,
        bytes: &[u8],
    ) -> Node {
        let name = path.trim_start_matches('/');
        let op = Op::Create {
            file: new_file(),
            parent: FileId::root(),
            name: name.parse().unwrap(),
            content: whole(bytes),
            meta: Meta::default(),
        };
        self.bring(who, space, op, bytes).await
    }

    pub(crate) async fn edit(
        &self,
        who: &Identity,
        space: &SpaceId,
        node: &Node,
        bytes: &[u8],
    ) -> Node {
        let op = Op::Edit {
            file: node.file.clone(),
            base: node.rev,
            content: whole(bytes),
            meta: Meta::default(),
        };
        self.bring(who, space, op, bytes).await
    }

    async fn bring(&self, who: &Identity, space: &SpaceId, op: Op, bytes: &[u8]) -> Node {
        let session =
            if bytes.is_empty() { None } else { Some(self.brought(who, space, &[bytes]).await) };
        let file = op.file().clone();
        let commit = request(session, vec![op]);
        self.store.commit(who, space, commit).await.unwrap();
        self.store.node(who, space, &file).await.unwrap()
    }

    pub(crate) async fn read(
        &self,
        who: &Identity,
        space: &SpaceId,
        file: &FileId,
        rev: Option<u64>,
    ) -> Vec<u8> {
        let stream = self.store.read(who, space, file, rev, None).await.unwrap();
        collect(stream).await.unwrap()
    }
}

pub(crate) async fn collect(stream: store::ContentStream) -> std::io::Result<Vec<u8>> {
    use futures::TryStreamExt;
    let parts: Vec<_> = stream.try_collect().await?;
    Ok(parts.concat())
}

pub(crate) fn request(session: Option<SessionId>, ops: Vec<Op>) -> CommitRequest {
    let commit = CommitId::from_random(rand::random());
    CommitRequest { commit, session, ops }
}

pub(crate) fn declare(chunks: &[&[u8]]) -> DeclareRequest {
    let claim =
        |bytes: &&[u8]| ChunkClaim { hash: ContentHash::of(bytes), size: bytes.len() as u64 };
    DeclareRequest { chunks: chunks.iter().map(claim).collect() }
}

pub(crate) fn new_file() -> FileId {
    FileId::from_random(rand::random())
}

/// A file that is one whole chunk.
pub(crate) fn whole(bytes: &[u8]) -> Content {
    let hash = ContentHash::of(bytes);
    let length = bytes.len() as u64;
    let extent = Extent { chunk: hash, offset: 0, length };
    let extents = if bytes.is_empty() { vec![] } else { vec![extent] };
    Content { hash, size: length, extents }
}

pub(crate) fn mkdir(file: &FileId, parent: &FileId, name: &str) -> Op {
    Op::Mkdir {
        file: file.clone(),
        parent: parent.clone(),
        name: name.parse().unwrap(),
        meta: Meta::default(),
    }
}

pub(crate) fn create(file: &FileId, parent: &FileId, name: &str, content: Content) -> Op {
    Op::Create {
        file: file.clone(),
        parent: parent.clone(),
        name: name.parse().unwrap(),
        content,
        meta: Meta::default(),
    }
}

pub(crate) fn rename(node: &Node, parent: &FileId, name: &str) -> Op {
    Op::Move {
        file: node.file.clone(),
        base: node.rev,
        parent: parent.clone(),
        name: name.parse().unwrap(),
    }
}

pub(crate) fn delete(node: &Node) -> Op {
    Op::Delete { file: node.file.clone(), base: node.rev }
}
