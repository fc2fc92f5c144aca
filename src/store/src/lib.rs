//! The data model on DynamoDB, S3 and STS: journal, commits, versions, sessions, accounts.
//!
//! One table holds every row (`row` lists them), one bucket every chunk. A space changes only by
//! [`Store::commit`], one transaction whose conditional put of journal row *n + 1* is the whole
//! concurrency control. Bytes are uploaded by clients straight to the bucket; this crate only
//! looks whether they arrived, and reads them back for those who can't read them themselves.
//!
//! Nothing here knows HTTP routes. Whatever goes wrong with a dependency is
//! [`StoreError::Unavailable`]; "not there" is only ever said after a successful strong read.

pub mod accounts;
pub mod commit;
pub mod outbox;
pub mod read;

mod access;
mod changes;
mod check;
mod clock;
mod config;
mod error;
mod extents;
mod files;
mod member;
mod path;
mod row;
mod secret;
mod session;
mod space;
mod table;

use std::sync::Arc;

pub use access::session_prefix;
pub use accounts::{Account, AccountState, Accounts, Identity, Invitation, PendingInvitation};
pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{Clients, StoreConfig};
pub use error::{Result, StoreError};
pub use outbox::{Digest, Outbox};
pub use read::{ContentStream, OpenFile};
pub use secret::Secret;

use access::CredentialCache;
use commit::{ProofPlaces, Turns};
use read::Damaged;
use table::Table;

/// The whole data model. Cheap to clone; all clones share caches.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    config: StoreConfig,
    clients: Clients,
    clock: Arc<dyn Clock>,
    table: Table,
    accounts: Accounts,
    credentials: CredentialCache,
    turns: Turns,
    proof_places: ProofPlaces,
    damaged: Damaged,
}

impl Store {
    pub fn new(config: StoreConfig, clients: Clients, clock: Arc<dyn Clock>) -> Self {
        let table = Table::new(clients.dynamodb.clone(), &config.table);
        let accounts = Accounts::with_table(table.clone(), Arc::clone(&clock))
            .token_lifetime(config.token_lifetime);
        Self {
            inner: Arc::new(Inner {
                config,
                clients,
                clock,
                table,
                accounts,
                credentials: CredentialCache::default(),
                turns: Turns::default(),
                proof_places: ProofPlaces::default(),
                damaged: Damaged::default(),
            }),
        }
    }

    pub fn accounts(&self) -> &Accounts {
        &self.inner.accounts
    }

    pub fn outbox(&self) -> Outbox {
        Outbox::new(self.clone())
    }

    /// To be called at start: refuses data that only a newer release can read, and marks a new
    /// table as one of this release.
    ///
    /// # Errors
    /// [`StoreError::NewerFormat`]; [`StoreError::Unavailable`] where the table does not answer yet.
    pub async fn claim_format(&self) -> Result<()> {
        self.inner.table.claim_format().await
    }

    /// Whether table and bucket answer right now, and hold data that this release can read.
    pub async fn ready(&self) -> Result<()> {
        let bucket = async {
            let head = self.inner.clients.s3.head_bucket();
            head.bucket(&self.inner.config.bucket)
                .send()
                .await
                .map(drop)
                .map_err(|error| error::unavailable("S3 HeadBucket", &error))
        };
        tokio::try_join!(self.inner.table.ready(), bucket).map(drop)
    }

    fn now(&self) -> jiff::Timestamp {
        self.inner.clock.now()
    }
}
