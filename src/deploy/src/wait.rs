//! Waiting until somebody else's operation has ended.

use std::time::Duration;

use jiff::SignedDuration;

use crate::deployer::Deployer;
use crate::error::{DeployError, Result};

/// Waits until nothing is under way on a stack, `limit` at most. What it came to is no affair of ours.
///
/// # Errors
/// [`DeployError::Busy`] where it goes on longer, and when AWS does not answer.
pub async fn until_quiet(deployer: &Deployer<'_>, stack: &str, limit: Duration) -> Result<()> {
    let limit = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
    let begun = (deployer.now)();
    for wait in deployer.pace.waits() {
        let found = deployer.cloud.stack(stack).await?;
        let Some(found) = found.filter(|stack| stack.status.is_in_progress()) else {
            return Ok(());
        };
        if (deployer.now)().duration_since(begun) >= limit {
            let since = found.last_change();
            return Err(DeployError::Busy { stack: found.name, status: found.status, since });
        }
        tokio::time::sleep(wait).await;
    }
    unreachable!("waits never end")
}
