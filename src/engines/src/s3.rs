//! The S3 API over the object store.

mod access;
mod attributes;
mod bucket;
mod checksum;
mod complete;
mod copy;
mod cors;
mod delete;
mod error;
mod get;
mod listing;
mod multipart;
mod operations;
mod put;
mod versions;

use std::convert::Infallible;
use std::sync::Arc;

use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use s3s::Body;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};

use crate::body::{BodyError, RequestBody};
use crate::credential::Credentials;
use crate::ended::Ended;
use crate::error::EngineError;
use crate::object::{ObjectStore, StoreError};
use access::{Access, Caller};
use error::refuse;

/// How many keys, parts or uploads one answer lists at most.
const PAGE: usize = 1000;

/// XML bodies: a delete of 1,000 long keys is the largest.
const LARGEST_XML: usize = 4 * 1024 * 1024;

/// Bytes of a body that are read whatever the answer will be.
const SMALL_BODY: u64 = 64 * 1024;

/// The operations; everything else `s3s` answers with `NotImplemented`.
#[derive(Clone)]
struct Engine {
    store: Arc<ObjectStore>,
}

impl Engine {
    /// Runs disk work off the asynchronous threads.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ObjectStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || work(&store))
            .await
            .unwrap_or_else(|error| Err(StoreError::Io(std::io::Error::other(error))))
    }
}

/// Creates the bucket of the product when it is missing.
pub(crate) fn ensure_bucket(store: &ObjectStore, bucket: &str) -> Result<(), EngineError> {
    match store.create_bucket(bucket) {
        Ok(()) | Err(StoreError::BucketExists(_)) => Ok(()),
        Err(error) => Err(EngineError::io("cannot create", bucket.as_ref())(
            std::io::Error::other(error.to_string()),
        )),
    }
}

/// The whole listener: health, CORS, signatures, access, operations.
pub(crate) fn service(
    store: Arc<ObjectStore>,
    credentials: Credentials,
    bucket: &str,
    ended: Ended,
) -> impl tower::Service<
    Request<RequestBody>,
    Response = Response<Body>,
    Error = Infallible,
    Future: Send,
> + Clone
+ Send
+ 'static {
    let mut config = S3Config::default();
    config.xml_max_body_size = LARGEST_XML;
    let mut builder = S3ServiceBuilder::new(Engine { store });
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    builder.set_auth(access::Auth::new(credentials.clone()));
    builder.set_access(Access::new(credentials, bucket, ended));
    let s3 = builder.build();
    tower::service_fn(move |request| {
        let s3 = s3.clone();
        async move { Ok(answer(s3, request).await) }
    })
}

async fn answer(s3: S3Service, request: Request<RequestBody>) -> Response<Body> {
    if request.uri().path() == "/-/health" {
        return Response::new(Body::from("ok\n".to_owned()));
    }
    if let Some(preflight) = cors::preflight(&request) {
        return preflight;
    }
    if is_outdated(&request) {
        return refuse(
            StatusCode::BAD_REQUEST,
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        );
    }
    let origin = request.headers().contains_key(header::ORIGIN);
    let query = request.uri().query().unwrap_or_default().to_owned();
    let request = match with_small_body_read(request).await {
        Ok(request) => request,
        Err(error) => {
            tracing::debug!(%error, "a request's body did not arrive");
            return refuse(StatusCode::BAD_REQUEST, "RequestTimeout", "The body did not arrive.");
        }
    };
    let mut response = match s3.call(request).await {
        Ok(response) => response,
        Err(error) => {
            let error: Box<dyn std::error::Error + Send + Sync> = error.into();
            tracing::error!(%error, "request broke off");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "")
        }
    };
    attributes::unquote(&query, &mut response);
    response.headers_mut().insert("x-amz-request-id", crate::api::request_id());
    if origin {
        cors::allow(response.headers_mut());
    }
    response
}

/// Takes a small body in before anybody decides on the request: a refusal that leaves it unread ends
/// the connection, and the client may see the end instead of the refusal.
async fn with_small_body_read(request: Request<RequestBody>) -> Result<Request<Body>, BodyError> {
    let small = request.body().size_hint().upper().is_some_and(|size| size <= SMALL_BODY);
    if !small {
        return Ok(request.map(Body::http_body));
    }
    let (head, body) = request.into_parts();
    let bytes = body.collect().await?.to_bytes();
    Ok(Request::from_parts(head, Body::from(bytes)))
}

/// Signature version 2 and form uploads: nobody here needs them, and `s3s`
/// reads a form before it asks who sent it.
fn is_outdated(request: &Request<RequestBody>) -> bool {
    let starts = |name: header::HeaderName, start: &str| {
        request
            .headers()
            .get(name)
            .is_some_and(|value| value.as_bytes().starts_with(start.as_bytes()))
    };
    let query = request.uri().query().unwrap_or_default();
    starts(header::AUTHORIZATION, "AWS ")
        || starts(header::CONTENT_TYPE, "multipart/form-data")
        || url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "Signature")
}
