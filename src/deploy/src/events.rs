//! What happens while something is done: for whoever watches, and what the watcher wants.

use serde::Serialize;

use crate::plan::Kind;

/// Is told what happens, and asked what to do next.
pub trait Listener: Send + Sync {
    /// Something happened.
    fn tell(&self, event: Event);

    /// Asked between two looks at AWS.
    fn wish(&self) -> Wish {
        Wish::GoOn
    }
}

/// What the watcher wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To see it through.
    GoOn,
    /// To leave; AWS goes on.
    Detach,
    /// To return to what was before.
    Cancel,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A step begins.
    Began {
        /// Which.
        step: Step,
    },
    /// A step is done.
    Done {
        /// Which.
        step: Step,
    },
    /// A resource of a stack moves on.
    Resource {
        /// In which stack.
        stack: Kind,
        /// Id in the template.
        logical_id: String,
        /// For example `AWS::EC2::VPC`.
        resource_type: String,
        /// Id in the world, if known.
        physical_id: Option<String>,
        /// How far.
        progress: Progress,
        /// AWS's words.
        reason: Option<String>,
    },
    /// A server moves on.
    Server {
        /// Instance id.
        instance: String,
        /// Zone.
        zone: String,
        /// How far, in words: `booting`, `in service`, `unhealthy: Target.Timeout`.
        state: String,
    },
    /// The group does something: launches, terminates, waits.
    Activity {
        /// AWS's words: what, and on which instance.
        description: String,
        /// For example `InProgress`, `Successful`, `Failed`.
        status: String,
        /// AWS's words to a failure.
        reason: Option<String>,
    },
    /// A release lies where instances fetch it.
    Shipped {
        /// SHA-256 in hexadecimal.
        sha256: String,
        /// Bytes; 0 where it was there already.
        bytes: u64,
    },
    /// Some of a bucket's contents are gone.
    Emptied {
        /// Bucket.
        bucket: String,
        /// Versions and markers removed so far.
        removed: u64,
    },
    /// Good to know.
    Note {
        /// A sentence.
        text: String,
    },
    /// Not as it should be, and it goes on.
    Trouble {
        /// A sentence.
        text: String,
    },
}

/// What a person sees as one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Looking at the account and at what is there.
    Observe,
    /// Making change sets.
    Plan,
    /// The data stack.
    Data,
    /// Uploading the release.
    Ship,
    /// The app stack, with the roll of the servers in it.
    App,
    /// Waiting until every server and the endpoint are ready.
    Verify,
    /// Switching protection.
    Protect,
    /// Giving a preview more time.
    Extend,
    /// Emptying buckets.
    Empty,
    /// Removing the app stack.
    RemoveApp,
    /// Removing the data stack.
    RemoveData,
}

impl Step {
    /// As a person reads it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observe => "look",
            Self::Plan => "plan",
            Self::Data => "data stack",
            Self::Ship => "release",
            Self::App => "app stack",
            Self::Verify => "verify",
            Self::Protect => "protect",
            Self::Extend => "extend",
            Self::Empty => "empty buckets",
            Self::RemoveApp => "remove app stack",
            Self::RemoveData => "remove data stack",
        }
    }
}

/// How far a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Being worked on.
    Working,
    /// Made as asked, and settling: others may use it already.
    Configured,
    /// Ready.
    Ready,
    /// Gone.
    Gone,
    /// Left in the world.
    Kept,
    /// Failed.
    Failed,
}

impl Progress {
    /// From CloudFormation's words.
    #[must_use]
    pub fn of(status: &str, detailed: Option<&str>) -> Self {
        match status {
            _ if status.ends_with("_FAILED") => Self::Failed,
            "DELETE_COMPLETE" => Self::Gone,
            "DELETE_SKIPPED" => Self::Kept,
            _ if status.ends_with("_COMPLETE") => Self::Ready,
            _ if detailed == Some("CONFIGURATION_COMPLETE") => Self::Configured,
            _ => Self::Working,
        }
    }
}
