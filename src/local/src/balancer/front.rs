//! The life of a client's connection: a place, then one request after the other.

use std::sync::Arc;

use async_trait::async_trait;
use pingora::apps::{HttpServerApp, ServerApp};
use pingora::listeners::tls::Acceptor;
use pingora::protocols::http::ServerSession;
use pingora::protocols::l4::stream::Stream as L4Stream;
use pingora::protocols::{Peek, Stream};
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;

use super::connection::{Connection, End};
use super::loan::Loan;
use super::proxy::{Balancer, HEALTH_PATH};
use super::refusal::Refusal;
use super::seats::{Seat, Seats};

/// Requests on one client connection before it is asked to open another.
const MOST_REQUESTS: u32 = 100_000;
/// First byte of a TLS connection.
const TLS_HANDSHAKE: u8 = 0x16;
/// Says whether the whole service works; asked by those who look after it.
const READY_PATH: &str = "/ready";
/// Answered by every server without asking anybody else; drills ask for it, as their clients would.
const SERVERS_HEALTH_PATH: &str = "/health";

pub(super) struct Front {
    proxy: Arc<HttpProxy<Balancer>>,
    seats: Arc<Seats>,
    tls: Option<Acceptor>,
}

/// Which requests a connection may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Everything,
    /// One question after the health, and everything else is refused for this reason.
    Probe(Refusal),
}

impl Front {
    pub(super) fn new(
        proxy: HttpProxy<Balancer>,
        seats: Arc<Seats>,
        tls: Option<Acceptor>,
    ) -> Self {
        Self { proxy: Arc::new(proxy), seats, tls }
    }

    /// Makes a connection of it, over TLS where that is asked for; `None` when it comes to nothing.
    async fn welcome(&self, stream: Stream, seat: Seat) -> Option<(Box<Connection>, Service)> {
        let service = if seat.beyond { Service::Probe(Refusal::FULL) } else { Service::Everything };
        let Some(acceptor) = &self.tls else {
            return Some((Box::new(Connection::new(stream, seat)), service));
        };
        let times = seat.times();
        let place = Arc::clone(&seat.place);
        let handshake = Box::pin(async {
            let mut stream = stream.into_any().downcast::<L4Stream>().ok()?;
            let mut first = [0];
            stream.try_peek(&mut first).await.ok()?;
            if first != [TLS_HANDSHAKE] {
                let service = Service::Probe(Refusal::NOT_TLS);
                return Some((Box::new(Connection::new(stream, seat)), service));
            }
            let stream = acceptor.tls_handshake(*stream).await.ok()?;
            Some((Box::new(Connection::new(Box::new(stream), seat)), service))
        });
        tokio::select! {
            made = handshake => made,
            () = tokio::time::sleep(times.header) => None,
            () = place.gave_way() => None,
        }
    }

    async fn converse(
        &self,
        mut connection: Box<Connection>,
        service: Service,
        shutdown: &ShutdownWatch,
    ) {
        let mut stop = shutdown.clone();
        for left in (0..MOST_REQUESTS).rev() {
            match connection.next_request(&mut stop).await {
                Ok(()) => {}
                Err(End::Quiet) => return,
                Err(End::Refused(refusal)) => return connection.refuse(refusal).await,
            }
            if let Service::Probe(refusal) = service
                && !asks_for_health(&connection, refusal)
            {
                return connection.refuse(refusal).await;
            }
            let left = if service == Service::Everything { left } else { 0 };
            let place = Arc::clone(&connection.seat.place);
            let (loan, back) = Loan::new(connection);
            let mut session = ServerSession::new_http1(Box::new(loan));
            session.set_keepalive_reuses_remaining(Some(left));
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

/// A supervisor that could not ask a busy balancer would take it for a dead one; it asks without TLS.
/// Clients are told to use it, whatever they ask for.
fn asks_for_health(connection: &Connection, otherwise: Refusal) -> bool {
    let head = &connection.unread[..connection.header];
    let paths = [HEALTH_PATH, READY_PATH, SERVERS_HEALTH_PATH];
    let allowed = if otherwise == Refusal::NOT_TLS { &paths[..2] } else { &paths[..] };
    allowed.iter().any(|path| {
        head.strip_prefix(b"GET ")
            .and_then(|rest| rest.strip_prefix(path.as_bytes()))
            .is_some_and(|rest| rest.starts_with(b" "))
    })
}

#[async_trait]
impl ServerApp for Front {
    async fn process_new(
        self: &Arc<Self>,
        stream: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        // A task of its own is a tenth of the size of Pingora's, which has room for a handshake.
        let (front, shutdown) = (Arc::clone(self), shutdown.clone());
        tokio::spawn(async move {
            if let Some(seat) = front.seats.take()
                && let Some((connection, service)) = front.welcome(stream, seat).await
            {
                front.converse(connection, service, &shutdown).await;
            }
        });
        None
    }

    async fn cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}
