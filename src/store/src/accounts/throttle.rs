//! Slows guessing down: every attempt under a login is counted before it is looked at.
//!
//! The count is a compare-and-set, so that attempts sent all at once can't slip through together.
//! Names without an account are counted too. The price is that somebody can keep another person's
//! login waiting, fifteen minutes at most; sessions already open are not touched.
//!
//! Who tries many logins from one address is counted as well, failures only.

use std::time::Duration;

use super::Accounts;
use crate::error::{Result, StoreError};
use crate::row::token::{SourceRow, ThrottleRow};
use crate::table::{Expression, Write, pause};

/// Attempts without delay.
const FREE: u64 = 10;

/// The longest delay in seconds.
const LONGEST: u64 = 15 * 60;

/// Failures are forgotten so long after the last one.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

/// How often an attempt that met another one is counted anew.
const ATTEMPTS: u32 = 6;

/// Failures of one source are counted for so long, then anew.
pub const SOURCE_WINDOW: Duration = Duration::from_secs(60);

/// What every server together knows of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceFailures {
    /// In this window, with the one that was just counted.
    pub count: u64,
    /// Until the next window begins.
    pub left: Duration,
}

impl Accounts {
    /// Counts a failed attempt of a source, such as an address, and tells the sum over all servers.
    pub async fn count_source_failure(&self, source: &str) -> Result<SourceFailures> {
        let now = self.clock.now().as_second();
        let length = i64::try_from(SOURCE_WINDOW.as_secs()).unwrap_or(i64::MAX);
        let window = now.div_euclid(length);
        let ends = (window + 1) * length;
        let key = SourceRow::key_of(source, window);
        let counted = Write::Update {
            key: key.clone(),
            update: Expression::new("SET #expires_at = :ends ADD #failures :one")
                .number(":ends", ends)
                .number(":one", 1_u64),
            condition: None,
        };
        self.table.write(counted).await?;
        let row = self.table.get::<SourceRow>(&key).await?;
        let left = Duration::from_secs(u64::try_from(ends - now).unwrap_or(0));
        Ok(SourceFailures { count: row.map_or(1, |row| row.failures), left })
    }

    /// Counts an attempt, or refuses it.
    pub(super) async fn count_attempt(&self, login: &str) -> Result<()> {
        for attempt in 0..ATTEMPTS {
            let now = self.clock.now();
            let row = self.table.get::<ThrottleRow>(&ThrottleRow::key_of(login)).await?;
            if let Some(row) = row.as_ref().filter(|row| row.blocked_until > now) {
                let retry_after = row.blocked_until.duration_since(now).unsigned_abs();
                return Err(StoreError::TooManyRequests { retry_after });
            }
            let condition = match &row {
                None => Expression::absent(),
                Some(row) => Expression::new("#failures = :seen").number(":seen", row.failures),
            };
            let remembered = row.filter(|row| row.expires_at > now);
            let failures = remembered.map_or(0, |row| row.failures) + 1;
            let next = ThrottleRow {
                login: login.to_owned(),
                failures,
                blocked_until: now + delay(failures),
                expires_at: now + MEMORY,
            };
            if self.table.write(Write::put_if(&next, condition)).await? {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(StoreError::TooManyRequests { retry_after: Duration::from_secs(1) })
    }

    /// The attempt succeeded: everything before it is forgiven.
    pub(super) async fn forgive(&self, login: &str) -> Result<()> {
        let delete = Write::Delete { key: ThrottleRow::key_of(login), condition: None };
        self.table.write(delete).await.map(drop)
    }
}

fn delay(failures: u64) -> Duration {
    match failures.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(over) => Duration::from_secs((1 << over.min(20)).min(LONGEST)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_and_ends() {
        let seconds = |failures| delay(failures).as_secs();
        assert_eq!([1, 9, 10, 11, 12, 15].map(seconds), [0, 0, 1, 2, 4, 32]);
        assert_eq!(seconds(1_000), LONGEST);
    }
}
