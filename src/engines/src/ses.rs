//! The SES v2 API: sent mail becomes a file.

mod message;
mod request;

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode, header};
use jiff::Timestamp;
use rand::RngCore as _;
use serde_json::json;

use crate::api::{Services, request_id};
use request::SendEmail;

pub(crate) use message::decode_words;

/// A refusal in the words of SES.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refusal {
    fn bad(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "BadRequestException",
            message: message.into(),
        }
    }

    fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, kind: "NotFoundException", message: message.into() }
    }
}

/// Answers one verified request.
pub(crate) async fn answer(services: &Services, parts: &Parts, body: Bytes) -> Response<Body> {
    let path = parts.uri.path();
    let result = match (&parts.method, path) {
        (&Method::POST, "/v2/email/outbound-emails") => send(services, &body).await,
        (&Method::GET, "/v2/email/account") => Ok(account()),
        (&Method::GET, _) if path.starts_with("/v2/email/identities/") => {
            identity(services, &path["/v2/email/identities/".len()..])
        }
        _ => Err(Refusal::not_found(format!("Unknown operation: {path}"))),
    };
    match result {
        Ok(json) => respond(StatusCode::OK, &json, None),
        Err(refusal) => error(refusal.status, refusal.kind, &refusal.message),
    }
}

/// An error in the form of this API.
pub(crate) fn error(status: StatusCode, kind: &str, message: &str) -> Response<Body> {
    respond(status, &json!({ "message": message }), Some(kind))
}

fn respond(status: StatusCode, json: &serde_json::Value, kind: Option<&str>) -> Response<Body> {
    let mut response = Response::new(Body::from(json.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-requestid", request_id());
    if let Some(kind) = kind.and_then(|kind| header::HeaderValue::from_str(kind).ok()) {
        headers.insert("x-amzn-errortype", kind);
    }
    response
}

async fn send(services: &Services, body: &[u8]) -> Result<serde_json::Value, Refusal> {
    let request: SendEmail = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad(format!("the request is not readable: {error}")))?;
    let now = Timestamp::now();
    let id = message_id(now);
    let message = message::compose(&request, services.config.mail_from.as_deref(), &id, now)?;
    let sink = services.outbox.clone();
    let name = id.clone();
    tokio::task::spawn_blocking(move || sink.put(&name, &message))
        .await
        .map_err(std::io::Error::other)
        .and_then(|result| result)
        .map_err(|error| {
            tracing::error!(%error, "mail not kept");
            Refusal {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                kind: "InternalServiceErrorException",
                message: "The mail could not be kept; the log of the engines says why.".to_owned(),
            }
        })?;
    Ok(json!({ "MessageId": id }))
}

/// Sorts by time; the rest keeps two messages of one moment apart.
fn message_id(now: Timestamp) -> String {
    let mut random = [0_u8; 8];
    rand::rng().fill_bytes(&mut random);
    format!("{:016x}-{}", now.as_microsecond(), hex::encode(random))
}

fn account() -> serde_json::Value {
    json!({
        "DedicatedIpAutoWarmupEnabled": false,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": true,
        "SendingEnabled": true,
        "SendQuota": {"Max24HourSend": -1.0, "MaxSendRate": 1000.0, "SentLast24Hours": 0.0},
    })
}

fn identity(services: &Services, encoded: &str) -> Result<serde_json::Value, Refusal> {
    let name: String =
        url::form_urlencoded::parse(format!("n={}", encoded.replace('+', "%2B")).as_bytes())
            .map(|(_, value)| value.into_owned())
            .collect();
    let known = services
        .config
        .mail_from
        .as_deref()
        .is_some_and(|identity| identity.eq_ignore_ascii_case(&name));
    if !known {
        return Err(Refusal::not_found(format!("Email identity {name} does not exist.")));
    }
    Ok(json!({
        "IdentityType": if name.contains('@') { "EMAIL_ADDRESS" } else { "DOMAIN" },
        "FeedbackForwardingStatus": false,
        "VerifiedForSendingStatus": true,
        "VerificationStatus": "SUCCESS",
    }))
}
