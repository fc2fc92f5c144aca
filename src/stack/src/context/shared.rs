//! What both templates need to know.

use blueprint::Deployment;
use blueprint::values::{MailIdentity, StorageKey};
use serde::Serialize;
use serde_json::{Value, json};

use crate::names::{Purpose, fixed};
use crate::resolved::Resolved;

/// Fixed names, as `Fn::Sub` takes them.
#[derive(Serialize)]
pub(crate) struct Names {
    content: String,
    artifacts: String,
    logs: String,
    table: String,
    key: String,
    group: String,
}

impl Names {
    pub(crate) fn new(deployment: &Deployment) -> Self {
        let name = |purpose| fixed(&deployment.name, purpose);
        Self {
            content: name(Purpose::Content),
            artifacts: name(Purpose::Artifacts),
            logs: name(Purpose::Logs),
            table: name(Purpose::Metadata),
            key: name(Purpose::Key),
            group: name(Purpose::Servers),
        }
    }
}

/// The key of the content bucket.
pub(crate) enum Key {
    /// Made with the data stack.
    Created,
    /// There already: the blueprint names it, or an earlier deployment left it behind.
    Existing(String),
}

impl Key {
    pub(crate) fn of(deployment: &Deployment, resolved: &Resolved) -> Option<Self> {
        match (&deployment.storage.key, &resolved.kept_key) {
            (StorageKey::None, _) => None,
            (StorageKey::Existing(arn), _) => Some(Self::Existing(arn.to_string())),
            (StorageKey::Create, Some(kept)) => Some(Self::Existing(kept.clone())),
            (StorageKey::Create, None) => Some(Self::Created),
        }
    }

    /// For the bucket, in the stack that makes the key.
    pub(crate) fn arn(&self) -> Value {
        match self {
            Self::Created => json!({"Fn::GetAtt": ["Key", "Arn"]}),
            Self::Existing(arn) => json!(arn),
        }
    }

    /// For policies of the other stack, which knows a created key by its alias only.
    pub(crate) fn resource(&self) -> Value {
        match self {
            Self::Created => {
                json!({"Fn::Sub": "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/*"})
            }
            Self::Existing(arn) => json!(arn),
        }
    }

    pub(crate) fn condition(&self, names: &Names) -> Value {
        let through_s3 = json!({"kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.amazonaws.com"}});
        match self {
            Self::Created => json!({
                "StringEquals": through_s3,
                "ForAnyValue:StringEquals": {
                    "kms:ResourceAliases": {"Fn::Sub": format!("alias/{}", names.key)},
                },
            }),
            Self::Existing(_) => json!({"StringEquals": through_s3}),
        }
    }
}

/// The domain of a mail identity; an address has none of its own.
pub(crate) fn mail_domain(identity: &MailIdentity) -> Option<String> {
    match identity {
        MailIdentity::Domain(domain) => Some(domain.to_string()),
        MailIdentity::Address(_) => None,
    }
}
