//! The tags of both stacks, which CloudFormation puts on everything in them.

use std::collections::BTreeMap;

use blueprint::Deployment;

use crate::resolved::Resolved;

/// Everything there is to know about a deployment without a state file: who it belongs to, how long it may live,
/// what it runs. A blueprint's own tags cannot begin with `syncctl:`.
#[must_use]
pub fn tags(deployment: &Deployment, resolved: &Resolved) -> BTreeMap<String, String> {
    let mut tags = deployment.tags.clone();
    let mut own =
        |name: &str, value: &str| tags.insert(format!("syncctl:{name}"), value.to_owned());
    own("name", deployment.name.as_str());
    own("owner", &resolved.owner);
    own("release", resolved.release.as_str());
    own("blueprint", &deployment.digest());
    if let Some(expires) = &resolved.expires {
        own("expires", expires);
    }
    tags
}
