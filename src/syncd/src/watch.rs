//! Waiting for a journal to grow. However many clients wait for one space, this process looks at
//! its journal once per interval; what this process itself commits wakes them at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use protocol::id::SpaceId;
use store::Store;
use tokio::sync::watch;

/// After failures the poller slows down to at most this many intervals.
const SLOWEST: u32 = 16;

/// The watched spaces of this process.
#[derive(Clone)]
pub struct Watchers(Arc<Inner>);

struct Inner {
    store: Store,
    interval: Duration,
    spaces: Mutex<HashMap<SpaceId, Weak<Head>>>,
}

/// The newest sequence number known of one space. Lives as long as somebody waits.
struct Head {
    space: SpaceId,
    watchers: Weak<Inner>,
    seq: watch::Sender<u64>,
}

/// One client's wait.
pub struct Subscription {
    receiver: watch::Receiver<u64>,
    /// Keeps the poller going.
    _head: Arc<Head>,
}

impl Subscription {
    /// Returns as soon as the journal is known to reach beyond `after`.
    pub async fn beyond(&mut self, after: u64) {
        // The sender lives as long as this subscription, so waiting can't fail.
        let _ = self.receiver.wait_for(|seq| *seq > after).await;
    }
}

impl Watchers {
    pub fn new(store: Store, interval: Duration) -> Self {
        Self(Arc::new(Inner { store, interval, spaces: Mutex::default() }))
    }

    /// Starts waiting. Subscribe before reading the journal, so that nothing falls between.
    pub fn subscribe(&self, space: &SpaceId) -> Subscription {
        let mut spaces = self.0.lock();
        let head = spaces.get(space).and_then(Weak::upgrade);
        let head = head.unwrap_or_else(|| {
            let head = Arc::new(Head {
                space: space.clone(),
                watchers: Arc::downgrade(&self.0),
                seq: watch::Sender::new(0),
            });
            spaces.insert(space.clone(), Arc::downgrade(&head));
            tokio::spawn(poll(Arc::downgrade(&self.0), Arc::downgrade(&head)));
            head
        });
        Subscription { receiver: head.seq.subscribe(), _head: head }
    }

    /// Tells everybody who waits here that `space` reached `seq`.
    pub fn committed(&self, space: &SpaceId, seq: u64) {
        let head = self.0.lock().get(space).and_then(Weak::upgrade);
        if let Some(head) = head {
            head.reached(seq);
        }
    }

    /// Spaces that somebody waits for.
    pub fn watched(&self) -> usize {
        self.0.lock().len()
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SpaceId, Weak<Head>>> {
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Head {
    fn reached(&self, seq: u64) {
        self.seq.send_if_modified(|known| {
            let grew = seq > *known;
            *known = seq.max(*known);
            grew
        });
    }
}

impl Drop for Head {
    fn drop(&mut self) {
        let Some(watchers) = self.watchers.upgrade() else {
            return;
        };
        let mut spaces = watchers.lock();
        // A successor may stand there already.
        if spaces.get(&self.space).is_some_and(|head| head.strong_count() == 0) {
            spaces.remove(&self.space);
        }
    }
}

/// Looks at the journal until nobody waits any more.
async fn poll(watchers: Weak<Inner>, head: Weak<Head>) {
    let mut slowness = 1;
    loop {
        let Some(interval) = watchers.upgrade().map(|watchers| watchers.interval) else {
            return;
        };
        // A fifth more or less, so that servers started together do not ask together.
        let jitter = rand::random_range(0.8..1.2);
        tokio::time::sleep((interval * slowness).mul_f64(jitter)).await;
        let (Some(watchers), Some(head)) = (watchers.upgrade(), head.upgrade()) else {
            return;
        };
        match watchers.store.head(&head.space).await {
            Ok(seq) => {
                slowness = 1;
                head.reached(seq);
            }
            Err(error) => {
                slowness = (slowness * 2).min(SLOWEST);
                tracing::warn!(space = %head.space, %error, "could not look at a journal");
            }
        }
    }
}
