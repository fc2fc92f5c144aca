//! All or nothing.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::{Table, Write, pause};
use crate::error::{Result, StoreError, not_written, unavailable};
use crate::secret::random_bits;

/// Items that one transaction takes.
pub(crate) const MAX_ITEMS: usize = 100;

/// How often a transaction that met another one is tried again.
const ATTEMPTS: u32 = 12;

const CALL: &str = "DynamoDB TransactWriteItems";

/// What became of one item of a cancelled transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// This one would have gone through.
    None,
    ConditionFailed,
    /// Another transaction held the row, or the table was asked too much: try again.
    Busy,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// Nothing was written; one reason per item, in order.
    Cancelled(Vec<Reason>),
}

impl Outcome {
    pub(crate) fn is_done(&self) -> bool {
        *self == Self::Done
    }

    /// Whether the condition of item `index` is what stopped the transaction.
    pub(crate) fn failed_at(&self, index: usize) -> bool {
        match self {
            Self::Done => false,
            Self::Cancelled(reasons) => reasons.get(index) == Some(&Reason::ConditionFailed),
        }
    }
}

impl Table {
    /// Writes everything or nothing, waiting out other transactions and throttling.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] also where the reply was lost: the writes may have happened.
    pub(crate) async fn transact(&self, writes: Vec<Write>) -> Result<Outcome> {
        let requests = self.requests(writes)?;
        let token = token();
        for attempt in 0..ATTEMPTS {
            match self.transact_once(requests.clone(), &token).await? {
                Outcome::Cancelled(reasons) if is_only_busy(&reasons) => pause(attempt).await,
                outcome => return Ok(outcome),
            }
        }
        Err(unavailable(CALL, &"busy for too long"))
    }

    /// Like [`Table::transact`], but leaves waiting and deciding anew to the caller.
    pub(crate) async fn transact_now(&self, writes: Vec<Write>) -> Result<Outcome> {
        self.transact_once(self.requests(writes)?, &token()).await
    }

    fn requests(&self, writes: Vec<Write>) -> Result<Vec<TransactWriteItem>> {
        debug_assert!(writes.len() <= MAX_ITEMS, "too many items");
        let requests = writes.into_iter().map(|write| write.into_request(&self.name));
        requests.collect::<Result<_, _>>().map_err(|error| StoreError::Internal(error.to_string()))
    }

    async fn transact_once(&self, items: Vec<TransactWriteItem>, token: &str) -> Result<Outcome> {
        let call = self.client.transact_write_items().client_request_token(token);
        match call.set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => cancelled(&error).ok_or_else(|| not_written(CALL, &error)),
        }
    }

    /// A single conditional write; false where its condition does not hold.
    pub(crate) async fn write(&self, write: Write) -> Result<bool> {
        Ok(self.transact(vec![write]).await?.is_done())
    }
}

/// One for all attempts at the same writes: where the answer to the one that succeeded was lost, the next is answered like
/// it, instead of with a condition that its own writes have broken.
fn token() -> String {
    format!("{:032x}", random_bits())
}

fn is_only_busy(reasons: &[Reason]) -> bool {
    reasons.contains(&Reason::Busy) && !reasons.contains(&Reason::ConditionFailed)
}

fn cancelled(error: &SdkError<TransactWriteItemsError>) -> Option<Outcome> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            let reasons = cancelled.cancellation_reasons().iter();
            let reasons = reasons.map(|reason| match reason.code() {
                None | Some("None") => Some(Reason::None),
                Some("ConditionalCheckFailed") => Some(Reason::ConditionFailed),
                Some(
                    "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded",
                ) => Some(Reason::Busy),
                // Item sizes or validation: a defect of ours, for the log.
                Some(_) => None,
            });
            reasons.collect::<Option<_>>().map(Outcome::Cancelled)
        }
        TransactWriteItemsError::TransactionInProgressException(_)
        | TransactWriteItemsError::ProvisionedThroughputExceededException(_)
        | TransactWriteItemsError::RequestLimitExceeded(_) => {
            Some(Outcome::Cancelled(vec![Reason::Busy]))
        }
        _ => None,
    }
}
