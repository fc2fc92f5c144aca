use std::sync::Arc;
use std::time::Duration;

use protocol::account::{DeviceList, LoginResponse};
use reqwest::{Method, StatusCode};
use serde_json::json;
use store::ManualClock;

use crate::support::{PASSWORD, Person, Service, read, refusal};

#[tokio::test]
async fn a_token_ends_when_its_time_is_over() {
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::now()));
    let service = Service::with_clock(Arc::<ManualClock>::clone(&clock)).await;
    let ana = service.first("ana@example.com").await;
    assert_eq!(ana.get("/v1/me").await.status(), StatusCode::OK);
    clock.advance(Duration::from_secs(31 * 24 * 3600));
    assert_eq!(ana.get("/v1/me").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_device_can_be_shut_out_from_another() {
    let service = Service::start().await;
    let laptop = service.first("ana@example.com").await;
    let phone = login(&service, "ana@example.com", PASSWORD).await;
    let devices: DeviceList = read(laptop.get("/v1/devices").await).await;
    assert_eq!(devices.devices.len(), 2);
    assert_eq!(devices.devices.iter().filter(|device| device.current).count(), 1);

    let path = format!("/v1/devices/{}", phone.login.device);
    assert_eq!(laptop.delete(&path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(phone.get("/v1/me").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(laptop.get("/v1/me").await.status(), StatusCode::OK);

    let answer = laptop.request(Method::POST, "/v1/logout").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(laptop.get("/v1/me").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_new_password_ends_the_other_devices() {
    let service = Service::start().await;
    let laptop = service.first("ana@example.com").await;
    let phone = login(&service, "ana@example.com", PASSWORD).await;
    let body = json!({ "current": PASSWORD, "new": "another good password" });
    let answer = laptop.post("/v1/password", &body).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(laptop.get("/v1/me").await.status(), StatusCode::OK);
    assert_eq!(phone.get("/v1/me").await.status(), StatusCode::UNAUTHORIZED);
    login(&service, "ana@example.com", "another good password").await;
}

#[tokio::test]
async fn what_is_no_token_opens_nothing() {
    let service = Service::start().await;
    let ana = service.first("ana@example.com").await;
    let token = &ana.login.token;
    let garbled = format!("{}x", &token[..token.len() - 1]);
    for header in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {garbled}"),
        format!("Basic {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {}", "a".repeat(10_000)),
    ] {
        let request = service.server.http.get(format!("{}/v1/me", service.server.url));
        let answer = request.header("authorization", &header).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{header}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    }
}

/// A wrong password and an unknown login look the same, and both are counted.
#[tokio::test]
async fn wrong_passwords_are_refused_counted_and_slowed_down() {
    let service = Service::start().await;
    service.first("ana@example.com").await;
    let mut refusals = Vec::new();
    for login in ["ana@example.com", "nobody@example.com"] {
        refusals.push(refusal(try_login(&service, login, "wrong password").await).await);
    }
    assert_eq!(refusals[0], refusals[1]);
    insta::assert_snapshot!(refusals[0], @r#"
    401 Unauthorized {
      "code": "bad_credentials",
      "message": "login name and password do not fit, or the account is disabled",
      "request_id": "[id]"
    }
    "#);
    assert_eq!(service.server.counter("syncd_login_failures_total").await, 2);
    let mut slowed = None;
    for _ in 0..40 {
        let answer = try_login(&service, "ana@example.com", "wrong password").await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            slowed = Some(answer);
            break;
        }
    }
    let slowed = slowed.expect("guessing one account's password is slowed down");
    let wait: u64 = slowed.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(wait >= 1);
}

/// Whoever guesses from one address is counted over all servers, whatever he writes into
/// `X-Forwarded-For` himself.
#[tokio::test]
async fn one_source_is_slowed_down_on_every_server() {
    // A window has the clock's minute: the test must not fall across two.
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::from_second(1_800_000_000).unwrap()));
    let service = Service::with_clock(clock).await;
    let second = service.another(|_| ()).await;
    let guess = async |url: &str, forwarded: String| {
        let body = json!({
            "invitation": "syi_wrong", "login": "eve@example.com",
            "password": PASSWORD, "device_name": "phone",
        });
        let request = service.server.http.post(format!("{url}/v1/invitations/redeem"));
        let request = request.header("x-forwarded-for", forwarded).json(&body);
        request.send().await.unwrap().status()
    };
    let urls = [&service.server.url, &second.url];
    for n in 0..50 {
        let status = guess(urls[n % 2], format!("203.0.113.{n}, 198.51.100.7")).await;
        assert_eq!(status, StatusCode::GONE, "{n}");
    }
    // One server has counted to fifty itself; the other finds out with one more.
    assert_eq!(guess(urls[0], "198.51.100.7".to_owned()).await, StatusCode::GONE);
    for url in urls {
        assert_eq!(guess(url, "198.51.100.7".to_owned()).await, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(guess(url, "198.51.100.8".to_owned()).await, StatusCode::GONE);
    }

    // Asked directly, by somebody who is no proxy of ours: the header is no way out.
    let direct = service.another(|config| config.trusted_proxies = "none".parse().unwrap()).await;
    let mut slowed = false;
    for n in 0..60 {
        let status = guess(&direct.url, format!("203.0.113.{n}")).await;
        slowed |= status == StatusCode::TOO_MANY_REQUESTS;
    }
    assert!(slowed);
}

async fn try_login(service: &Service, login: &str, password: &str) -> reqwest::Response {
    let url = format!("{}/v1/login", service.server.url);
    let body = json!({ "login": login, "password": password, "device_name": "phone" });
    service.server.http.post(url).json(&body).send().await.unwrap()
}

async fn login(service: &Service, login: &str, password: &str) -> Person {
    let answer: LoginResponse = read(try_login(service, login, password).await).await;
    Person::of(&service.server, answer)
}
