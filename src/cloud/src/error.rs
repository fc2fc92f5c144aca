//! Why a call failed, in terms that callers decide by.

use std::fmt;

/// Answer of every call.
pub type Result<T, E = CloudError> = std::result::Result<T, E>;

/// A call that failed after its retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudError {
    /// `cloudformation`, `s3` …
    pub service: &'static str,
    /// The API operation, for example `CreateChangeSet`.
    pub operation: &'static str,
    /// AWS's code, for example `AlreadyExistsException`; `None` when no answer came.
    pub code: Option<String>,
    /// AWS's message, or what kept the answer from coming.
    pub message: String,
    /// The id that AWS support asks for.
    pub request_id: Option<String>,
    /// What it comes down to.
    pub reason: Reason,
}

/// What a failure comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// What was named does not exist.
    NotFound,
    /// It exists already, or somebody else is at work on it.
    Conflict,
    /// The caller may not do it.
    Denied,
    /// The credentials have expired, or there are none.
    Credentials,
    /// Too many calls, or the service is failing; all retries are used up.
    Overloaded,
    /// No answer: name not found, connection refused or broken, time is up. Whether the call was carried out is
    /// not known.
    Unreachable,
    /// The endpoint does not know the operation or an argument of it. Older Regions and emulators.
    Unsupported,
    /// The request itself is wrong.
    Invalid,
    /// Anything else.
    Other,
}

impl CloudError {
    /// An error with a code and a message.
    #[must_use]
    pub fn new(
        service: &'static str,
        operation: &'static str,
        reason: Reason,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        let code = Some(code.into()).filter(|code| !code.is_empty());
        Self { service, operation, code, message: message.into(), request_id: None, reason }
    }

    /// Whether AWS answered with this code.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl fmt::Display for CloudError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_none() && self.reason == Reason::Credentials {
            return write!(formatter, "there are no usable AWS credentials: {}", self.message);
        }
        write!(formatter, "{}:{}", self.service, self.operation)?;
        match &self.code {
            Some(code) => write!(formatter, " answered {code}: {}", self.message)?,
            None => write!(formatter, " got no answer: {}", self.message)?,
        }
        match &self.request_id {
            Some(id) => write!(formatter, " (request {id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CloudError {}
