//! Why something is left alone.

use cloud::StackStatus;
use jiff::Timestamp;

/// Why a deployment is not collected: a sentence for people, and a word for programs ([`Skip::code`]).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    /// `syncctl` gives no such name.
    #[error("{0} is not a name that syncctl gives to a deployment")]
    NotAName(String),
    /// A tag that was copied to another stack, or a stack that lacks it.
    #[error("{stack} is tagged syncctl:name={tag}, which is not its own name")]
    NameDiffers {
        /// Name of the stack.
        stack: String,
        /// Value of the tag; empty where there is none.
        tag: String,
    },
    /// A deployment without an end.
    #[error("{0} has no end: it is no preview")]
    NoEnd(String),
    /// A stack of the name that has nothing to do with us.
    #[error("{0} was not made by syncctl, or not for this preview")]
    NotOurs(String),
    /// Another account's or another Region's.
    #[error("{0} is not in this account and Region")]
    Elsewhere(String),
    /// No expiry, or one that is no time.
    #[error(
        "{stack} says no time after which it may go (Expires is {found:?}); `syncctl up` writes one"
    )]
    NoExpiry {
        /// Name of the stack.
        stack: String,
        /// What it says instead.
        found: String,
    },
    /// A run was ended between the two.
    #[error(
        "its two stacks expire at different times, {data} and {app}; `syncctl preview extend` makes them agree"
    )]
    ExpiriesDiffer {
        /// Of `NAME-data`.
        data: Timestamp,
        /// Of `NAME`.
        app: Timestamp,
    },
    /// Still needed.
    #[error("it lives until {0}")]
    Lives(Timestamp),
    /// Termination protection, or the table's.
    #[error("{0} is protected against deletion")]
    Protected(String),
    /// Content that stays when the stack goes.
    #[error("it keeps {} when it goes, and so is not disposable", .0.join(", "))]
    Keeps(Vec<String>),
    /// Somebody is at work on it.
    #[error("{stack} is busy: {status} since {since}")]
    Busy {
        /// Name of the stack.
        stack: String,
        /// What is being done.
        status: StackStatus,
        /// Since when.
        since: Timestamp,
    },
    /// Somebody has planned for it and may carry that out.
    #[error("a plan waits on {stack}: {change_set}")]
    Planned {
        /// Name of the stack.
        stack: String,
        /// Name of the change set.
        change_set: String,
    },
    /// Needs a person.
    #[error("{stack} is stuck in {status}; `syncctl recover` shows why and what can be done")]
    Stuck {
        /// Name of the stack.
        stack: String,
        /// In which state.
        status: StackStatus,
    },
    /// It was not any more what it had been when it was looked at.
    #[error("it was changed meanwhile")]
    Changed,
    /// As many as were asked for have been taken already.
    #[error("there were more than --max allows")]
    TooMany,
    /// The caller left before its turn came.
    #[error("its turn did not come")]
    Left,
}

impl Skip {
    /// The word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAName(_) => "not_a_name",
            Self::NameDiffers { .. } => "name_differs",
            Self::NoEnd(_) => "no_end",
            Self::NotOurs(_) => "not_ours",
            Self::Elsewhere(_) => "elsewhere",
            Self::NoExpiry { .. } => "no_expiry",
            Self::ExpiriesDiffer { .. } => "expiries_differ",
            Self::Lives(_) => "lives",
            Self::Protected(_) => "protected",
            Self::Keeps(_) => "keeps",
            Self::Busy { .. } => "busy",
            Self::Planned { .. } => "planned",
            Self::Stuck { .. } => "stuck",
            Self::Changed => "changed",
            Self::TooMany => "too_many",
            Self::Left => "left",
        }
    }
}
