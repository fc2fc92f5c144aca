//! What the deployer asks of AWS, as small traits with types of our own.
//!
//! `deploy` decides, this crate asks. Behind the feature `aws` is the real client, the only place of the workspace
//! that knows the deployer's SDKs. Behind the feature `fake`, for tests, are a cloud of plain data and a wrapper that
//! makes calls fail.
//!
//! Every call is retried with growing, random pauses by the client itself, as often as its settings say. An error
//! that comes out of here has had its retries.

mod error;
mod fleet;
mod region;
mod resources;
mod stacks;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "fake")]
pub mod failing;
#[cfg(feature = "fake")]
pub mod fake;

pub use error::{CloudError, Reason, Result};
pub use fleet::{Activity, Fleet, Group, LogLine, Member, Refresh, TargetHealth};
pub use region::{
    Caller, CertificateState, DnsRecord, ImageFacts, MailAccount, MailIdentityState, Region,
};
pub use resources::{BucketContents, Emptied, Object, Resources, TableFacts, Upload};
pub use stacks::{
    ChangeAction, ChangeDetail, ChangeSet, ChangeSetKind, ChangeSetRequest, ChangeSetStatus,
    ChangeSetSummary, Deletion, DriftDetection, DriftedProperty, DriftedResource, Execution,
    PolicyAction, Replacement, ResourceChange, StackEvent, StackResource, StackStatus,
    StackSummary, Stacks, Validation,
};

/// Everything the deployer asks of a cloud.
pub trait Cloud: Stacks + Resources + Fleet + Region {}

impl<T: Stacks + Resources + Fleet + Region> Cloud for T {}
