//! What a deployment needs to know about the world.

use blueprint::values::Architecture;

/// SHA-256 in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Digest(String);

impl Sha256Digest {
    /// Takes 64 lower-case hexadecimal digits; `None` for anything else.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 64 && text.bytes().all(digit)).then(|| Self(text.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Looked up when a deployment is planned. What would move by itself (`zones`, `image`, `first_servers`) is taken
/// from the deployed parameters where there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Names of the zones, as many as `network.zones`, all offering the instance type.
    pub zones: Vec<String>,
    /// Id of the image that servers boot from.
    pub image: String,
    /// The server program.
    pub release: Sha256Digest,
    /// Servers at the group's creation. Never changed afterwards: CloudFormation leaves the group's size alone
    /// only as long as this stays the same.
    pub first_servers: u32,
    /// Whether the table refuses to be deleted by now; comes on after the first verification.
    pub table_protection: bool,
    /// ARN of the key that an earlier deployment of this name left behind, found by its alias.
    pub kept_key: Option<String>,
    /// Whether the Region offers a private endpoint for SES's API (`com.amazonaws.REGION.email`). Asked for with
    /// `egress: endpoints` only.
    pub mail_endpoint: bool,
    /// Who deploys, for the tag: an ARN or a name.
    pub owner: String,
    /// When the deployment may be torn down, as RFC 3339 in UTC; `None` without `ttl`. It makes a preview of it.
    pub expires: Option<String>,
}

/// Where a release lies in the artifact bucket: `releases/SHA256/ARCHITECTURE/syncd`.
#[must_use]
pub fn release_key(release: &Sha256Digest, architecture: Architecture) -> String {
    format!("releases/{}/{}/syncd", release.as_str(), architecture_name(architecture))
}

pub(crate) const fn architecture_name(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86 => "x86_64",
        Architecture::Arm => "arm64",
    }
}
