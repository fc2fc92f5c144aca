use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

/// A body that counts what really passes, frame by frame.
pub(super) struct Counted<F> {
    body: Body,
    total: Arc<AtomicU64>,
    on_bytes: F,
}

impl<F: Fn(u64)> Counted<F> {
    pub(super) fn new(body: Body, total: Arc<AtomicU64>, on_bytes: F) -> Self {
        Self { body, total, on_bytes }
    }
}

impl<F: Fn(u64) + Unpin> HttpBody for Counted<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            let bytes = data.len() as u64;
            self.total.fetch_add(bytes, Ordering::Relaxed);
            (self.on_bytes)(bytes);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
