//! Puts the server program where instances fetch it.

use std::time::Duration;

use cloud::{Reason, Upload};
use stack::{Purpose, bucket_name, release_key};

use crate::deployer::Deployer;
use crate::error::Result;
use crate::events::{Event, Step};
use crate::planner::Prepared;

/// Longest wait for the bucket, counted from the beginning of the data stack's change.
const LONGEST: Duration = Duration::from_secs(20 * 60);

/// Uploads the release unless it is there, waiting for the bucket if the data stack is still making it.
///
/// # Errors
/// When the bucket does not come, or the upload fails. Content is addressed by its digest: nothing is overwritten.
pub(crate) async fn ship(deployer: &Deployer<'_>, prepared: &Prepared) -> Result<()> {
    if !prepared.plan.has_changes() {
        return Ok(());
    }
    let release = deployer.release()?;
    let (account, region) = (&prepared.observed.caller.account, deployer.cloud.region());
    let bucket = bucket_name(&deployer.deployment().name, Purpose::Artifacts, account, region);
    let key = release_key(&release.digest, release.elf.architecture);
    if !wait_for(deployer, &bucket).await? {
        // The data stack has failed or hangs; its own error says more than ours could.
        return Ok(());
    }
    let there =
        deployer.cloud.object(&bucket, &key).await?.is_some_and(|it| it.size == release.size);
    let sha256 = release.digest.as_str().to_owned();
    if there {
        deployer.tell(Event::Shipped { sha256, bytes: 0 });
        return Ok(());
    }
    let upload =
        Upload { bucket: &bucket, key: &key, file: &release.path, sha256: release.digest.as_str() };
    deployer.step(Step::Ship, deployer.cloud.upload(upload)).await?;
    deployer.tell(Event::Shipped { sha256, bytes: release.size });
    Ok(())
}

/// Whether the bucket is there, at the latest when the data stack has come to its end.
async fn wait_for(deployer: &Deployer<'_>, bucket: &str) -> Result<bool> {
    let stack = stack::stack_name(&deployer.deployment().name, stack::StackKind::Data);
    let begun = tokio::time::Instant::now();
    for wait in deployer.pace.waits() {
        match deployer.cloud.bucket_exists(bucket).await {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            // A bucket that was just made may refuse for a moment.
            Err(error) if error.reason == Reason::Denied => {}
            Err(error) => return Err(error.into()),
        }
        let stack = deployer.cloud.stack(&stack).await?;
        let under_way =
            stack.is_some_and(|stack| stack.status.is_in_progress() || stack.status.is_in_review());
        if begun.elapsed() > LONGEST || (!under_way && begun.elapsed() > deployer.pace.longest) {
            return Ok(deployer.cloud.bucket_exists(bucket).await?);
        }
        tokio::time::sleep(wait).await;
    }
    unreachable!("waits never end")
}
