use std::time::{Duration, Instant};

use protocol::changes::ChangesResponse;
use reqwest::StatusCode;

use crate::support::{Person, Service, eventually, read, refusal};

fn wait(person: &Person, path: String) -> tokio::task::JoinHandle<reqwest::Response> {
    let person = person.clone();
    tokio::spawn(async move { person.get(&path).await })
}

/// A commit at one server wakes those who wait at another, and many who wait cost one poller.
#[tokio::test]
async fn a_commit_elsewhere_wakes_everybody() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    let zone_b = service.another(|config| config.instance = "b-1".to_owned()).await;
    let there = ana.at(&zone_b);
    let path = format!("/v1/spaces/{space}/changes?wait=30");
    let waiting: Vec<_> = (0..20).map(|_| wait(&there, path.clone())).collect();
    let state = &zone_b.state;
    eventually(async || (state.metrics.long_polls.get() == 20).then_some(())).await;
    assert_eq!(state.watchers.watched(), 1);
    let (_, seq) = ana.push(&space, "a.txt", b"a").await;
    for answer in waiting {
        let changes: ChangesResponse = read(answer.await.unwrap()).await;
        assert_eq!(changes.cursor, seq);
    }
    eventually(async || (state.watchers.watched() == 0).then_some(())).await;
}

/// What this process commits itself does not wait for the poller.
#[tokio::test]
async fn a_commit_here_wakes_at_once() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    let slow = service.another(|config| config.watch_interval = Duration::from_secs(3600)).await;
    let ana = ana.at(&slow);
    let waiting = wait(&ana, format!("/v1/spaces/{space}/changes?wait=60"));
    eventually(async || (slow.state.metrics.long_polls.get() == 1).then_some(())).await;
    ana.push(&space, "a.txt", b"a").await;
    let answer = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    let changes: ChangesResponse = read(answer.unwrap().unwrap()).await;
    assert_eq!(changes.entries.len(), 1);
}

#[tokio::test]
async fn a_wait_without_news_ends_empty_and_on_time() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    let began = Instant::now();
    let path = format!("/v1/spaces/{space}/changes?after=0&wait=1");
    let changes: ChangesResponse = read(ana.get(&path).await).await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!((changes.cursor, changes.entries.len()), (0, 0));
    let too_long = ana.get(&format!("/v1/spaces/{space}/changes?wait=61")).await;
    insta::assert_snapshot!(refusal(too_long).await, @r#"
    400 Bad Request {
      "code": "invalid_request",
      "message": "`wait` is 0 to 60 seconds",
      "request_id": "[id]"
    }
    "#);
}

/// Membership and token are checked again before anything is answered.
#[tokio::test]
async fn who_is_removed_while_waiting_gets_nothing() {
    let service = Service::start().await;
    let owner = service.first("owner@example.com").await;
    let guest = service.person("guest@example.com").await;
    let revoked = service.person("revoked@example.com").await;
    let space = owner.make_space("reports").await;
    owner.share(&space, &guest, "viewer").await;
    owner.share(&space, &revoked, "viewer").await;
    let path = format!("/v1/spaces/{space}/changes?wait=30");
    let (guest_waits, revoked_waits) = (wait(&guest, path.clone()), wait(&revoked, path));
    let polls = &service.server.state.metrics.long_polls;
    eventually(async || (polls.get() == 2).then_some(())).await;
    let members = format!("/v1/spaces/{space}/members/{}", guest.login.user.id);
    assert_eq!(owner.delete(&members).await.status(), StatusCode::NO_CONTENT);
    let device = format!("/v1/devices/{}", revoked.login.device);
    assert_eq!(revoked.delete(&device).await.status(), StatusCode::NO_CONTENT);
    owner.push(&space, "secret.txt", b"not for the guest").await;
    assert_eq!(guest_waits.await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(revoked_waits.await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_cursor_of_another_epoch_is_reset() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let space = ana.make_space("reports").await;
    let path = format!("/v1/spaces/{space}/changes?after=0&epoch=before-the-restore&wait=30");
    let answer = ana.get(&path).await;
    assert_eq!(answer.status(), StatusCode::GONE);
}
