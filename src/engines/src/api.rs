//! One listener for DynamoDB, STS and SES v2: signature first, then by address.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::routing::get;
use axum::{Router, middleware};
use http::{HeaderValue, Response, StatusCode};
use jiff::Timestamp;
use rand::RngCore as _;

use crate::EnginesConfig;
use crate::credential::Credentials;
use crate::dynamodb::{self, Metadata};
use crate::mail::Sink;
use crate::signature::{self, Refusal};
use crate::{ses, sts};

/// DynamoDB takes requests of up to 16 MiB; mail is held to the same.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// What the APIs of this listener share.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) credentials: Credentials,
    pub(crate) database: Metadata,
    pub(crate) outbox: Sink,
    pub(crate) config: Arc<EnginesConfig>,
}

/// The three APIs an address may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Api {
    DynamoDb,
    Ses,
    Sts,
}

pub(crate) fn router(services: Services) -> Router {
    Router::new()
        .route("/-/health", get(|| async { "ok\n" }))
        .fallback(answer)
        .layer(middleware::map_response(no_sniffing))
        .with_state(services)
}

/// A request id as AWS answers carry it.
pub(crate) fn request_id() -> HeaderValue {
    let mut random = [0_u8; 16];
    rand::rng().fill_bytes(&mut random);
    // Hexadecimal digits are a header value.
    HeaderValue::from_str(&hex::encode(random)).unwrap_or(HeaderValue::from_static("0"))
}

async fn answer(State(services): State<Services>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let api = addressed(&parts);
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return refuse(
            api,
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "Request is larger than 16 MiB or was cut off",
        );
    };
    let root = services.credentials.root();
    match signature::verify(&parts, &body, root, Timestamp::now()) {
        Ok(service) if service == api.signing_name() => {}
        Ok(_) => return refuse_signature(api, Refusal::Incomplete),
        Err(refusal) => return refuse_signature(api, refusal),
    }
    match api {
        Api::DynamoDb => dynamodb::answer(services.database, &parts.headers, body).await,
        Api::Ses => ses::answer(&services, &parts, body).await,
        Api::Sts => sts::answer(&services, &body),
    }
}

impl Api {
    fn signing_name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::Ses => "ses",
            Self::Sts => "sts",
        }
    }
}

fn addressed(parts: &http::request::Parts) -> Api {
    if dynamodb::is_addressed(&parts.headers) {
        Api::DynamoDb
    } else if parts.uri.path().starts_with("/v2/email/") {
        Api::Ses
    } else {
        Api::Sts
    }
}

fn refuse_signature(api: Api, refusal: Refusal) -> Response<Body> {
    let kind = match refusal {
        Refusal::Missing => "MissingAuthenticationTokenException",
        Refusal::Incomplete => "IncompleteSignatureException",
        Refusal::UnknownKey => "UnrecognizedClientException",
        Refusal::Stale | Refusal::Mismatch => "InvalidSignatureException",
    };
    let status = match api {
        Api::DynamoDb => StatusCode::BAD_REQUEST,
        Api::Ses | Api::Sts => StatusCode::FORBIDDEN,
    };
    refuse(api, status, kind, &refusal.to_string())
}

fn refuse(api: Api, status: StatusCode, kind: &str, message: &str) -> Response<Body> {
    match api {
        Api::DynamoDb => dynamodb::error(status, kind, message),
        Api::Ses => ses::error(status, kind, message),
        Api::Sts => sts::error(status, kind, message),
    }
}

async fn no_sniffing(mut response: Response<Body>) -> Response<Body> {
    response
        .headers_mut()
        .insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
