use crate::support::{Service, eventually};
use reqwest::StatusCode;

/// FS-4: bytes of content never pass through the server on upload.
#[tokio::test]
async fn uploaded_content_does_not_pass_through() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    let server = &service.server;
    let before = server.counter("syncd_request_body_bytes_total").await;
    let bytes = vec![7; 3_000_000];
    ana.push(&space, "large.bin", &bytes).await;
    let passed = server.counter("syncd_request_body_bytes_total").await - before;
    assert!((1..2_000).contains(&passed), "{passed} bytes passed through");

    // The other way the endpoint streams, and counts every byte.
    let before = server.counter("syncd_response_body_bytes_total").await;
    let path = format!("/v1/spaces/{space}/content?path=/large.bin");
    assert_eq!(ana.get(&path).await.bytes().await.unwrap().len(), bytes.len());
    let sent = server.counter("syncd_response_body_bytes_total").await - before;
    assert!(sent >= bytes.len() as u64);
    assert_eq!(server.counter("syncd_commits_total").await, 1);
}

/// Labels are route templates: neither names nor secrets end up in them.
#[tokio::test]
async fn requests_are_counted_by_template() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    ana.get(&format!("/v1/spaces/{space}")).await;
    ana.get(&format!("/v1/unsubscribe/{space}/{}/sesame", ana.login.user.id)).await;
    service.server.get("/no/such/route").await;
    let line = "syncd_requests_total{method=\"GET\",route=\"/v1/spaces/{space}\",status=\"2xx\"} 1";
    let text = eventually(async || {
        let text = service.server.get("/metrics").await.text().await.unwrap();
        text.lines().any(|known| known == line).then_some(text)
    })
    .await;
    assert!(text.contains("route=\"unmatched\",status=\"4xx\"} 1"), "{text}");
    assert!(!text.contains("sesame") && !text.contains(space.as_str()));
    assert!(text.contains("syncd_request_duration_seconds_bucket"));
    assert!(text.contains("process_resident_memory_bytes"));
}

#[tokio::test]
async fn metrics_are_for_the_inside() {
    let service = Service::start().await;
    let request = service.server.http.get(format!("{}/metrics", service.server.url));
    let answer = request.header("x-forwarded-for", "203.0.113.9").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}
