//! Who may do what: root everything, a temporary credential a little below
//! the prefix of its space.

use jiff::Timestamp;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::credential::{Claims, Credentials, Role, TokenError};
use crate::ended::Ended;

const TOKEN_HEADER: &str = "x-amz-security-token";

/// Headers that ask for more than writing an object, each its own permission
/// on AWS.
const OTHER_PERMISSIONS: [&str; 5] = [
    "x-amz-acl",
    "x-amz-tagging",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-legal-hold",
    "x-amz-write-offset-bytes",
];

/// Whose request it is; operations find it in the extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Root,
    Temporary,
}

/// Hands `s3s` the secret to verify a signature with.
pub(super) struct Auth {
    credentials: Credentials,
}

impl Auth {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials }
    }
}

#[async_trait::async_trait]
impl S3Auth for Auth {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        self.credentials.secret_of(access_key).map(SecretKey::from).ok_or_else(unknown_key)
    }
}

/// Decides after the signature was verified, before anything is read.
pub(super) struct Access {
    credentials: Credentials,
    bucket: String,
    ended: Ended,
}

impl Access {
    pub(super) fn new(credentials: Credentials, bucket: &str, ended: Ended) -> Self {
        Self { credentials, bucket: bucket.to_owned(), ended }
    }
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let access_key = context
            .credentials()
            .map(|credentials| credentials.access_key.clone())
            .ok_or_else(denied)?;
        let token = token_of(context)?;
        let caller = if self.credentials.is_root(&access_key) {
            if token.is_some() {
                return Err(s3_error!(InvalidToken));
            }
            Caller::Root
        } else {
            let token = token.ok_or_else(unknown_key)?;
            let claims =
                self.credentials.check(&access_key, &token, Timestamp::now()).map_err(|error| {
                    match error {
                        TokenError::Invalid => s3_error!(InvalidToken),
                        TokenError::Expired => s3_error!(ExpiredToken),
                    }
                })?;
            if self.ended.contains(&claims) {
                return Err(s3_error!(ExpiredToken));
            }
            self.check_claims(&claims, context)?;
            Caller::Temporary
        };
        context.extensions_mut().insert(caller);
        Ok(())
    }
}

impl Access {
    fn check_claims(&self, claims: &Claims, context: &S3AccessContext<'_>) -> S3Result<()> {
        let S3Path::Object { bucket, key } = context.s3_path() else {
            return Err(denied());
        };
        let below = key
            .strip_prefix("s/")
            .and_then(|rest| rest.strip_prefix(claims.space.as_str()))
            .and_then(|rest| rest.strip_prefix('/'));
        if **bucket != *self.bucket || below.is_none_or(str::is_empty) {
            return Err(denied());
        }
        match (context.s3_op().name(), claims.role) {
            ("GetObject" | "HeadObject", _) => Ok(()),
            ("PutObject", Role::Writer) => check_put(context),
            _ => Err(denied()),
        }
    }
}

/// The bucket policy: a client writes new objects and replaces none.
fn check_put(context: &S3AccessContext<'_>) -> S3Result<()> {
    let headers = context.headers();
    let mut conditions = headers.get_all(http::header::IF_NONE_MATCH).iter();
    let creates =
        conditions.next().is_some_and(|value| value == "*") && conditions.next().is_none();
    let more = OTHER_PERMISSIONS.iter().any(|name| headers.contains_key(*name))
        || headers.keys().any(|name| name.as_str().starts_with("x-amz-grant-"));
    if creates && !more { Ok(()) } else { Err(denied()) }
}

/// The session token, from the header or a presigned address.
fn token_of(context: &S3AccessContext<'_>) -> S3Result<Option<String>> {
    if let Some(value) = context.headers().get(TOKEN_HEADER) {
        let text = value.to_str().map_err(|_| s3_error!(InvalidToken))?;
        return Ok(Some(text.to_owned()));
    }
    let query = context.uri().query().unwrap_or_default();
    Ok(url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name.eq_ignore_ascii_case(TOKEN_HEADER))
        .map(|(_, value)| value.into_owned()))
}

fn denied() -> S3Error {
    s3_error!(AccessDenied, "Access Denied")
}

/// What AWS answers to an unknown key and to a temporary key without token.
fn unknown_key() -> S3Error {
    S3Error::with_message(
        S3ErrorCode::InvalidAccessKeyId,
        "The AWS Access Key Id you provided does not exist in our records.",
    )
}
