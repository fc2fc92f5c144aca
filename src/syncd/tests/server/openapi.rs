use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Service, read};

/// Every route of the protocol, and nothing else.
const ROUTES: &[&str] = &[
    "DELETE /v1/devices/{device}",
    "DELETE /v1/spaces/{space}/members/{user}",
    "GET /health",
    "GET /metrics",
    "GET /ready",
    "GET /v1/devices",
    "GET /v1/me",
    "GET /v1/openapi.json",
    "GET /v1/spaces",
    "GET /v1/spaces/{space}",
    "GET /v1/spaces/{space}/changes",
    "GET /v1/spaces/{space}/content",
    "GET /v1/spaces/{space}/entries",
    "GET /v1/spaces/{space}/files/{file}/content",
    "GET /v1/spaces/{space}/files/{file}/entries",
    "GET /v1/spaces/{space}/files/{file}/versions",
    "GET /v1/spaces/{space}/members",
    "GET /v1/unsubscribe/{space}/{user}/{secret}",
    "HEAD /v1/spaces/{space}/content",
    "HEAD /v1/spaces/{space}/files/{file}/content",
    "POST /v1/invitations/redeem",
    "POST /v1/login",
    "POST /v1/logout",
    "POST /v1/password",
    "POST /v1/spaces",
    "POST /v1/spaces/{space}/access",
    "POST /v1/spaces/{space}/check",
    "POST /v1/spaces/{space}/commits",
    "POST /v1/spaces/{space}/locate",
    "POST /v1/spaces/{space}/sessions",
    "POST /v1/spaces/{space}/sessions/{session}/access",
    "POST /v1/spaces/{space}/sessions/{session}/chunks",
    "POST /v1/unsubscribe/{space}/{user}/{secret}",
    "PUT /v1/spaces/{space}/mail",
    "PUT /v1/spaces/{space}/members",
];

fn document() -> Value {
    serde_json::to_value(syncd::api_document()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let operations = item.as_object().unwrap().clone().into_iter();
        let path = path.clone();
        operations.map(move |(method, operation)| (path.clone(), method, operation))
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn every_route_is_documented() {
    let mut documented: Vec<String> = operations(&document())
        .into_iter()
        .map(|(path, method, _)| format!("{} {path}", method.to_uppercase()))
        .collect();
    documented.sort();
    assert_eq!(documented, ROUTES);
}

#[test]
fn every_operation_documents_its_refusals() {
    for (path, method, operation) in operations(&document()) {
        let responses = operation["responses"].as_object().unwrap();
        let statuses: BTreeSet<&str> = responses.keys().map(String::as_str).collect();
        let is_good = |status: &&str| status.starts_with('2');
        assert!(statuses.iter().any(is_good), "{method} {path}: no good answer");
        let is_open = operation["security"] == serde_json::json!([{}]);
        if !is_open {
            for status in ["400", "401", "500", "503"] {
                assert!(statuses.contains(status), "{method} {path}: no {status}");
            }
        }
        let is_html = path.starts_with("/v1/unsubscribe");
        for (status, response) in responses {
            let words = response["description"].as_str().unwrap_or_default();
            assert!(!words.is_empty(), "{method} {path} {status}: no description");
            if status >= &"400".to_owned() && !is_html {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/ErrorBody", "{method} {path} {status}");
            }
        }
    }
}

/// What a generator of clients needs: references that resolve, unique names, declared parameters.
#[test]
fn the_document_is_sound() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert_eq!(document["info"]["title"], "syncd");
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert!(names.insert(name.clone()), "{name} stands twice");
        let in_path = |parameter: &&Value| parameter["in"] == "path";
        let parameters = operation["parameters"].as_array();
        let declared = parameters.into_iter().flatten().filter(in_path);
        let declared: BTreeSet<&str> =
            declared.filter_map(|parameter| parameter["name"].as_str()).collect();
        let query: Vec<&Value> = parameters
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
            .map(|parameter| &parameter["name"])
            .collect();
        let expected: &[&str] =
            if path.ends_with("/content") && !path.contains("{file}") { &["path"] } else { &[] };
        assert_eq!(query, expected, "{method} {path}: what the query must have");
        let placeholders =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(declared, placeholders.collect(), "{method} {path}");
    }
}

#[tokio::test]
async fn the_document_is_served() {
    let service = Service::start().await;
    let served: Value = read(service.server.get("/v1/openapi.json").await).await;
    assert_eq!(served, document());
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                into.push(reference.clone());
            }
            map.values().for_each(|value| collect_references(value, into));
        }
        Value::Array(list) => list.iter().for_each(|value| collect_references(value, into)),
        _ => {}
    }
}
