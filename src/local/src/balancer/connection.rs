//! One client's connection: reads headers itself and lends itself out for one request at a time.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::{Buf, BytesMut};
use pingora::protocols::Stream;
use pingora::server::ShutdownWatch;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use super::chunks::Chunks;
use super::head::{self, Framing};
use super::limits::{HEADER_BYTES, LINGER_TIME, PATIENCE, REFUSAL_TIME};
use super::refusal::Refusal;
use super::seats::{Seat, Wait};

const PIECE: usize = 4096;

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) seat: Seat,
    /// Received and not handed on.
    pub(super) unread: BytesMut,
    /// So many bytes of it are the header of the present request.
    pub(super) header: usize,
    pub(super) body: Body,
    /// The client sends nothing more.
    pub(super) closed: bool,
}

/// What is still to come of a request's body.
#[derive(Debug)]
pub(super) enum Body {
    Length(u64),
    Chunked(Chunks),
    Tunnel,
}

/// Why there is no next request.
#[derive(Debug)]
pub(super) enum End {
    /// Nobody waits for an answer.
    Quiet,
    Refused(Refusal),
}

impl Connection {
    pub(super) fn new(stream: Stream, seat: Seat) -> Self {
        let body = Body::Length(0);
        Self { stream, seat, unread: BytesMut::new(), header: 0, body, closed: false }
    }

    /// Waits for the next header and judges it.
    pub(super) async fn next_request(&mut self, stop: &mut ShutdownWatch) -> Result<(), End> {
        self.body = Body::Length(0);
        let mut begun = (!self.unread.is_empty()).then(Instant::now);
        self.note_wait(begun);
        let idle_since = Instant::now();
        let times = self.seat.times();
        let header_time = if self.seat.beyond { REFUSAL_TIME } else { times.header };
        let mut seen = 0;
        loop {
            if let Some(end) = self.find_end(seen)? {
                return self.take_header(end);
            }
            seen = self.unread.len();
            let deadline = begun.map_or(idle_since + times.idle, |begun| begun + header_time);
            let deadline = if self.seat.beyond { idle_since + REFUSAL_TIME } else { deadline };
            let idle = begun.is_none();
            tokio::select! {
                read = poll_fn(|context| self.poll_fill(context)) => match read {
                    Ok(0) | Err(Given::Broken) => return Err(End::Quiet),
                    Ok(_) => {}
                    Err(Given::Up) if idle => return Err(End::Quiet),
                    Err(Given::Up) => return Err(End::Refused(Refusal::GAVE_WAY)),
                },
                () = tokio::time::sleep_until(deadline.into()) => {
                    let refused = !idle || self.seat.beyond;
                    let refusal = if idle { Refusal::FULL } else { Refusal::SLOW_HEADER };
                    return Err(if refused { End::Refused(refusal) } else { End::Quiet });
                }
                // An error means that the server is gone already.
                _ = stop.changed(), if idle => if *stop.borrow() || stop.has_changed().is_err() {
                    return Err(End::Quiet);
                },
            }
            if begun.is_none() && !self.unread.is_empty() {
                begun = Some(Instant::now());
                self.note_wait(begun);
            }
        }
    }

    fn note_wait(&self, begun: Option<Instant>) {
        match begun {
            Some(begun) => self.seat.place.set(Wait::Rest, begun),
            None => self.seat.place.set(Wait::Request, Instant::now()),
        }
    }

    fn find_end(&mut self, mut seen: usize) -> Result<Option<usize>, End> {
        // Some clients end a body with an empty line that belongs to nothing (RFC 9112, 2.2).
        while seen < 2 && self.unread.starts_with(b"\r\n") {
            self.unread.advance(2);
            seen = 0;
        }
        let end = head::end(&self.unread, seen);
        head::plausible(&self.unread[..end.unwrap_or(self.unread.len())], seen)
            .map_err(End::Refused)?;
        if end.unwrap_or(self.unread.len()) > HEADER_BYTES {
            return Err(End::Refused(Refusal::LONG_HEADER));
        }
        Ok(end)
    }

    fn take_header(&mut self, end: usize) -> Result<(), End> {
        let framing = head::check(&self.unread[..end]).map_err(End::Refused)?;
        self.header = end;
        self.body = match framing {
            Framing::Nothing => Body::Length(0),
            Framing::Length(length) => Body::Length(length),
            Framing::Chunked => Body::Chunked(Chunks::new()),
            Framing::Tunnel => Body::Tunnel,
        };
        let here = (self.unread.len() - end) as u64;
        let whole = matches!(self.body, Body::Length(length) if length <= here);
        if !whole && !matches!(self.body, Body::Tunnel) && !self.seat.begin_upload() {
            return Err(End::Refused(Refusal::UPLOADS));
        }
        self.seat.place.set(Wait::Nothing, Instant::now());
        Ok(())
    }

    /// Takes in what there is; 0 at the client's end.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<usize, Given>> {
        // On the stack, so that an idle connection holds no buffer.
        let mut piece = [0; PIECE];
        let mut read = ReadBuf::new(&mut piece);
        match Pin::new(&mut self.stream).poll_read(context, &mut read) {
            Poll::Pending if self.seat.place.gives_way(context) => Poll::Ready(Err(Given::Up)),
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(_)) => Poll::Ready(Err(Given::Broken)),
            Poll::Ready(Ok(())) => {
                self.unread.extend_from_slice(read.filled());
                self.closed |= read.filled().is_empty();
                Poll::Ready(Ok(read.filled().len()))
            }
        }
    }

    /// After a request: whether the client has gone, keeping what it has sent ahead.
    pub(super) fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        while !self.closed {
            if self.unread.len() >= HEADER_BYTES {
                // Enough for the next request; the kernel keeps the rest.
                return Poll::Pending;
            }
            let mut piece = [0; PIECE];
            let mut read = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut read))?;
            self.unread.extend_from_slice(read.filled());
            self.closed = read.filled().is_empty();
        }
        // Requests sent ahead still want their answers.
        if self.unread.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Answers and closes.
    pub(super) async fn refuse(mut self, refusal: Refusal) {
        self.seat.note_refusal();
        let answer = async {
            self.stream.write_all(&refusal.to_bytes()).await?;
            self.stream.flush().await
        };
        if let Ok(Ok(())) = tokio::time::timeout(LINGER_TIME, answer).await {
            self.linger().await;
        }
    }

    /// Closes after an answer.
    pub(super) async fn end(self) {
        if !(self.body.is_over() && self.unread.is_empty() || matches!(self.body, Body::Tunnel)) {
            self.linger().await;
        }
    }

    /// Takes in what the client still sends: closing on unread bytes would take its answer away.
    async fn linger(mut self) {
        let now = Instant::now();
        self.seat.place.set(Wait::Rest, now.checked_sub(PATIENCE).unwrap_or(now));
        let rest = async {
            if AsyncWriteExt::shutdown(&mut self.stream).await.is_err() {
                return;
            }
            while !self.closed {
                self.unread.clear();
                if poll_fn(|context| self.poll_fill(context)).await.is_err() {
                    return;
                }
            }
        };
        // Whoever sends for longer than this has had its time.
        let _ = tokio::time::timeout(LINGER_TIME, rest).await;
    }
}

/// A read that brought nothing.
enum Given {
    /// Another connection needs the place.
    Up,
    Broken,
}

impl Body {
    /// Reads on; says how many of the bytes are the body's. Fewer than all only at its end.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        match self {
            Self::Length(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= count as u64;
                Ok(count)
            }
            Self::Chunked(chunks) => chunks.read(bytes),
            Self::Tunnel => Ok(bytes.len()),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_over(),
            Self::Tunnel => false,
        }
    }
}
