//! Whatever is sent, the answer is a refusal: never a 500, never a panic, never a broken server.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::support::Service;

const REQUESTS: usize = 1_500;

#[derive(Clone, Debug)]
struct Hostile {
    method: Method,
    path: String,
    query: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    with_token: bool,
}

#[tokio::test]
async fn nothing_that_is_sent_is_a_defect() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    let (file, _) = ana.push(&space, "a.txt", b"content").await;
    // The seed is fixed: what fails once fails again.
    let mut runner = TestRunner::deterministic();
    let strategy =
        hostile(vec![space.to_string(), file.to_string(), ana.login.user.id.to_string()]);
    for _ in 0..REQUESTS {
        let hostile = strategy.new_tree(&mut runner).unwrap().current();
        let Ok(mut url) = Url::parse(&format!("{}{}", service.server.url, hostile.path)) else {
            continue;
        };
        url.set_query(Some(&hostile.query));
        let mut request = service.server.http.request(hostile.method.clone(), url);
        if hostile.with_token {
            request = request.bearer_auth(&ana.login.token);
        }
        for (name, value) in &hostile.headers {
            if let Ok(value) = reqwest::header::HeaderValue::from_bytes(value) {
                request = request.header(*name, value);
            }
        }
        let answer = request.body(hostile.body.clone()).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{error:?} after {hostile:?}"));
        let status = answer.status().as_u16();
        let text = answer.bytes().await.unwrap();
        assert!(status < 500, "{status} {} after {hostile:?}", String::from_utf8_lossy(&text));
    }
    assert_eq!(service.server.counter("syncd_panics_total").await, 0);
}

fn hostile(known: Vec<String>) -> impl Strategy<Value = Hostile> {
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE];
    (
        prop::sample::select(methods.to_vec()),
        path(known),
        "(after|epoch|limit|wait|path|rev)=[0-9a-z%/.-]{0,12}(&(after|path|rev)=[0-9%]{0,30})?",
        prop::collection::vec(header(), 0..3),
        body(),
        prop::bool::weighted(0.9),
    )
        .prop_map(|(method, path, query, headers, body, with_token)| Hostile {
            method,
            path,
            // Nobody wants to wait a minute for each of these.
            query: query.replace("wait=", "wait=0&x="),
            headers,
            body,
            with_token,
        })
}

/// A real route with its placeholders filled by what exists, by nonsense, or by bytes.
fn path(known: Vec<String>) -> impl Strategy<Value = String> {
    let templates: Vec<String> = syncd::api_document()
        .paths
        .paths
        .keys()
        // These end the token that the others need.
        .filter(|path| !matches!(path.as_str(), "/v1/logout" | "/v1/devices/{device}"))
        .cloned()
        .collect();
    let filling = prop_oneof![
        4 => prop::sample::select(known),
        2 => "[a-z0-9-]{1,70}",
        1 => "(%[0-9a-f]{2}|[ -~]){0,40}",
    ];
    (prop::sample::select(templates), prop::collection::vec(filling, 3)).prop_map(
        |(template, fillings)| {
            let mut fillings = fillings.into_iter();
            let parts = template.split('/').map(|part| match part.strip_prefix('{') {
                Some(_) => fillings.next().unwrap_or_default(),
                None => part.to_owned(),
            });
            parts.collect::<Vec<_>>().join("/")
        },
    )
}

fn header() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let names =
        ["content-type", "range", "if-none-match", "if-range", "x-request-id", "x-forwarded-for"];
    let value = prop_oneof![
        3 => Just(b"application/json".to_vec()),
        1 => "bytes=[0-9,-]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    (prop::sample::select(names.to_vec()), value)
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => Just(Vec::new()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        4 => json_value().prop_map(|value| value.to_string().into_bytes()),
    ]
}

/// JSON made of this protocol's own words.
fn json_value() -> impl Strategy<Value = Value> {
    let words = [
        "op",
        "create",
        "mkdir",
        "delete",
        "move",
        "edit",
        "file",
        "parent",
        "root",
        "name",
        "base",
        "content",
        "hash",
        "size",
        "extents",
        "chunk",
        "offset",
        "length",
        "ops",
        "commit",
        "session",
        "chunks",
        "items",
        "path",
        "sha256",
        "rev",
        "login",
        "role",
        "owner",
        "mode",
        "digest",
        "password",
        "invitation",
        "device_name",
        "current",
        "new",
    ];
    let leaf = prop_oneof![
        prop::sample::select(words.to_vec()).prop_map(|word| json!(word)),
        any::<u64>().prop_map(|number| json!(number)),
        any::<i64>().prop_map(|number| json!(number)),
        "[0-9a-f]{64}".prop_map(|hash| json!(hash)),
        any::<String>().prop_map(|text| json!(text)),
        Just(Value::Null),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let key = prop::sample::select(words.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::hash_map(key, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
