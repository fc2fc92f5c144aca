//! One log line and one set of counters per request, when the last byte of its answer is out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};

use super::request_id::RequestId;
use crate::extract::CallerSlot;
use crate::metrics::Finished;
use crate::state::AppState;

mod counted;

use counted::Counted;

pub(crate) async fn observe(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut record = Record::start(state, &mut request);
    let bytes_in = Arc::clone(&record.bytes_in);
    let metrics = record.state.clone();
    let request = request.map(|body| {
        Body::new(Counted::new(body, bytes_in, move |bytes| {
            metrics.metrics.request_body_bytes.inc_by(bytes);
        }))
    });
    let response = next.run(request).await;
    record.status = Some(response.status());
    let bytes_out = Arc::clone(&record.bytes_out);
    // The record ends, and is written, when the body is dropped: sent, or given up.
    response.map(|body| {
        Body::new(Counted::new(body, bytes_out, move |bytes| {
            record.state.metrics.response_body_bytes.inc_by(bytes);
        }))
    })
}

/// What is known about a request; written when dropped, so that an aborted one is seen as well.
struct Record {
    state: AppState,
    id: String,
    method: &'static str,
    /// The template, never the path: paths hold names of files and the secret of unsubscribe links.
    route: Option<MatchedPath>,
    started: Instant,
    caller: CallerSlot,
    bytes_in: Arc<AtomicU64>,
    bytes_out: Arc<AtomicU64>,
    /// `None`: the client left before there was an answer.
    status: Option<StatusCode>,
}

impl Record {
    fn start(state: AppState, request: &mut Request) -> Self {
        let caller = CallerSlot::default();
        let extensions = request.extensions_mut();
        extensions.insert(caller.clone());
        let id = extensions.get::<RequestId>().map(|id| id.0.clone());
        let route = extensions.get::<MatchedPath>().cloned();
        state.metrics.in_flight.inc();
        Self {
            state,
            id: id.unwrap_or_default(),
            method: method_label(request.method()),
            route,
            started: Instant::now(),
            caller,
            bytes_in: Arc::default(),
            bytes_out: Arc::default(),
            status: None,
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let latency = self.started.elapsed();
        let route = self.route.as_ref().map_or("unmatched", MatchedPath::as_str);
        self.state.metrics.in_flight.dec();
        self.state.metrics.record(&Finished {
            method: self.method,
            route,
            status: status_class(self.status),
            latency,
        });
        macro_rules! say {
            ($level:ident) => {
                tracing::$level!(
                    request_id = self.id,
                    method = self.method,
                    route,
                    status = self.status.map(|status| status.as_u16()),
                    latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
                    bytes_in = self.bytes_in.load(Ordering::Relaxed),
                    bytes_out = self.bytes_out.load(Ordering::Relaxed),
                    user = self.caller.0.get().map(|user| user.as_str()),
                    instance = self.state.config.instance,
                    "request"
                )
            };
        }
        // Health checkers ask every few seconds; only what they are refused is news.
        if self.status == Some(StatusCode::OK) && matches!(route, "/health" | "/ready") {
            say!(debug);
        } else {
            say!(info);
        }
    }
}

/// Bounded, unlike what clients may send.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

fn status_class(status: Option<StatusCode>) -> &'static str {
    match status.map(|status| status.as_u16() / 100) {
        Some(1) => "1xx",
        Some(2) => "2xx",
        Some(3) => "3xx",
        Some(4) => "4xx",
        Some(_) => "5xx",
        None => "aborted",
    }
}
