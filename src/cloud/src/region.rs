//! The account and the Region: who asks, and what is there to build with.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::Result;

/// STS, EC2, Systems Manager, Service Quotas, ACM and SES, as far as the deployer asks them.
#[async_trait]
pub trait Region: Send + Sync {
    /// Name of the Region that is asked.
    fn region(&self) -> &str;
    /// Who the credentials belong to.
    async fn caller(&self) -> Result<Caller>;
    /// Whether the account has the Region switched on.
    async fn is_opted_in(&self) -> Result<bool>;
    /// Zones offering an instance type, sorted by name.
    async fn zones_offering(&self, instance_type: &str) -> Result<Vec<String>>;
    /// The image a public parameter points at now.
    async fn image_of_parameter(&self, parameter: &str) -> Result<String>;
    /// Facts of an image; `None` where there is none.
    async fn image(&self, id: &str) -> Result<Option<ImageFacts>>;
    /// Whether the Region has a private endpoint service of this name.
    async fn has_endpoint_service(&self, service: &str) -> Result<bool>;
    /// A quota that applies to the account; `None` where Service Quotas does not know it.
    async fn quota(&self, service: &str, code: &str) -> Result<Option<f64>>;
    /// How many virtual processors of standard On-Demand instances run now.
    async fn running_vcpus(&self) -> Result<u32>;
    /// How many VPCs there are.
    async fn vpcs(&self) -> Result<u32>;
    /// How many application load balancers there are.
    async fn load_balancers(&self) -> Result<u32>;
    /// A certificate; `None` where there is none.
    async fn certificate(&self, arn: &str) -> Result<Option<CertificateState>>;
    /// What SES lets the account do.
    async fn mail_account(&self) -> Result<MailAccount>;
    /// A mail identity; `None` where there is none.
    async fn mail_identity(&self, identity: &str) -> Result<Option<MailIdentityState>>;
}

/// Who the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Account id, 12 digits.
    pub account: String,
    /// ARN of the user or the role session.
    pub arn: String,
    /// When these credentials end; `None` where they do not, or do not say. CloudFormation works with those that an
    /// operation was begun with, also where the caller gets new ones meanwhile.
    pub expires: Option<Timestamp>,
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFacts {
    /// Id.
    pub id: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Name.
    pub name: Option<String>,
    /// For example `available`.
    pub state: String,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateState {
    /// For example `ISSUED`, `PENDING_VALIDATION`.
    pub status: String,
    /// Names it is good for.
    pub names: Vec<String>,
    /// Records that prove the names, for a certificate that waits.
    pub records: Vec<DnsRecord>,
}

/// A record of the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRecord {
    /// Name.
    pub name: String,
    /// `CNAME`, `TXT` …
    pub kind: String,
    /// Value.
    pub value: String,
}

/// What SES lets the account do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAccount {
    /// Out of the sandbox: mail goes to everybody, not to verified addresses only.
    pub has_production_access: bool,
    /// Not suspended.
    pub can_send: bool,
    /// Mails in 24 hours.
    pub daily_quota: u64,
}

/// A mail identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailIdentityState {
    /// Whether mail can be sent from it.
    pub is_verified: bool,
    /// For example `PENDING`, `SUCCESS`.
    pub dkim_status: String,
    /// Records that Easy DKIM asks for.
    pub records: Vec<DnsRecord>,
}
