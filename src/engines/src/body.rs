use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// The body of a request, which fails when the client falls silent.
pub(crate) struct RequestBody {
    inner: Incoming,
    idle: Duration,
    /// Running while nothing comes; a slow disk of ours stops no clock.
    silence: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

/// Why a body ended before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the request body brought nothing for {} ms", .0.as_millis())]
    Stalled(Duration),
    #[error("cannot read the request body: {0}")]
    Connection(#[from] hyper::Error),
}

impl RequestBody {
    pub(crate) fn new(inner: Incoming, idle: Duration) -> Self {
        Self { inner, idle, silence: None, waiting: false }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            this.waiting = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)));
        }
        let idle = this.idle;
        let silence = this.silence.get_or_insert_with(|| Box::pin(sleep(idle)));
        if !this.waiting {
            this.waiting = true;
            silence.as_mut().reset(Instant::now() + idle);
        }
        ready!(silence.as_mut().poll(context));
        Poll::Ready(Some(Err(BodyError::Stalled(idle))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
