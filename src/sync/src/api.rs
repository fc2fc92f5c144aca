//! The server's HTTP API.

mod calls;
mod retry;
mod service;

pub use calls::Found;
pub(crate) use retry::backoff;
use retry::{Answer, Repeat};

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use crate::clock::{Clock, SystemClock};
use crate::error::ApiError;
use crate::secret::Secret;

/// Whether plain HTTP may be spoken to a machine other than this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    OnlyLoopback,
    Anywhere,
}

/// A server and, after login, the token for it.
#[derive(Clone)]
pub struct Api {
    base: Url,
    token: Option<Secret>,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    notice: Option<Notice>,
}

/// Tells whoever waits why nothing happens.
#[derive(Clone)]
struct Notice {
    tell: Arc<dyn Fn(&str) + Send + Sync>,
    /// Once is enough until an answer comes.
    told: Arc<AtomicBool>,
}

impl Api {
    /// Refuses plain HTTP beyond loopback unless told otherwise: the token travels with every
    /// request.
    pub fn new(text: &str, token: Option<Secret>, plain: PlainHttp) -> Result<Self, ApiError> {
        let base = parse_base(text)?;
        if base.scheme() == "http" && plain == PlainHttp::OnlyLoopback && !is_loopback(&base) {
            return Err(ApiError::Insecure { url: base.to_string() });
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("sync-agent/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(120))
            .build()
            .map_err(|error| ApiError::Unreachable {
                url: base.to_string(),
                message: chain(&error),
            })?;
        Ok(Self { base, token, http, clock: Arc::new(SystemClock), notice: None })
    }

    pub fn with_token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// What to call with a line for people once a server has kept them waiting for some seconds.
    pub fn with_notice(mut self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.notice = Some(Notice { tell: Arc::new(tell), told: Arc::default() });
        self
    }

    pub fn url(&self) -> &Url {
        &self.base
    }

    fn address(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v1").extend(segments);
        }
        url
    }

    async fn get<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        query: &impl Serialize,
    ) -> Result<T, ApiError> {
        let mut url = self.address(segments);
        add_query(&mut url, query);
        let answer = self.send(reqwest::Method::GET, url, None, Repeat::Freely).await?;
        decode(&answer)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: reqwest::Method,
        segments: &[&str],
        body: &impl Serialize,
        repeat: Repeat,
    ) -> Result<T, ApiError> {
        let url = self.address(segments);
        let body = serde_json::to_vec(body).ok();
        decode(&self.send(method, url, body, repeat).await?)
    }

    async fn call_without_answer(
        &self,
        method: reqwest::Method,
        segments: &[&str],
        body: Option<Vec<u8>>,
        repeat: Repeat,
    ) -> Result<(), ApiError> {
        let url = self.address(segments);
        self.send(method, url, body, repeat).await.map(drop)
    }
}

fn parse_base(text: &str) -> Result<Url, ApiError> {
    let invalid = || ApiError::InvalidUrl { text: text.to_owned() };
    let url = Url::parse(text).map_err(|_| invalid())?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if fits { Ok(url) } else { Err(invalid()) }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// A flat struct as query parameters; absent options stay absent.
fn add_query(url: &mut Url, query: &impl Serialize) {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(query) else {
        return;
    };
    for (name, value) in fields {
        let text = match value {
            serde_json::Value::Null => continue,
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        url.query_pairs_mut().append_pair(&name, &text);
    }
}

fn decode<T: DeserializeOwned>(answer: &Answer) -> Result<T, ApiError> {
    serde_json::from_slice(&answer.body).map_err(|_| ApiError::Garbled {
        url: answer.url.to_string(),
        status: answer.status.as_u16(),
    })
}

/// An error with its causes on one line; reqwest's own text hides the useful part.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_refused_beyond_this_machine() {
        for text in ["http://sync.example.com", "http://10.0.0.1:8420"] {
            let refused = Api::new(text, None, PlainHttp::OnlyLoopback);
            assert!(matches!(refused, Err(ApiError::Insecure { .. })), "{text}");
            assert!(Api::new(text, None, PlainHttp::Anywhere).is_ok());
        }
        for text in ["http://127.0.0.1:8420", "http://[::1]:1", "http://localhost", "https://a.b"] {
            assert!(Api::new(text, None, PlainHttp::OnlyLoopback).is_ok(), "{text}");
        }
    }

    #[test]
    fn an_address_with_a_secret_or_a_query_is_no_server() {
        for text in ["localhost:8420", "ftp://a", "http://u:p@localhost", "http://localhost/?a=1"] {
            assert!(matches!(
                Api::new(text, None, PlainHttp::Anywhere),
                Err(ApiError::InvalidUrl { .. })
            ));
        }
    }

    #[test]
    fn a_base_path_is_kept() {
        let api = Api::new("https://a.b/sync/", None, PlainHttp::OnlyLoopback).unwrap();
        assert_eq!(api.address(&["spaces", "x"]).as_str(), "https://a.b/sync/v1/spaces/x");
    }
}
