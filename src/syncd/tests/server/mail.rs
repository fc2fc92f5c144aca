use std::time::Duration;

use engines::mail::{MailSummary, list, show};
use jiff::Timestamp;
use protocol::space::{MailMode, Space};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Person, Server, Service, eventually, read};

/// A server that sends, and a space whose guest wants to know.
struct Post {
    service: Service,
    sender: Server,
    ana: Person,
    bo: Person,
    space: protocol::id::SpaceId,
}

impl Post {
    async fn new() -> Self {
        let service = Service::start().await;
        let ana = service.first("ana@example.com").await;
        let bo = service.person("bo@example.com").await;
        let space = ana.make_space("Family photos").await;
        ana.share(&space, &bo, "viewer").await;
        let answer =
            bo.put(&format!("/v1/spaces/{space}/mail"), &json!({ "mode": "digest" })).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let sender = sender(&service).await;
        Self { service, sender, ana, bo, space }
    }

    fn mails(&self) -> Vec<MailSummary> {
        list(&self.service.engines.data_dir().join("mail")).unwrap()
    }

    /// Waits for so many mails, and reads the last one.
    async fn mail(&self, count: usize) -> String {
        let mails =
            eventually(async || Some(self.mails()).filter(|mails| mails.len() == count)).await;
        let dir = self.service.engines.data_dir().join("mail");
        let mail = show(&dir, &mails[count - 1].id).unwrap().unwrap();
        String::from_utf8(mail.raw).unwrap()
    }
}

async fn sender(service: &Service) -> Server {
    let from = service.engines.mail_from().to_owned();
    service
        .another(|config| {
            config.mail_from = Some(from);
            config.digest_interval = Duration::from_secs(1);
        })
        .await
}

fn unsubscribe_link(mail: &str) -> String {
    let unfolded = mail.replace("\r\n ", "").replace("\r\n\t", "");
    let line = unfolded
        .lines()
        .find_map(|line| line.strip_prefix("List-Unsubscribe: <"))
        .unwrap_or_else(|| panic!("no link in\n{mail}"));
    let link = line.trim_end().strip_suffix('>').unwrap();
    link.strip_prefix("http://sync.example.com").unwrap().to_owned()
}

/// FS-6: several changes become one mail to those who asked for it, and only to them.
#[tokio::test]
async fn changes_of_an_interval_become_one_mail() {
    let post = Post::new().await;
    post.ana.push(&post.space, "beach.jpg", b"sand").await;
    post.ana.push(&post.space, "<b>\"sea\".html", b"water").await;
    let mail = post.mail(1).await;
    let summary = &post.mails()[0];
    assert_eq!(summary.to, "bo@example.com");
    assert_eq!(summary.subject, "2 changes in Family photos");
    assert!(mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{mail}");
    eventually(async || (post.sender.counter("syncd_mail_sent_total").await == 1).then_some(()))
        .await;
}

/// Opening the link changes nothing, its button does; a mail program needs one POST (RFC 8058).
#[tokio::test]
async fn unsubscribing_takes_a_click_and_no_login() {
    let post = Post::new().await;
    post.ana.push(&post.space, "beach.jpg", b"sand").await;
    let link = unsubscribe_link(&post.mail(1).await);
    let mode = async || {
        let space: Space = read(post.bo.get(&format!("/v1/spaces/{}", post.space)).await).await;
        space.mail
    };

    let page = post.sender.get(&link).await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self'") && !policy.contains("sandbox"), "{policy}");
    assert!(page.text().await.unwrap().contains("<form method=\"post\">"));
    assert_eq!(mode().await, MailMode::Digest);

    let (known, _) = link.rsplit_once('/').unwrap();
    let click = async |path: &str| {
        let request = post.sender.http.request(Method::POST, format!("{}{path}", post.sender.url));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body("List-Unsubscribe=One-Click").send().await.unwrap()
    };
    assert_eq!(click(&format!("{known}/guessed")).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(mode().await, MailMode::Digest);
    assert_eq!(click(&link).await.status(), StatusCode::OK);
    assert_eq!(mode().await, MailMode::Off);
    assert_eq!(click(&link).await.status(), StatusCode::OK, "a second click is harmless");
}

/// A server that dies between taking a message and sending it loses none.
#[tokio::test]
async fn what_a_dead_server_took_is_sent_when_its_lease_is_over() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let bo = service.person("bo@example.com").await;
    let space = ana.make_space("Family photos").await;
    ana.share(&space, &bo, "viewer").await;
    bo.put(&format!("/v1/spaces/{space}/mail"), &json!({ "mode": "digest" })).await;
    ana.push(&space, "beach.jpg", b"sand").await;

    let outbox = service.server.state.store.outbox();
    let lease = Duration::from_secs(2);
    let later = Timestamp::now() + Duration::from_secs(1);
    let taken = outbox.take_due(later, Duration::ZERO, lease).await.unwrap();
    assert_eq!(taken.len(), 1, "and then it dies");

    let sender = sender(&service).await;
    let dir = service.engines.data_dir().join("mail");
    let mails =
        eventually(async || Some(list(&dir).unwrap()).filter(|mails| !mails.is_empty())).await;
    assert!(Timestamp::now() >= later + Duration::from_secs(1), "not while the lease ran");
    assert_eq!(mails.len(), 1);
    eventually(async || (sender.counter("syncd_mail_sent_total").await == 1).then_some(())).await;
    let far = Timestamp::now() + Duration::from_secs(3600);
    let rest = outbox.take_due(far, Duration::ZERO, lease).await.unwrap();
    assert_eq!(rest.len(), 0, "sent once");
}
