//! A connection in Pingora's hands for one request: it sees that request's bytes and no others.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio::time::Sleep;

use bytes::Buf;

use super::connection::{Body, Connection};
use super::limits::BODY_RATE;
use super::refusal::Refusal;
use super::seats::Wait;

/// Goes back to its owner when dropped.
#[derive(Debug)]
pub(super) struct Loan {
    /// There until the drop.
    connection: Option<Box<Connection>>,
    home: Option<oneshot::Sender<Box<Connection>>>,
    pace: Pace,
}

/// How far the client is behind with its body.
#[derive(Debug, Default)]
struct Pace {
    behind: Duration,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Loan {
    /// The loan, and where the connection comes back.
    pub(super) fn new(connection: Box<Connection>) -> (Self, oneshot::Receiver<Box<Connection>>) {
        let (home, back) = oneshot::channel();
        (Self { connection: Some(connection), home: Some(home), pace: Pace::default() }, back)
    }

    fn poll_body(
        connection: &mut Connection,
        pace: &mut Pace,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        if connection.unread.is_empty() {
            match Pin::new(&mut connection.stream).poll_read(context, out) {
                Poll::Pending if matches!(connection.body, Body::Tunnel) => return Poll::Pending,
                Poll::Pending => return pace.wait(connection, context),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => {}
            }
        } else {
            let count = connection.unread.len().min(out.remaining());
            out.put_slice(&connection.unread[..count]);
            connection.unread.advance(count);
        }
        let fresh = &out.filled()[before..];
        let count = fresh.len();
        if count == 0 {
            connection.closed = true;
            return Poll::Ready(Ok(()));
        }
        let own = match connection.body.read(fresh) {
            Ok(own) => own,
            Err(refusal) => return Poll::Ready(Err(fail(connection, refusal))),
        };
        if own < count {
            // What follows the body comes back in front of what else there is.
            let mut rest = bytes::BytesMut::from(&fresh[own..]);
            rest.unsplit(std::mem::take(&mut connection.unread));
            connection.unread = rest;
            out.set_filled(before + own);
        }
        pace.moved(count as u64);
        if connection.body.is_over() {
            connection.seat.end_upload();
        }
        connection.seat.place.set(Wait::Nothing, Instant::now());
        Poll::Ready(Ok(()))
    }
}

impl Pace {
    fn moved(&mut self, bytes: u64) {
        if let Some(since) = self.waiting_since.take() {
            self.behind += since.elapsed();
        }
        let made_up = Duration::from_millis(bytes.saturating_mul(1000) / BODY_RATE);
        self.behind = self.behind.saturating_sub(made_up);
    }

    fn wait(
        &mut self,
        connection: &mut Connection,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.waiting_since.is_none() {
            let now = Instant::now();
            self.waiting_since = Some(now);
            connection.seat.place.set(Wait::Rest, now.checked_sub(self.behind).unwrap_or(now));
            let deadline = (now + connection.seat.times().body.saturating_sub(self.behind)).into();
            match &mut self.timer {
                Some(timer) => timer.as_mut().reset(deadline),
                none => *none = Some(Box::pin(tokio::time::sleep_until(deadline))),
            }
        }
        if connection.seat.place.gives_way(context) {
            return Poll::Ready(Err(fail(connection, Refusal::GAVE_WAY)));
        }
        if self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(context).is_ready()) {
            return Poll::Ready(Err(fail(connection, Refusal::SLOW_BODY)));
        }
        Poll::Pending
    }
}

fn fail(connection: &Connection, refusal: Refusal) -> io::Error {
    connection.seat.place.set_fault(refusal);
    io::Error::new(io::ErrorKind::InvalidData, refusal.message)
}

impl AsyncRead for Loan {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { connection, pace, .. } = &mut *self;
        let Some(connection) = connection else { return Poll::Ready(Ok(())) };
        if out.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if connection.header > 0 {
            let count = connection.header.min(out.remaining());
            out.put_slice(&connection.unread[..count]);
            connection.unread.advance(count);
            connection.header -= count;
            return Poll::Ready(Ok(()));
        }
        if connection.body.is_over() {
            return connection.poll_closed(context);
        }
        Self::poll_body(connection, pace, context, out)
    }
}

impl AsyncWrite for Loan {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.connection {
            Some(connection) => Pin::new(&mut connection.stream).poll_write(context, bytes),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.connection {
            Some(connection) => {
                Pin::new(&mut connection.stream).poll_write_vectored(context, slices)
            }
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.stream.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.connection {
            Some(connection) => Pin::new(&mut connection.stream).poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.connection {
            Some(connection) => Pin::new(&mut connection.stream).poll_shutdown(context),
            None => Poll::Ready(Ok(())),
        }
    }
}

#[async_trait]
impl Shutdown for Loan {
    async fn shutdown(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.stream.shutdown().await;
        }
    }
}

impl UniqueID for Loan {
    fn id(&self) -> UniqueIDType {
        self.connection.as_ref().map_or(-1, |connection| connection.stream.id())
    }
}

impl Ssl for Loan {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.connection.as_ref()?.stream.get_ssl_digest()
    }
}

impl GetTimingDigest for Loan {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for Loan {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Loan {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.connection.as_ref()?.stream.get_socket_digest()
    }
}

#[async_trait]
impl Peek for Loan {}

impl Drop for Loan {
    fn drop(&mut self) {
        if let (Some(connection), Some(home)) = (self.connection.take(), self.home.take()) {
            // The owner is gone only when the whole task is.
            let _ = home.send(connection);
        }
    }
}
