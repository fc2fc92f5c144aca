//! Names that are known before anything exists.
//!
//! Retained resources and the group have fixed names, so that one stack can refer to the other's without waiting
//! for it, and the next `up` can adopt what an earlier deployment left behind. CloudFormation names all the rest.

use blueprint::StackName;

use crate::render::StackKind;

/// What a fixed name is for, as it stands in the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Bucket with the content of files.
    Content,
    /// Bucket with the releases.
    Artifacts,
    /// Bucket with the logs of requests.
    Logs,
    /// Table with names, versions and accounts.
    Metadata,
    /// Alias of the content's key.
    Key,
    /// The group of servers.
    Servers,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Artifacts => "artifacts",
            Self::Logs => "logs",
            Self::Metadata => "metadata",
            Self::Key => "key",
            Self::Servers => "servers",
        }
    }
}

/// `NAME-purpose-ACCOUNT-REGION`, for one account. At most 62 characters; S3 takes 63.
#[must_use]
pub fn bucket_name(name: &StackName, purpose: Purpose, account: &str, region: &str) -> String {
    format!("{name}-{}-{account}-{region}", purpose.as_str())
}

/// The same as CloudFormation puts it together, for `Fn::Sub`.
pub(crate) fn fixed(name: &StackName, purpose: Purpose) -> String {
    bucket_name(name, purpose, "${AWS::AccountId}", "${AWS::Region}")
}

/// `NAME-data` and `NAME`.
#[must_use]
pub fn stack_name(name: &StackName, kind: StackKind) -> String {
    match kind {
        StackKind::Data => format!("{name}-data"),
        StackKind::App => name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, bucket_name};
    use blueprint::StackName;

    #[test]
    fn the_longest_name_fits_s3() {
        let name = StackName::new("abcdefghijklmnopqrstuvwx").unwrap();
        let bucket = bucket_name(&name, Purpose::Artifacts, "123456789012", "ap-southeast-5");
        assert_eq!(bucket.len(), 62);
    }
}
