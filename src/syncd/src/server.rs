//! Accepting connections, and leaving in order (HA-6: an instance may go at any time).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::drain::Phase;
use crate::mail;
use crate::router::app;
use crate::state::AppState;

/// Connections at the same time; more wait in the kernel's queue.
const CONNECTIONS: usize = 8_192;

/// What a hurried leave still gives to answers that are nearly out.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// The largest head of a request, bytes.
const HEAD_BYTES: usize = 64 * 1024;

/// Serves until `shutdown` is ready, then drains: fails the health checks while still accepting,
/// stops accepting, finishes what is in flight. The times are in [`crate::config::DrainTimes`].
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send,
) {
    let mailing = tokio::spawn(mail::worker(state.clone()));
    let mut connections = accept(listener, &state, shutdown).await;
    let drain = &state.drain;
    let hurried = async {
        drain.reached(Phase::Hurrying).await;
        tokio::time::sleep(LAST_MOMENT).await;
    };
    let finished = async {
        while connections.join_next().await.is_some() {}
        // A worker that panicked has said so itself.
        let _ = mailing.await;
    };
    tokio::select! {
        () = finished => tracing::info!("every request was answered; leaving"),
        () = tokio::time::sleep(state.config.drain.timeout) => {
            tracing::warn!("leaving although requests are in flight: the time is up");
        }
        () = hurried => {}
    }
}

/// Accepts until the drain says stop; the listener is closed on return.
async fn accept(
    listener: TcpListener,
    state: &AppState,
    shutdown: impl Future<Output = ()>,
) -> JoinSet<()> {
    let app = app(state.clone());
    let mut connections = JoinSet::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut leaving = pin!(leave(state, shutdown));
    loop {
        let next = async {
            // The semaphore is never closed.
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            (listener.accept().await, permit)
        };
        tokio::select! {
            () = &mut leaving => return connections,
            (accepted, permit) = next => match accepted {
                Ok((stream, peer)) => {
                    let connection = connection(stream, peer, app.clone(), state.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Out of descriptors, most likely: they come back when connections end.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Waits for the wish to leave, then until the load balancer has had time to notice.
async fn leave(state: &AppState, shutdown: impl Future<Output = ()>) {
    let drain = &state.drain;
    shutdown.await;
    drain.advance(Phase::Leaving);
    let delay = state.config.drain.delay;
    tracing::info!(delay_s = delay.as_secs(), "failing health checks before leaving");
    tokio::select! {
        () = tokio::time::sleep(delay) => {}
        () = drain.reached(Phase::Hurrying) => {}
    }
    drain.advance(Phase::Stopping);
}

async fn connection(stream: TcpStream, peer: SocketAddr, app: Router, state: AppState) {
    state.metrics.connections.inc();
    // Answers are written whole; waiting to fill packets only delays them.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: http::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let app = app.clone();
        async move { Ok::<_, Infallible>(answer(app, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Counts from the moment the connection is idle, so it is also the keep-alive time.
        .header_read_timeout(state.config.keep_alive)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        // From here on the answer in flight is the connection's last one, and says so.
        () = state.drain.reached(Phase::Stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
    state.metrics.connections.dec();
}

async fn answer(app: Router, request: http::Request<Body>) -> axum::response::Response {
    match app.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
