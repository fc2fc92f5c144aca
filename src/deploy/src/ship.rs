//! Puts the server program where instances fetch it.

use cloud::Upload;
use stack::{Purpose, bucket_name, release_key};

use crate::deployer::Deployer;
use crate::error::{DeployError, Result};
use crate::events::{Event, Step};
use crate::planner::Prepared;

/// Uploads the release unless it is there.
///
/// # Errors
/// When the bucket is gone, or the upload fails. Content is addressed by its digest: nothing is overwritten.
pub(crate) async fn ship(deployer: &Deployer<'_>, prepared: &Prepared) -> Result<()> {
    if !prepared.plan.has_changes() {
        return Ok(());
    }
    let release = deployer.release()?;
    let (account, region) = (&prepared.observed.caller.account, deployer.cloud.region());
    let bucket = bucket_name(&deployer.deployment().name, Purpose::Artifacts, account, region);
    let key = release_key(&release.digest, release.elf.architecture);
    if !deployer.cloud.bucket_exists(&bucket).await? {
        return Err(DeployError::NotReady(format!(
            "the bucket {bucket} is not there, so instances could not fetch the server program"
        )));
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
    let work = async {
        deployer.cloud.upload(upload).await?;
        deployer.tell(Event::Shipped { sha256, bytes: release.size });
        Ok(())
    };
    deployer.step(Step::Ship, work).await
}
