//! What must hold for every template, asked before anybody else sees it.

mod references;

use std::collections::{BTreeMap, BTreeSet};

use blueprint::Deployment;

use crate::error::RenderError;
use crate::render::StackKind;
use crate::resolved::Resolved;
use crate::template::Template;
use crate::user_data::longest_user_data;

/// Bytes of a template that goes inline, without a bucket to put it in first.
/// Source: CloudFormation quotas, "Template body size in a request".
pub const INLINE_BYTES: usize = 51_200;

/// Bytes of user data before base64. Source: EC2 user guide, "User data".
pub const USER_DATA_BYTES: usize = 16_384;

/// Resources of one template. Source: CloudFormation quotas.
const RESOURCES: usize = 500;

pub(crate) fn zones(deployment: &Deployment, resolved: &Resolved) -> Result<(), RenderError> {
    let wanted = usize::try_from(deployment.network.zones).unwrap_or(usize::MAX);
    let found = resolved.zones.iter().collect::<BTreeSet<_>>().len();
    if found == wanted && resolved.zones.len() == wanted {
        return Ok(());
    }
    Err(RenderError::Zones { wanted, found, zones: resolved.zones.join(", ") })
}

pub(crate) fn check(
    kind: StackKind,
    template: &Template,
    parameters: &BTreeMap<String, String>,
) -> Result<(), RenderError> {
    references::check(kind, template)?;
    let declared = template.parameters();
    let undeclared = parameters.keys().find(|name| !declared.contains_key(*name));
    let unset = declared.keys().find(|name| !parameters.contains_key(*name));
    if let Some(name) = undeclared.or(unset) {
        return Err(RenderError::Reference { stack: kind, name: name.clone() });
    }
    for (what, found, most) in [
        ("the size in bytes", template.to_text().len(), INLINE_BYTES),
        ("the user data in bytes", longest_user_data(template.as_json()), USER_DATA_BYTES),
        ("the number of resources", template.resources().len(), RESOURCES),
    ] {
        if found > most {
            return Err(RenderError::Limit { stack: kind, what, found, most });
        }
    }
    Ok(())
}
