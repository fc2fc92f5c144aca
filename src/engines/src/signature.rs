//! Verifies AWS Signature Version 4 by signing the request again and comparing.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as SigningCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::HeaderMap;
use http::request::Parts;
use jiff::Timestamp;
use subtle::ConstantTimeEq as _;

use crate::credential::RootCredential;

/// How far the clock of a client may be off.
const SKEW: Duration = Duration::from_secs(15 * 60);

/// Why a request is not believed; each API words it in its own format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("Request is missing Authentication Token")]
    Missing,
    #[error("The authorization header is not a complete AWS Signature Version 4")]
    Incomplete,
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    #[error("Signature expired or not yet current: the clocks differ by more than 15 minutes")]
    Stale,
    #[error("The request signature we calculated does not match the signature you provided.")]
    Mismatch,
}

struct Authorization<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

/// Checks that `root` signed this request, now, and returns the service it was
/// signed for.
pub(crate) fn verify(
    parts: &Parts,
    body: &[u8],
    root: &RootCredential,
    now: Timestamp,
) -> Result<String, Refusal> {
    let header = text(&parts.headers, "authorization").ok_or(Refusal::Missing)?;
    let authorization = parse(header).ok_or(Refusal::Incomplete)?;
    let date = text(&parts.headers, "x-amz-date").ok_or(Refusal::Incomplete)?;
    let time = parse_date(date).ok_or(Refusal::Incomplete)?;
    if !date.starts_with(authorization.date) {
        return Err(Refusal::Incomplete);
    }
    if authorization.access_key_id != root.access_key_id
        || parts.headers.contains_key("x-amz-security-token")
    {
        return Err(Refusal::UnknownKey);
    }
    let apart = now.duration_since(time).unsigned_abs();
    if apart > SKEW {
        return Err(Refusal::Stale);
    }
    if !covers_what_matters(&parts.headers, &authorization.signed_headers) {
        return Err(Refusal::Incomplete);
    }
    let expected =
        expected_signature(parts, body, root, time, &authorization).ok_or(Refusal::Incomplete)?;
    let matches = expected.as_bytes().ct_eq(authorization.signature.as_bytes());
    if bool::from(matches) { Ok(authorization.service.to_owned()) } else { Err(Refusal::Mismatch) }
}

fn parse(header: &str) -> Option<Authorization<'_>> {
    let fields = header.strip_prefix("AWS4-HMAC-SHA256")?;
    let (mut credential, mut signed, mut signature) = (None, None, None);
    for field in fields.split(',') {
        let (name, value) = field.trim().split_once('=')?;
        match name {
            "Credential" => credential = Some(value),
            "SignedHeaders" => signed = Some(value),
            "Signature" => signature = Some(value),
            _ => return None,
        }
    }
    let mut scope = credential?.split('/');
    let authorization = Authorization {
        access_key_id: scope.next()?,
        date: scope.next()?,
        region: scope.next()?,
        service: scope.next()?,
        signed_headers: signed?.split(';').collect(),
        signature: signature?,
    };
    (scope.next() == Some("aws4_request") && scope.next().is_none()).then_some(authorization)
}

/// Host and every `x-amz-` header change what a request means: an unsigned one
/// could be put there by anybody.
fn covers_what_matters(headers: &HeaderMap, signed: &[&str]) -> bool {
    signed.contains(&"host")
        && headers
            .keys()
            .filter(|name| name.as_str().starts_with("x-amz-"))
            .all(|name| signed.contains(&name.as_str()))
}

fn expected_signature(
    parts: &Parts,
    body: &[u8],
    root: &RootCredential,
    time: Timestamp,
    authorization: &Authorization<'_>,
) -> Option<String> {
    let identity = SigningCredentials::new(
        &root.access_key_id,
        &root.secret_access_key,
        None,
        None,
        "engines",
    )
    .into();
    let mut settings = SigningSettings::default();
    // The client chose what it signed; nothing is left out on this side.
    settings.excluded_headers = None;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(authorization.region)
        .name(authorization.service)
        .time(SystemTime::from(time))
        .settings(settings)
        .build()
        .ok()?
        .into();
    let mut headers = Vec::new();
    for name in &authorization.signed_headers {
        for value in parts.headers.get_all(*name) {
            headers.push((*name, value.to_str().ok()?));
        }
    }
    let request = SignableRequest::new(
        parts.method.as_str(),
        parts.uri.to_string(),
        headers.into_iter(),
        SignableBody::Bytes(body),
    )
    .ok()?;
    let (_, signature) = sign(request, &params).ok()?.into_parts();
    Some(signature)
}

fn parse_date(date: &str) -> Option<Timestamp> {
    let naive = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok()?;
    Some(naive.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
