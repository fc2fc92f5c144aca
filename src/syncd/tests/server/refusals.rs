use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::json;
use store::ManualClock;

use crate::support::{Service, refusal};

/// Somebody opens the address in a browser.
#[tokio::test]
async fn the_address_itself_says_what_this_is() {
    let service = Service::start().await;
    let url = format!("{}/", service.server.url);
    let answer = service.server.http.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert!(header("content-type").starts_with("text/html"));
    assert!(header("content-security-policy").contains("default-src 'none'"));
    let page = answer.text().await.unwrap();
    assert!(page.contains("sync-agent login URL"), "{page}");
    // Nothing of who runs it, where, or in which release.
    let config = &service.server.state.config;
    for secret in [config.instance.as_str(), env!("CARGO_PKG_VERSION")] {
        assert!(!page.contains(secret), "{page}");
    }
    let other = service.server.http.post(&url).send().await.unwrap();
    assert_eq!(other.status(), StatusCode::METHOD_NOT_ALLOWED);
}

/// Whatever is refused, and by whom: one shape.
#[tokio::test]
async fn every_refusal_has_the_same_shape() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let json = |method: Method, path: &str, body: &str| {
        ana.request(method, path).header("content-type", "application/json").body(body.to_owned())
    };
    let large = format!("{{\"name\": \"{}\"}}", "a".repeat(100_000));
    let requests = [
        ("unknown route", ana.request(Method::GET, "/v2/spaces")),
        ("unknown method", ana.request(Method::PATCH, "/v1/spaces")),
        ("no JSON", json(Method::POST, "/v1/spaces", "{\"name\": ")),
        ("wrong type", json(Method::POST, "/v1/spaces", "{\"name\": 1}")),
        ("missing field", json(Method::POST, "/v1/spaces", "{}")),
        ("unknown field", json(Method::POST, "/v1/spaces", "{\"name\": \"a\", \"nam\": 1}")),
        ("too large", json(Method::POST, "/v1/spaces", &large)),
        ("no content type", ana.request(Method::POST, "/v1/spaces").body("{\"name\": \"a\"}")),
        ("no identifier", ana.request(Method::GET, "/v1/spaces/UPPER")),
        ("bad query", ana.request(Method::GET, "/v1/spaces/a/changes?after=-1")),
        ("foreign space", ana.request(Method::GET, "/v1/spaces/0123456789abcdef")),
        ("bad UTF-8", ana.request(Method::GET, "/v1/spaces/%ff")),
    ];
    let mut text = String::new();
    for (what, request) in requests {
        let answer = request.send().await.unwrap();
        text += &format!("{what}: {}\n", refusal(answer).await);
    }
    insta::assert_snapshot!(text, @r#"
    unknown route: 404 Not Found {
      "code": "not_found",
      "message": "there is no such route; /v1/openapi.json lists all of them",
      "request_id": "[id]"
    }
    unknown method: 405 Method Not Allowed {
      "code": "invalid_request",
      "message": "this route does not take that method; /v1/openapi.json lists what it takes",
      "request_id": "[id]"
    }
    no JSON: 400 Bad Request {
      "code": "invalid_request",
      "message": "Failed to parse the request body as JSON: name: EOF while parsing a value at line 1 column 9",
      "request_id": "[id]"
    }
    wrong type: 400 Bad Request {
      "code": "invalid_request",
      "message": "Failed to deserialize the JSON body into the target type: name: invalid type: integer `1`, expected a string at line 1 column 10",
      "request_id": "[id]"
    }
    missing field: 400 Bad Request {
      "code": "invalid_request",
      "message": "Failed to deserialize the JSON body into the target type: missing field `name` at line 1 column 2",
      "request_id": "[id]"
    }
    unknown field: 400 Bad Request {
      "code": "invalid_request",
      "message": "Failed to deserialize the JSON body into the target type: nam: unknown field `nam`, expected `name` at line 1 column 19",
      "request_id": "[id]"
    }
    too large: 413 Payload Too Large {
      "code": "too_large",
      "message": "the body is larger than this route takes; send less at a time",
      "request_id": "[id]"
    }
    no content type: 415 Unsupported Media Type {
      "code": "invalid_request",
      "message": "the body must be JSON, with `Content-Type: application/json`",
      "request_id": "[id]"
    }
    no identifier: 400 Bad Request {
      "code": "invalid_request",
      "message": "Invalid URL: an identifier is 1 to 64 of a-z, 0-9 and '-'",
      "request_id": "[id]"
    }
    bad query: 400 Bad Request {
      "code": "invalid_request",
      "message": "Failed to deserialize query string: after: invalid digit found in string",
      "request_id": "[id]"
    }
    foreign space: 404 Not Found {
      "code": "not_found",
      "message": "no such space, or you are no member of it",
      "request_id": "[id]"
    }
    bad UTF-8: 400 Bad Request {
      "code": "invalid_request",
      "message": "Invalid URL: Invalid UTF-8 in `space`",
      "request_id": "[id]"
    }
    "#);
}

#[tokio::test]
async fn without_a_token_the_answer_is_401() {
    let service = Service::start().await;
    let answer = service.server.get("/v1/me").await;
    assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    insta::assert_snapshot!(refusal(answer).await, @r#"
    401 Unauthorized {
      "code": "unauthenticated",
      "message": "this needs a token: log in and send it as `Authorization: Bearer …`",
      "request_id": "[id]"
    }
    "#);
}

#[tokio::test]
async fn a_used_invitation_is_gone() {
    let service = Service::start().await;
    let accounts = service.server.state.store.accounts();
    let code = accounts.invite_first().await.unwrap().unwrap().code;
    let url = format!("{}/v1/invitations/redeem", service.server.url);
    let body = json!({
        "invitation": code, "login": "ana@example.com",
        "password": "correct horse battery", "device_name": "laptop",
    });
    let first = service.server.http.post(&url).json(&body).send().await.unwrap();
    assert_eq!(first.status(), StatusCode::OK);
    let second = service.server.http.post(&url).json(&body).send().await.unwrap();
    insta::assert_snapshot!(refusal(second).await, @r#"
    410 Gone {
      "code": "invitation_invalid",
      "message": "the invitation is unknown, used or expired; ask for a new one",
      "request_id": "[id]"
    }
    "#);
}

/// A doubt about a dependency is 503, never 404 or an empty list.
#[tokio::test]
async fn doubt_is_503() {
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::now()));
    let mut service = Service::with_clock(Arc::<ManualClock>::clone(&clock)).await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    let engines = std::mem::replace(&mut service.engines, testkit::Engines::start().await);
    engines.stop().await.unwrap();
    // Until then, who the token belongs to is no doubt.
    clock.advance(store::accounts::TOKEN_MEMORY);
    for path in [
        "/v1/me".to_owned(),
        "/v1/spaces".to_owned(),
        format!("/v1/spaces/{space}/entries"),
        format!("/v1/spaces/{space}/changes?wait=5"),
        format!("/v1/spaces/{space}/content?path=/a"),
    ] {
        let answer = ana.get(&path).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.headers().contains_key("retry-after"));
    }
}

#[tokio::test]
async fn every_answer_names_request_and_instance() {
    let service = Service::start().await;
    let url = format!("{}/health", service.server.url);
    let ask = |id: &str| service.server.http.get(&url).header("x-request-id", id).send();
    let taken = ask("agent-7f3a").await.unwrap();
    assert_eq!(taken.headers()["x-request-id"], "agent-7f3a");
    assert_eq!(taken.headers()["x-syncd-instance"], "a-1");
    let made = ask("not sane!").await.unwrap();
    assert_eq!(made.headers()["x-request-id"].len(), 32);
    for name in ["x-content-type-options", "content-security-policy", "cache-control"] {
        assert!(made.headers().contains_key(name), "{name}");
    }
    assert!(!made.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn only_configured_origins_may_call() {
    let service = Service::start().await;
    let open = service
        .another(|config| {
            config.allowed_origins = vec!["https://files.example.com".parse().unwrap()];
        })
        .await;
    let ask = |origin: &str| {
        let request = open.http.request(Method::OPTIONS, format!("{}/v1/me", open.url));
        let request = request.header("access-control-request-method", "GET");
        request.header("origin", origin.to_owned()).send()
    };
    let ours = ask("https://files.example.com").await.unwrap();
    assert_eq!(ours.headers()["access-control-allow-origin"], "https://files.example.com");
    let other = ask("https://evil.example.com").await.unwrap();
    assert!(!other.headers().contains_key("access-control-allow-origin"));
}
