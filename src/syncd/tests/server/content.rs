use protocol::commit::{CommitRequest, Content, Extent, MAX_EXTENTS, Op};
use protocol::hash::ContentHash;
use protocol::id::{FileId, SpaceId};
use reqwest::{Method, Response, StatusCode};

use crate::support::{Person, Service, commit, put_object, refusal};

const BYTES: &[u8] = b"0123456789abcdef";

struct Stored {
    service: Service,
    ana: Person,
    space: SpaceId,
    file: FileId,
}

impl Stored {
    async fn new(name: &str, bytes: &[u8]) -> Self {
        let service = Service::start().await;
        let ana = service.first("ana@example.com").await;
        let space = ana.make_space("reports").await;
        let (file, _) = ana.push(&space, name, bytes).await;
        Self { service, ana, space, file }
    }

    async fn ask(&self, method: Method, headers: &[(&str, &str)]) -> Response {
        let path = format!("/v1/spaces/{}/files/{}/content", self.space, self.file);
        let request = self.ana.request(method, &path);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap()
    }
}

fn tag() -> String {
    format!("\"{}\"", ContentHash::of(BYTES))
}

/// FS-7: the tag is the checksum, and who has these bytes gets none.
#[tokio::test]
async fn content_is_answered_with_its_checksum() {
    let stored = Stored::new("notes.txt", BYTES).await;
    let answer = stored.ask(Method::GET, &[]).await;
    let headers = answer.headers().clone();
    assert_eq!(headers["etag"], tag().as_str());
    assert_eq!(headers["accept-ranges"], "bytes");
    assert_eq!(headers["content-length"], "16");
    assert_eq!(headers["cache-control"], "private, no-cache");
    assert_eq!(answer.bytes().await.unwrap(), BYTES);

    let head = stored.ask(Method::HEAD, &[]).await;
    assert_eq!(head.status(), StatusCode::OK);
    for name in ["etag", "content-length", "content-type", "content-disposition"] {
        assert_eq!(head.headers()[name], headers[name], "{name}");
    }
    assert_eq!(head.bytes().await.unwrap(), "");

    let same = stored.ask(Method::GET, &[("if-none-match", &tag())]).await;
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(same.headers()["etag"], tag().as_str());
    assert_eq!(same.bytes().await.unwrap(), "");

    let path = format!("/v1/spaces/{}/content?path=/notes.txt", stored.space);
    assert_eq!(stored.ana.get(&path).await.bytes().await.unwrap(), BYTES);
    let other = stored.ask(Method::GET, &[("if-match", "\"other\"")]).await;
    assert_eq!(other.status(), StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn a_part_is_answered_as_rfc_9110_asks() {
    let stored = Stored::new("notes.txt", BYTES).await;
    let tag = tag();
    for (headers, status, range, body) in [
        (vec![("range", "bytes=2-5")], 206, Some("bytes 2-5/16"), "2345"),
        (vec![("range", "bytes=-3")], 206, Some("bytes 13-15/16"), "def"),
        (vec![("range", "bytes=14-99")], 206, Some("bytes 14-15/16"), "ef"),
        (vec![("range", "bytes=0-1,4-5")], 200, None, "0123456789abcdef"),
        (vec![("range", "bytes=2-5"), ("if-range", &tag)], 206, Some("bytes 2-5/16"), "2345"),
        (vec![("range", "bytes=2-5"), ("if-range", "\"x\"")], 200, None, "0123456789abcdef"),
    ] {
        let answer = stored.ask(Method::GET, &headers).await;
        assert_eq!(answer.status(), status, "{headers:?}");
        let sent = answer.headers().get("content-range");
        assert_eq!(sent.map(|value| value.to_str().unwrap()), range);
        assert_eq!(answer.headers()["content-length"], body.len().to_string().as_str());
        assert_eq!(answer.text().await.unwrap(), body);
    }
    let outside = stored.ask(Method::GET, &[("range", "bytes=16-")]).await;
    assert_eq!(outside.headers()["content-range"], "bytes */16");
    insta::assert_snapshot!(refusal(outside).await, @r#"
    416 Range Not Satisfiable {
      "code": "range_not_satisfiable",
      "message": "the range lies outside the content of 16 bytes",
      "request_id": "[id]"
    }
    "#);
}

/// Stored HTML is a download, whatever its name.
#[tokio::test]
async fn stored_html_never_runs() {
    let stored = Stored::new("päge\".html", b"<script>alert(1)</script>").await;
    let answer = stored.ask(Method::GET, &[]).await;
    let headers = answer.headers();
    assert_eq!(headers["content-type"], "application/octet-stream");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    insta::assert_snapshot!(headers["content-disposition"].to_str().unwrap(), @r#"attachment; filename="p_ge_.html"; filename*=UTF-8''p%C3%A4ge%22.html"#);
    insta::assert_snapshot!(headers["content-security-policy"].to_str().unwrap(), @"default-src 'none'; frame-ancestors 'none'; sandbox");
}

#[tokio::test]
async fn a_server_that_sends_enough_files_says_when_to_come_back() {
    let stored = Stored::new("notes.txt", BYTES).await;
    let places = &stored.service.server.state.content_streams;
    let all = places.try_acquire_many(64).unwrap();
    let refused = stored.ask(Method::GET, &[]).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "5");
    assert_eq!(stored.ask(Method::HEAD, &[]).await.status(), StatusCode::OK);
    drop(all);
    assert_eq!(stored.ask(Method::GET, &[]).await.bytes().await.unwrap(), BYTES);
    // The place is free again when the answer is out.
    let _all = places.acquire_many(64).await.unwrap();
}

/// The limit of extents is one that a request can reach.
#[tokio::test]
async fn a_file_of_as_many_extents_as_allowed_can_be_committed() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    let session = ana.open_session(&space, BYTES).await;
    put_object(&session.access, &session.chunks[0].key, BYTES).await;
    let chunk = ContentHash::of(BYTES);
    for (extents, status) in [(MAX_EXTENTS, 200), (MAX_EXTENTS + 1, 413)] {
        let op = Op::Create {
            file: FileId::from_random(rand::random()),
            parent: FileId::root(),
            name: format!("{extents}.bin").parse().unwrap(),
            content: Content {
                hash: ContentHash::of(&vec![BYTES[3]; extents]),
                size: extents as u64,
                extents: vec![Extent { chunk, offset: 3, length: 1 }; extents],
            },
            meta: Default::default(),
        };
        let request = CommitRequest { session: Some(session.session.clone()), ..commit(vec![op]) };
        let answer = ana.try_commit(&space, &request).await;
        assert_eq!(answer.status(), status, "{extents}");
    }
}

#[tokio::test]
async fn a_large_file_is_streamed_whole() {
    let bytes: Vec<u8> = (0..9_000_001_u32).map(|n| (n % 251) as u8).collect();
    let stored = Stored::new("large.bin", &bytes).await;
    let answer = stored.ask(Method::GET, &[]).await;
    assert!(answer.bytes().await.unwrap() == bytes);
    let answer = stored.ask(Method::GET, &[("range", "bytes=4194300-4194310")]).await;
    assert_eq!(answer.bytes().await.unwrap(), bytes[4_194_300..=4_194_310]);
    drop(stored.service);
}

/// I4: bytes that are not the committed ones are refused for good, with the file's name: a 503 would
/// be asked again for ever.
#[tokio::test]
async fn damaged_content_is_refused_for_good() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    // Above what a commit reads back, and a part of a chunk, which S3's own digest can't prove.
    let bytes = vec![7; 2 << 20];
    let session = ana.open_session(&space, &bytes).await;
    put_object(&session.access, &session.chunks[0].key, &bytes).await;
    let file = FileId::from_random(rand::random());
    let length = bytes.len() as u64 - 1;
    let lie = Content {
        hash: ContentHash::of(b"something else"),
        size: length,
        extents: vec![Extent { chunk: ContentHash::of(&bytes), offset: 1, length }],
    };
    let op = Op::Create {
        file: file.clone(),
        parent: FileId::root(),
        name: "lie.bin".parse().unwrap(),
        content: lie,
        meta: Default::default(),
    };
    let request = CommitRequest { session: Some(session.session), ..commit(vec![op]) };
    ana.commit(&space, &request).await;
    for path in [format!("files/{file}/content"), "content?path=/lie.bin".to_owned()] {
        let answer = ana.get(&format!("/v1/spaces/{space}/{path}")).await;
        assert!(!answer.headers().contains_key("retry-after"));
        let refusal = refusal(answer).await;
        assert!(refusal.starts_with("422 Unprocessable Entity"), "{refusal}");
        assert!(refusal.contains("\"content_damaged\"") && refusal.contains(file.as_str()));
    }
}
