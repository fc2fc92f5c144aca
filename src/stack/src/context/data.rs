use blueprint::Deployment;
use blueprint::deployment::Manage;
use serde::Serialize;
use serde_json::Value;

use super::entry::web_origin;
use super::shared::{Key, Names, mail_domain};
use crate::resolved::Resolved;

const DAY: u64 = 86_400;

/// For the files of `templates/stack/data`.
#[derive(Serialize)]
pub(crate) struct DataContext {
    name: String,
    names: Names,
    /// What becomes of data when the deployment is destroyed. What a failed creation leaves is always removed, and
    /// this policy also lets the next deployment adopt what is left.
    deletion: &'static str,
    /// The same for a change that CloudFormation can only make by replacing.
    deletion_on_replace: &'static str,
    versions_days: u64,
    point_in_time_recovery: bool,
    key: Option<KeyArn>,
    #[serde(skip)]
    pub(crate) creates_key: bool,
    web_origin: String,
    pub(crate) mail: Option<CreatedMail>,
    /// Whether it has an end.
    pub(crate) preview: bool,
}

#[derive(Serialize)]
struct KeyArn {
    arn: Value,
}

/// A mail identity of the deployment's own.
#[derive(Serialize)]
pub(crate) struct CreatedMail {
    identity: String,
    domain: Option<String>,
    zone: Option<String>,
}

impl DataContext {
    pub(crate) fn new(deployment: &Deployment, resolved: &Resolved) -> Self {
        let retain = deployment.storage.content.retain;
        let key = Key::of(deployment, resolved);
        Self {
            name: deployment.name.to_string(),
            names: Names::new(deployment),
            deletion: if retain { "RetainExceptOnCreate" } else { "Delete" },
            deletion_on_replace: if retain { "Retain" } else { "Delete" },
            versions_days: deployment.storage.content.versions.seconds().div_ceil(DAY),
            point_in_time_recovery: deployment.database.point_in_time_recovery,
            creates_key: matches!(key, Some(Key::Created)),
            key: key.map(|key| KeyArn { arn: key.arn() }),
            web_origin: web_origin(deployment),
            mail: created_mail(deployment),
            preview: resolved.expires.is_some(),
        }
    }
}

fn created_mail(deployment: &Deployment) -> Option<CreatedMail> {
    let email = &deployment.email;
    let identity = email.identity.as_ref().filter(|_| email.manage == Manage::Create)?;
    Some(CreatedMail {
        identity: identity.to_string(),
        domain: mail_domain(identity),
        zone: email.zone.as_ref().map(ToString::to_string),
    })
}
