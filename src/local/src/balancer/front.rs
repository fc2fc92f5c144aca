//! The life of a client's connection: a place, then one request after the other.

use std::sync::Arc;

use async_trait::async_trait;
use pingora::apps::{HttpServerApp, ServerApp};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;

use super::connection::{Connection, End};
use super::loan::Loan;
use super::proxy::{Balancer, HEALTH_PATH};
use super::refusal::Refusal;
use super::seats::Seats;

/// Requests on one client connection before it is asked to open another.
const MOST_REQUESTS: u32 = 100_000;

pub(super) struct Front {
    proxy: Arc<HttpProxy<Balancer>>,
    seats: Arc<Seats>,
}

impl Front {
    pub(super) fn new(proxy: HttpProxy<Balancer>, seats: Arc<Seats>) -> Self {
        Self { proxy: Arc::new(proxy), seats }
    }

    async fn converse(&self, mut connection: Box<Connection>, shutdown: &ShutdownWatch) {
        let mut stop = shutdown.clone();
        for left in (0..MOST_REQUESTS).rev() {
            match connection.next_request(&mut stop).await {
                Ok(()) => {}
                Err(End::Quiet) => return,
                Err(End::Refused(refusal)) => return connection.refuse(refusal).await,
            }
            let beyond = connection.seat.beyond;
            if beyond && !asks_for_health(&connection) {
                return connection.refuse(Refusal::FULL).await;
            }
            let place = Arc::clone(&connection.seat.place);
            let (loan, back) = Loan::new(connection);
            let mut session = ServerSession::new_http1(Box::new(loan));
            session.set_keepalive_reuses_remaining(Some(if beyond { 0 } else { left }));
            session.set_connection_user_context(Some(Box::new(place)));
            let goes_on = self.proxy.process_new_http(session, shutdown).await.is_some();
            let Ok(returned) = back.await else { return };
            connection = returned;
            connection.seat.end_upload();
            if !goes_on {
                return connection.end().await;
            }
        }
    }
}

/// A supervisor that could not ask a busy balancer would take it for a dead one.
fn asks_for_health(connection: &Connection) -> bool {
    let head = &connection.unread[..connection.header];
    head.strip_prefix(b"GET ")
        .and_then(|rest| rest.strip_prefix(HEALTH_PATH.as_bytes()))
        .is_some_and(|rest| rest.starts_with(b" "))
}

#[async_trait]
impl ServerApp for Front {
    async fn process_new(
        self: &Arc<Self>,
        stream: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        if let Some(seat) = self.seats.take() {
            self.converse(Box::new(Connection::new(stream, seat)), shutdown).await;
        }
        None
    }

    async fn cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}
