//! A newer image than the deployed one.

use super::unchecked;
use crate::deployer::Deployer;
use crate::lookup;
use crate::observe::Observed;
use crate::plan::{Level, Notice};

pub(super) async fn check(deployer: &Deployer<'_>, observed: &Observed) -> Vec<Notice> {
    let deployment = deployer.deployment();
    // An image that the blueprint names is the blueprint's affair.
    if deployment.servers.image.id().is_some() {
        return Vec::new();
    }
    let Some(deployed) = lookup::deployed_image(deployment, observed) else { return Vec::new() };
    let newest = match lookup::newest_image(deployer.cloud, deployment).await {
        Ok(newest) => newest,
        Err(crate::DeployError::Call(error)) => {
            return unchecked("whether there is a newer image", &error);
        }
        Err(_) => return Vec::new(),
    };
    if newest == deployed {
        return Vec::new();
    }
    vec![Notice {
        level: Level::Note,
        text: format!("Servers boot from {deployed}, and Amazon has published {newest} since."),
        advice: Some("roll it when you like: syncctl image bump".to_owned()),
        line: None,
    }]
}
