//! Why a deployment did not become what was asked for.

use cloud::{CloudError, StackStatus};

use crate::explain::Cause;
use crate::plan::Notice;

/// A failed operation on a deployment.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// AWS did not do what it was asked.
    #[error("{0}")]
    Call(#[from] CloudError),
    /// The blueprint has no templates.
    #[error("{0}")]
    Render(#[from] stack::RenderError),
    /// A deployed template cannot be compared.
    #[error("{0}")]
    Diff(#[from] crate::diff::DiffError),
    /// A stack has one of our names and was not made by `syncctl`.
    #[error("there is a stack {stack} already, and syncctl did not make it")]
    Foreign {
        /// Name of the stack.
        stack: String,
    },
    /// A bucket of one of our names is there, and may not be looked at.
    #[error(
        "there is a bucket {bucket} that these credentials may not look at, perhaps in another account: {error}"
    )]
    Taken {
        /// Name of the bucket.
        bucket: String,
        /// S3's words.
        error: Box<CloudError>,
    },
    /// Somebody else is at work on a stack.
    #[error("{stack} is busy: {status} since {since}")]
    Busy {
        /// Name of the stack.
        stack: String,
        /// What is being done.
        status: StackStatus,
        /// Since when.
        since: jiff::Timestamp,
    },
    /// A stack is in a state in which nothing works but `recover`.
    #[error("{stack} is stuck in {status}")]
    Stuck {
        /// Name of the stack.
        stack: String,
        /// In which state.
        status: StackStatus,
        /// AWS's words to it.
        reason: Option<String>,
    },
    /// There is nothing of that name.
    #[error("there is no deployment {name} in this account and Region")]
    Absent {
        /// Name of the deployment.
        name: String,
    },
    /// It has no end, so there is nothing to extend.
    #[error("{name} has no end: it is no preview")]
    NoPreview {
        /// Name of the deployment.
        name: String,
    },
    /// What the plan found makes it fail for sure.
    #[error("the plan has {} that would make it fail", .0.len())]
    Blocked(Vec<Notice>),
    /// CloudFormation refused a change set.
    #[error("CloudFormation refuses the change of {stack}: {reason}")]
    Refused {
        /// Name of the stack.
        stack: String,
        /// AWS's words.
        reason: String,
        /// The first cause.
        cause: Option<Box<Cause>>,
    },
    /// A stack operation failed.
    #[error("{stack} could not be changed; it is {status} now")]
    Failed {
        /// Name of the stack.
        stack: String,
        /// Where it stands now.
        status: StackStatus,
        /// The first cause.
        cause: Option<Box<Cause>>,
    },
    /// The stack is complete and does not serve.
    #[error("the service did not become ready: {0}")]
    NotReady(String),
    /// A sealed plan does not fit the world any more.
    #[error("the plan is stale: {0}")]
    Stale(String),
    /// Data would be lost, and nobody has agreed to it by name.
    #[error("this would destroy {}", .0.join(", "))]
    Losses(Vec<String>),
    /// The deployment is protected.
    #[error("{name} is protected")]
    Protected {
        /// Name of the deployment.
        name: String,
    },
    /// A file of the release cannot be used.
    #[error("{0}")]
    Release(#[from] crate::release::ReleaseError),
    /// Nobody said which server program to run.
    #[error("no server program was named")]
    NoRelease,
    /// The zones or the image that the blueprint wants are not to be had.
    #[error("{0}")]
    Unfit(String),
    /// The caller left; AWS goes on.
    #[error("left; {0} goes on by itself")]
    Detached(String),
    /// The operation was cancelled and is undone.
    #[error("cancelled; {0} is as it was before")]
    Cancelled(String),
}

/// Answer of everything that asks the cloud.
pub type Result<T, E = DeployError> = std::result::Result<T, E>;
