//! A file on its way to a client that may read slowly, or not at all.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt as _};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{self, Sender};

/// How long a client may take for one frame.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes handed over at once: small enough that slow lines count as progress.
const FRAME: usize = 64 * 1024;

/// `content` in frames. It is read by a task of its own, which ends, and gives the permit back,
/// when the content is out, the client is gone, or `patience` went by without progress: while a
/// client does not read, nobody asks the body for more, so the body itself could not notice.
pub(crate) fn paced(
    content: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    permit: OwnedSemaphorePermit,
    patience: Duration,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut content = pin!(content);
        while let Some(piece) = content.next().await {
            if hand_over(piece, &sender, patience).await.is_err() {
                break;
            }
        }
        drop(permit);
    });
    // Where the task gave up, the body is shorter than announced, and its connection breaks.
    stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
}

/// Nobody takes any more.
struct Ended;

async fn hand_over(
    piece: io::Result<Bytes>,
    sender: &Sender<io::Result<Bytes>>,
    patience: Duration,
) -> Result<(), Ended> {
    let mut bytes = match piece {
        Ok(bytes) => bytes,
        Err(error) => {
            return sender.send_timeout(Err(error), patience).await.map_err(|_| Ended);
        }
    };
    while !bytes.is_empty() {
        let frame = bytes.split_to(bytes.len().min(FRAME));
        if let Err(error) = sender.send_timeout(Ok(frame), patience).await {
            tracing::info!(%error, "content was not read to its end");
            return Err(Ended);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    fn pieces() -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        stream::iter((0..3_u8).map(|n| Ok(Bytes::from(vec![n; FRAME + 1]))))
    }

    #[tokio::test]
    async fn everything_arrives_and_the_place_is_free_again() {
        let places = Arc::new(Semaphore::new(1));
        let permit = Arc::clone(&places).try_acquire_owned().unwrap();
        let frames: Vec<_> = paced(pieces(), permit, PATIENCE).collect().await;
        let bytes: Vec<u8> = frames.into_iter().flat_map(|frame| frame.unwrap()).collect();
        let expected: Vec<u8> = (0..3_u8).flat_map(|n| vec![n; FRAME + 1]).collect();
        assert!(bytes == expected);
        drop(places.acquire().await.unwrap());
    }

    #[tokio::test]
    async fn who_stops_reading_loses_the_place() {
        let places = Arc::new(Semaphore::new(1));
        let permit = Arc::clone(&places).try_acquire_owned().unwrap();
        let body = paced(pieces(), permit, Duration::from_millis(20));
        drop(places.acquire().await.unwrap());
        assert_eq!(body.count().await, 1, "what was waiting for the client, and no more");
    }
}
