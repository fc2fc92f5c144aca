use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Person, Service};

/// Every role may do what it may, and for a stranger there is no such space.
#[tokio::test]
async fn roles_open_doors_one_by_one() {
    let service = Service::start().await;
    let owner = service.first("owner@example.com").await;
    let editor = service.person("editor@example.com").await;
    let viewer = service.person("viewer@example.com").await;
    let stranger = service.person("stranger@example.com").await;
    let space = owner.make_space("reports").await;
    owner.share(&space, &editor, "editor").await;
    owner.share(&space, &viewer, "viewer").await;

    let base = format!("/v1/spaces/{space}");
    let share = json!({ "login": "stranger@example.com", "role": "viewer" });
    let requests = [
        (Method::GET, "", None),
        (Method::GET, "/members", None),
        (Method::GET, "/changes", None),
        (Method::GET, "/entries", None),
        (Method::POST, "/access", None),
        (Method::POST, "/check", Some(json!({ "items": [] }))),
        (Method::POST, "/locate", Some(json!({ "items": [] }))),
        (Method::PUT, "/mail", Some(json!({ "mode": "digest" }))),
        (Method::POST, "/sessions", Some(json!({ "chunks": [] }))),
        (Method::PUT, "/members", Some(share)),
    ];
    let mut table = String::new();
    for (method, path, body) in requests {
        let mut line = format!("{method} {{space}}{path}:");
        // The owner comes last, because what he does changes who is a member.
        for person in [&stranger, &viewer, &editor, &owner] {
            let status = send(person, &method, &format!("{base}{path}"), body.as_ref()).await;
            line += &format!(" {}", status.as_u16());
        }
        table += &line;
        table += "\n";
    }
    insta::assert_snapshot!(table, @r#"
    GET {space}: 404 200 200 200
    GET {space}/members: 404 200 200 200
    GET {space}/changes: 404 200 200 200
    GET {space}/entries: 404 200 200 200
    POST {space}/access: 404 200 200 200
    POST {space}/check: 404 200 200 200
    POST {space}/locate: 404 200 200 200
    PUT {space}/mail: 404 204 204 204
    POST {space}/sessions: 404 403 201 201
    PUT {space}/members: 404 403 403 200
    "#);
}

async fn send(
    person: &Person,
    method: &Method,
    path: &str,
    body: Option<&serde_json::Value>,
) -> StatusCode {
    let request = person.request(method.clone(), path);
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn whoever_is_removed_sees_nothing_more() {
    let service = Service::start().await;
    let owner = service.first("owner@example.com").await;
    let guest = service.person("guest@example.com").await;
    let space = owner.make_space("reports").await;
    owner.share(&space, &guest, "viewer").await;
    let path = format!("/v1/spaces/{space}/members/{}", guest.login.user.id);
    assert_eq!(guest.get(&format!("/v1/spaces/{space}")).await.status(), StatusCode::OK);
    assert_eq!(owner.delete(&path).await.status(), StatusCode::NO_CONTENT);
    let answer = guest.get(&format!("/v1/spaces/{space}")).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}
