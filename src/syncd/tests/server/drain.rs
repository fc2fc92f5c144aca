use std::time::Duration;

use reqwest::StatusCode;

use crate::support::{Service, eventually, refusal};

/// The order of leaving: health checks fail first, requests are served meanwhile, those that wait
/// are answered early, the process ends.
#[tokio::test]
async fn a_server_leaves_without_losing_a_request() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    let starting = service.another(|config| {
        config.instance = "b-1".to_owned();
        config.drain.delay = Duration::from_secs(1);
    });
    let mut leaving = starting.await;
    assert_eq!(leaving.get("/health").await.status(), StatusCode::OK);
    assert_eq!(leaving.get("/ready").await.status(), StatusCode::OK);

    let ana = ana.at(&leaving);
    let path = format!("/v1/spaces/{space}/changes?after=0&wait=60");
    let waiting = tokio::spawn({
        let (ana, path) = (ana.clone(), path.clone());
        async move { ana.get(&path).await }
    });
    let polls = &leaving.state.metrics.long_polls;
    eventually(async || (polls.get() == 1).then_some(())).await;

    leaving.terminate();
    eventually(async || leaving.state.drain.is_leaving().then_some(())).await;
    let health = leaving.get("/health").await;
    assert_eq!(health.headers()["retry-after"], "1");
    insta::assert_snapshot!(refusal(health).await, @r#"
    503 Service Unavailable {
      "code": "unavailable",
      "message": "this server is leaving; others answer",
      "request_id": "[id]"
    }
    "#);
    assert_eq!(leaving.get("/ready").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    // Everything else still works: the load balancer may not have noticed yet.
    assert_eq!(ana.get("/v1/me").await.status(), StatusCode::OK);

    let answer = waiting.await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "answered long before its minute was over");
    assert_eq!(answer.headers()["connection"], "close");
    tokio::time::timeout(Duration::from_secs(10), &mut leaving.task)
        .await
        .expect("the server ends")
        .unwrap();
    let refused = leaving.http.get(format!("{}/health", leaving.url)).send().await;
    assert!(refused.unwrap_err().is_connect());
}

#[tokio::test]
async fn asked_twice_it_leaves_at_once() {
    let service = Service::start().await;
    let mut leaving =
        service.another(|config| config.drain.delay = Duration::from_secs(3600)).await;
    leaving.terminate();
    eventually(async || leaving.state.drain.is_leaving().then_some(())).await;
    leaving.state.drain.advance(syncd::drain::Phase::Hurrying);
    let ended = tokio::time::timeout(Duration::from_secs(5), &mut leaving.task);
    ended.await.expect("the server ends").unwrap();
}

/// `/health` says nothing about dependencies; `/ready` does.
#[tokio::test]
async fn health_does_not_depend_on_the_store() {
    let mut service = Service::start().await;
    assert_eq!(service.server.get("/ready").await.status(), StatusCode::OK);
    let engines = std::mem::replace(&mut service.engines, testkit::Engines::start().await);
    engines.stop().await.unwrap();
    let server = &service.server;
    eventually(async || {
        let status = server.get("/ready").await.status();
        (status == StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await;
    assert_eq!(server.get("/health").await.status(), StatusCode::OK);
}
