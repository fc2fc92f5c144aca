//! The accounts of a service on AWS, with the deployer's own credentials.

use std::collections::BTreeMap;
use std::sync::Arc;

use store::{Accounts, SystemClock};

use super::Session;
use crate::accounts::Entry;
use crate::error::{CliError, Kind, Result};

/// The accounts in the deployment's table.
pub(crate) fn accounts(session: &Session, outputs: &BTreeMap<String, String>) -> Result<Accounts> {
    let table = outputs.get("Table").ok_or_else(|| {
        CliError::new(Kind::Unavailable, "the data stack names no table")
            .hint("`syncctl up` completes it")
    })?;
    Ok(Accounts::new(session.aws().dynamodb(), table, Arc::new(SystemClock)))
}

/// Where clients come in.
pub(crate) fn entry(outputs: &BTreeMap<String, String>) -> Entry {
    Entry { endpoint: outputs.get("Endpoint").cloned().unwrap_or_default(), authority: None }
}
