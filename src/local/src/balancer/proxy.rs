//! What happens to one request: admitted, given to a server, retried where that is safe.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::prelude::{Error, ErrorSource, ErrorType, HttpPeer, Session};
use pingora::proxy::{FailToProxy, ProxyHttp};

use super::MOST_RETRIES;
use super::config::{BalancerConfig, Trust};
use super::hesitant::Hesitantly;
use super::registry::{Admission, Occupation, Registry};
use super::seats::{Place, Seats};

/// Answered by the balancer itself.
pub(crate) const HEALTH_PATH: &str = "/-/balancer/health";
const REQUEST_ID: &str = "x-request-id";
const REPEATABLE: &str = "x-repeatable";
/// Bytes of a body that Pingora keeps for another attempt.
const KEPT_BODY: usize = 64 * 1024;
const PROBED: [&str; 2] = ["/health", "/ready"];
const FAILED_TRIAL: ErrorType = ErrorType::Custom("FailedTrial");
/// Servers are on this machine: one that takes longer to accept is stuck.
const CONNECT: Duration = Duration::from_secs(1);
/// Above the longest wait for changes (60 s) with room to answer.
const SILENT_SERVER: Duration = Duration::from_secs(90);
/// A client that takes nothing of its answer for this long is given up.
const SILENT_CLIENT: Duration = Duration::from_secs(60);
/// Below the servers' own idle limit, so that a request rarely meets a closing connection.
const IDLE: Duration = Duration::from_secs(30);

pub(super) struct Balancer {
    registry: Arc<Registry>,
    seats: Arc<Seats>,
    max_requests: usize,
}

/// One request's passage. Dropping it gives back its places.
#[derive(Default)]
pub(super) struct Passage {
    admission: Option<Admission>,
    server: Option<Occupation>,
    place: Option<Arc<Place>>,
    tried: Vec<SocketAddr>,
    request_id: String,
    overloaded: bool,
    /// By what its header says, it could be given to another server without anybody noticing.
    repeatable: bool,
}

impl Balancer {
    pub(super) fn new(registry: Arc<Registry>, seats: Arc<Seats>, config: &BalancerConfig) -> Self {
        Self { registry, seats, max_requests: config.max_requests }
    }
}

#[async_trait]
impl ProxyHttp for Balancer {
    type CTX = Passage;

    fn new_ctx(&self) -> Passage {
        Passage::default()
    }

    /// The connection's owner hands its place over in this way, for every request.
    fn on_connection_reuse(
        &self,
        _session: &mut Session,
        passage: &mut Passage,
        handed: Box<dyn Any + Send + Sync>,
    ) {
        passage.place = handed.downcast().ok().map(|place| *place);
    }

    async fn early_request_filter(
        &self,
        session: &mut Session,
        passage: &mut Passage,
    ) -> pingora::Result<()> {
        let given = session.get_header(REQUEST_ID).and_then(|value| value.to_str().ok());
        passage.request_id = match given {
            Some(id) if acceptable_id(id) => id.to_owned(),
            _ => format!("{:032x}", rand::random::<u128>()),
        };
        let downstream = session.as_downstream_mut();
        // The connection itself watches how its client keeps up with its body.
        downstream.set_read_timeout(None);
        downstream.set_write_timeout(Some(SILENT_CLIENT));
        // Who has sent all and closes that direction still wants the answer.
        downstream.set_abort_on_close(false);
        passage.repeatable = looks_repeatable(session.req_header());
        passage.admission = self.registry.admit(self.max_requests, || self.seats.make_room());
        passage.overloaded = passage.admission.is_none();
        Ok(())
    }

    async fn request_filter(
        &self,
        session: &mut Session,
        passage: &mut Passage,
    ) -> pingora::Result<bool> {
        if session.req_header().uri.path() == HEALTH_PATH {
            answer(session, passage, 200, &serde_json::json!({ "status": "ok" })).await?;
            return Ok(true);
        }
        if passage.overloaded {
            self.registry.failures.fetch_add(1, Ordering::Relaxed);
            session.set_keepalive(None);
            let text = format!(
                "the balancer is at its limit of {} requests; try again",
                self.max_requests
            );
            let body = error_body("unavailable", &text, &passage.request_id);
            answer(session, passage, 503, &body).await?;
            return Ok(true);
        }
        Ok(false)
    }

    async fn upstream_peer(
        &self,
        session: &mut Session,
        passage: &mut Passage,
    ) -> pingora::Result<Box<HttpPeer>> {
        passage.server = None;
        let chosen = self.registry.choose(&passage.tried, passage.repeatable);
        let address = chosen.as_ref().map(|occupation| occupation.server.address);
        passage.server = chosen;
        let Some(address) = address else {
            return Err(Error::explain(ErrorType::HTTPStatus(503), "no healthy server"));
        };
        if !passage.tried.is_empty() {
            self.registry.retries.fetch_add(1, Ordering::Relaxed);
        }
        passage.tried.push(address);
        let mut peer = HttpPeer::new(address, false, String::new());
        peer.options.connection_timeout = Some(CONNECT);
        peer.options.total_connection_timeout = Some(CONNECT);
        peer.options.read_timeout = Some(SILENT_SERVER);
        peer.options.write_timeout = Some(SILENT_SERVER);
        peer.options.idle_timeout = Some(IDLE);
        if session.as_downstream().is_upgrade_req() {
            // A connection of its own, never one that was kept.
            peer.group_key = 1;
            peer.options.custom_l4 = Some(Arc::new(Hesitantly));
        }
        Ok(Box::new(peer))
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        passage: &mut Passage,
    ) -> pingora::Result<()> {
        request.insert_header(REQUEST_ID, passage.request_id.as_str())?;
        let secure = session.digest().is_some_and(|digest| digest.ssl_digest.is_some());
        request.insert_header("x-forwarded-proto", if secure { "https" } else { "http" })?;
        if let Some(client) = session.client_addr().and_then(|address| address.as_inet()) {
            let earlier = request.headers.get_all("x-forwarded-for").iter();
            let mut hops: Vec<String> =
                earlier.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect();
            hops.push(client.ip().to_string());
            request.insert_header("x-forwarded-for", hops.join(", "))?;
        }
        Ok(())
    }

    /// Counts what the server answers. A release that has not proven itself may fail: its errors are
    /// kept from the client wherever another server can be asked.
    async fn upstream_response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        passage: &mut Passage,
    ) -> pingora::Result<()> {
        let Some(Occupation { server, .. }) = &passage.server else { return Ok(()) };
        // How a release answers those who look whether it is there says little about it.
        let counts = !PROBED.contains(&session.req_header().uri.path());
        if counts {
            server.count_answer(response.status);
        }
        let repeat = response.status.is_server_error()
            && server.trust() != Trust::Proven
            && passage.repeatable
            && is_repeatable(session)
            && session.response_written().is_none()
            && passage.tried.len() <= MOST_RETRIES
            && self.registry.has_another(&passage.tried);
        if repeat {
            return Err(Error::explain(FAILED_TRIAL, "an error of a release on trial").into_up());
        }
        if counts && response.status.is_server_error() {
            self.registry.errors_passed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn response_filter(
        &self,
        _session: &mut Session,
        response: &mut ResponseHeader,
        passage: &mut Passage,
    ) -> pingora::Result<()> {
        response.insert_header(REQUEST_ID, passage.request_id.as_str())
    }

    /// Nothing has been sent yet, so any request may go to another server.
    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        passage: &mut Passage,
        mut error: Box<Error>,
    ) -> Box<Error> {
        if let Some(occupation) = passage.server.take() {
            occupation.server.eject();
        }
        error.set_retry(true);
        error
    }

    /// A server that died in the middle: safe to repeat while the client has seen nothing, the
    /// request may be repeated by its method and its whole body is still at hand.
    fn error_while_proxy(
        &self,
        peer: &HttpPeer,
        session: &mut Session,
        error: Box<Error>,
        passage: &mut Passage,
        reused: bool,
    ) -> Box<Error> {
        let mut error = error.more_context(format!("server {peer}"));
        let unseen = session.response_written().is_none();
        let repeatable = is_repeatable(session);
        if error.etype() == &FAILED_TRIAL {
            error.set_retry(unseen);
            passage.server = None;
            return error;
        }
        let upstream = error.esource() == &ErrorSource::Upstream;
        // A kept connection may have been closed in good order just before.
        if let Some(one) = passage.server.as_ref().filter(|_| upstream && !reused) {
            one.server.errors.fetch_add(1, Ordering::Relaxed);
        }
        let broken = matches!(
            error.etype(),
            ErrorType::ConnectionClosed
                | ErrorType::ReadError
                | ErrorType::WriteError
                | ErrorType::H1Error
        );
        if unseen && repeatable && upstream && broken {
            error.set_retry(true);
            passage.server = None;
        } else if unseen && repeatable {
            error.retry.decide_reuse(reused);
        } else {
            error.set_retry(false);
        }
        error
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        passage: &mut Passage,
    ) -> FailToProxy {
        let fault = passage.place.as_ref().and_then(|place| place.fault());
        let (status, code, text) = match fault {
            Some(fault) => (fault.status, fault.code(), fault.message),
            None => verdict(error),
        };
        if status > 0 && session.response_written().is_none() {
            self.registry.failures.fetch_add(1, Ordering::Relaxed);
            session.set_keepalive(None);
            let body = error_body(code, text, &passage.request_id);
            if let Err(failed) = answer(session, passage, status, &body).await {
                tracing::debug!(%failed, "the client has gone before its answer");
            }
        }
        FailToProxy { error_code: status, can_reuse_downstream: false }
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, passage: &mut Passage) {
        let Some(error) = error else { return };
        if error.esource() == &ErrorSource::Downstream {
            return;
        }
        let server = passage.server.as_ref().map_or("none", |one| one.server.name.as_str());
        let request = session.req_header();
        tracing::warn!(
            request_id = %passage.request_id,
            method = %request.method,
            path = start_of(request.uri.path()),
            server,
            tried = passage.tried.len(),
            %error,
            "request failed"
        );
    }

    fn suppress_error_log(&self, _session: &Session, _passage: &Passage, _error: &Error) -> bool {
        true
    }
}

/// One that is carried out and then answered with an error can be made again: by its method, with
/// the same outcome (the second DELETE would find nothing), or because its client says so; and with a body that is kept.
fn looks_repeatable(request: &RequestHeader) -> bool {
    let text = |name| request.headers.get(name).and_then(|value| value.to_str().ok());
    let kept = match text("content-length").map(str::parse::<usize>) {
        Some(length) => length.is_ok_and(|length| length <= KEPT_BODY),
        None => text("transfer-encoding").is_none(),
    };
    let harmless = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "PUT");
    kept && (harmless || says_repeatable(request))
}

/// The client says that a second one does nothing more than the first. A header of our own: `Idempotency-Key`, which
/// libraries put on every POST, asks the server to tell them apart, and `syncd` does not.
fn says_repeatable(request: &RequestHeader) -> bool {
    request.method == "POST" && request.headers.get(REPEATABLE).is_some_and(|key| !key.is_empty())
}

/// Safe to make twice, and still whole.
fn is_repeatable(session: &Session) -> bool {
    let request = session.req_header();
    (request.method.is_idempotent() || says_repeatable(request))
        && !session.as_ref().retry_buffer_truncated()
}

/// The first two segments, such as `/v1/spaces`: the rest, like the query, may hold the secret of
/// a link.
fn start_of(path: &str) -> &str {
    path.match_indices('/').nth(2).map_or(path, |(end, _)| &path[..end])
}

/// Status, code and sentence for the client; status 0 when nobody is left to read them.
fn verdict(error: &Error) -> (u16, &'static str, &'static str) {
    const UNAVAILABLE: &str = "unavailable";
    match (error.etype(), error.esource()) {
        (ErrorType::HTTPStatus(503), _) => {
            (503, UNAVAILABLE, "no server is healthy at the moment; try again")
        }
        (ErrorType::HTTPStatus(status), _) => {
            (*status, "invalid_request", "the request can't be passed on")
        }
        (ErrorType::ReadTimedout | ErrorType::WriteTimedout, ErrorSource::Upstream) => {
            (504, UNAVAILABLE, "the server did not answer in time; try again")
        }
        (_, ErrorSource::Upstream) => {
            (502, UNAVAILABLE, "the server went away during the request; try again")
        }
        (
            ErrorType::WriteError | ErrorType::ReadError | ErrorType::ConnectionClosed,
            ErrorSource::Downstream,
        ) => (0, UNAVAILABLE, ""),
        (ErrorType::ReadTimedout | ErrorType::WriteTimedout, ErrorSource::Downstream) => {
            (408, "invalid_request", "the request did not arrive in time")
        }
        (_, ErrorSource::Downstream) => (400, "invalid_request", "the request is not valid HTTP"),
        _ => (500, "internal", "the balancer failed; its log has the request id"),
    }
}

pub(super) fn error_body(code: &str, message: &str, request_id: &str) -> serde_json::Value {
    serde_json::json!({ "code": code, "message": message, "request_id": request_id })
}

async fn answer(
    session: &mut Session,
    passage: &Passage,
    status: u16,
    body: &serde_json::Value,
) -> pingora::Result<()> {
    let body = body.to_string();
    let mut header = ResponseHeader::build(status, Some(5))?;
    header.insert_header("content-type", "application/json")?;
    header.insert_header("content-length", body.len().to_string())?;
    header.insert_header("cache-control", "no-store")?;
    header.insert_header(REQUEST_ID, passage.request_id.as_str())?;
    if status == 503 {
        header.insert_header("retry-after", "1")?;
    }
    session.write_response_header(Box::new(header), false).await?;
    session.write_response_body(Some(Bytes::from(body)), true).await
}

/// An id from outside goes to logs, so it has to be short and plain.
fn acceptable_id(id: &str) -> bool {
    (8..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::start_of;

    #[test]
    fn a_links_secret_stays_out_of_the_log() {
        assert_eq!(start_of("/v1/unsubscribe/space/user/secret"), "/v1/unsubscribe");
        assert_eq!(start_of("/health"), "/health");
        assert_eq!(start_of("/v1/spaces"), "/v1/spaces");
    }
}
