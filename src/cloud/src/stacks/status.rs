//! Where a stack stands.

use std::fmt;

/// CloudFormation's status, kept in its own words, with the questions that are asked of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackStatus(String);

impl StackStatus {
    /// Takes CloudFormation's word.
    #[must_use]
    pub fn new(word: impl Into<String>) -> Self {
        Self(word.into())
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An operation is under way.
    #[must_use]
    pub fn is_in_progress(&self) -> bool {
        self.0.ends_with("_IN_PROGRESS") && !self.is_in_review()
    }

    /// A change set was made and nothing else; there is no template yet.
    #[must_use]
    pub fn is_in_review(&self) -> bool {
        self.0 == "REVIEW_IN_PROGRESS"
    }

    /// Resources are as some template says, and an update can begin.
    #[must_use]
    pub fn is_updatable(&self) -> bool {
        matches!(
            self.0.as_str(),
            "CREATE_COMPLETE"
                | "UPDATE_COMPLETE"
                | "UPDATE_ROLLBACK_COMPLETE"
                | "IMPORT_COMPLETE"
                | "IMPORT_ROLLBACK_COMPLETE"
        )
    }

    /// The last operation did what it was asked for.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(
            self.0.as_str(),
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" | "DELETE_COMPLETE"
        )
    }

    /// The first creation failed; the stack can only be deleted.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        matches!(self.0.as_str(), "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED")
    }

    /// A rollback of an update stopped half-way.
    #[must_use]
    pub fn is_rollback_failed(&self) -> bool {
        self.0 == "UPDATE_ROLLBACK_FAILED"
    }

    /// A deletion stopped half-way.
    #[must_use]
    pub fn is_delete_failed(&self) -> bool {
        self.0 == "DELETE_FAILED"
    }

    /// Needs [`recover`] before anything else.
    ///
    /// [`recover`]: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.is_dead()
            || self.is_rollback_failed()
            || self.is_delete_failed()
            || self.is_in_review()
    }
}

impl fmt::Display for StackStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
