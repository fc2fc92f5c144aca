//! The templates of a deployment without looking at the world: only the types in them count.

use std::collections::BTreeSet;

use blueprint::Deployment;
use stack::{RenderError, Rendered, Resolved, Sha256Digest};

/// Both stacks, with made-up values. What could be there or not is there: a policy may grant what is not needed in
/// the end, such as the key that an earlier deployment left behind, but must not lack what is.
pub(super) fn render(deployment: &Deployment) -> Result<Rendered, RenderError> {
    let letters = ('a'..='z').take(deployment.network.zones as usize);
    let resolved = Resolved {
        zones: letters.map(|letter| format!("{}{letter}", deployment.region)).collect(),
        image: "ami-0".to_owned(),
        release: Sha256Digest::new(&"0".repeat(64)).expect("64 digits"),
        first_servers: deployment.servers.desired,
        table_protection: deployment.database.protect,
        kept_key: None,
        mail_endpoint: true,
        owner: String::new(),
        expires: None,
    };
    stack::render(deployment, &resolved)
}

pub(super) fn types(rendered: &Rendered) -> BTreeSet<String> {
    let stacks = [&rendered.data, &rendered.app];
    let resources = stacks.into_iter().flat_map(|stack| stack.template.resources().values());
    resources.filter_map(|resource| resource["Type"].as_str().map(str::to_owned)).collect()
}
