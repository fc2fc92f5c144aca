//! Every outside service and everything that requests share.

use std::ops::Deref;
use std::sync::Arc;

use store::Store;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::drain::Drain;
use crate::limits::Limits;
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::watch::Watchers;

/// Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct AppState(Arc<App>);

pub struct App {
    pub config: Config,
    pub store: Store,
    pub metrics: Metrics,
    pub watchers: Watchers,
    pub drain: Drain,
    /// One permit per file that is streamed.
    pub content_streams: Arc<Semaphore>,
    pub(crate) limits: Limits,
    pub(crate) readiness: Readiness,
    /// Absent where no mail is sent.
    pub mailer: Option<Mailer>,
}

impl AppState {
    pub fn new(config: Config, store: Store, mailer: Option<Mailer>) -> Self {
        Self(Arc::new(App {
            metrics: Metrics::new(&config.instance),
            watchers: Watchers::new(store.clone(), config.watch_interval),
            drain: Drain::default(),
            content_streams: Arc::new(Semaphore::new(config.content_streams)),
            limits: Limits::default(),
            readiness: Readiness::default(),
            config,
            store,
            mailer,
        }))
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
