//! The tags of both stacks, which CloudFormation puts on everything in them.

use std::collections::BTreeMap;

use blueprint::Deployment;

use crate::resolved::Resolved;

/// Whose a deployment is, and whether it is a preview, without a state file. A blueprint's own tags cannot begin with
/// `syncctl:`.
///
/// What changes often is no tag: CloudFormation would touch every resource of both stacks, buckets and table too,
/// for each new release or each extended preview, and might replace the launch template with it. The release and
/// the expiry are parameters, the blueprint's digest an output.
#[must_use]
pub fn tags(deployment: &Deployment, resolved: &Resolved) -> BTreeMap<String, String> {
    let mut tags = deployment.tags.clone();
    let mut own =
        |name: &str, value: &str| tags.insert(format!("syncctl:{name}"), value.to_owned());
    own("name", deployment.name.as_str());
    own("owner", &resolved.owner);
    if resolved.expires.is_some() {
        own("preview", "true");
    }
    tags
}
