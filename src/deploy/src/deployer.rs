//! What every operation on a deployment works with.

use blueprint::Deployment;
use cloud::Cloud;
use jiff::Timestamp;

use crate::error::DeployError;
use crate::events::{Event, Listener, Step};
use crate::release::Release;

/// One deployment, the cloud it lives in, and who is told.
#[derive(Clone, Copy)]
pub struct Deployer<'a> {
    /// Who is asked.
    pub cloud: &'a dyn Cloud,
    /// The blueprint with the story of its values.
    pub blueprint: &'a blueprint::Resolved,
    /// The blueprint as it was named.
    pub blueprint_name: &'a str,
    /// The server program to run; `None` for what only looks, or takes down.
    pub release: Option<&'a Release>,
    /// ARN of the service role that CloudFormation acts with; the caller's own rights without.
    pub service_role: Option<&'a str>,
    /// Who is told, and asked what to do.
    pub listener: &'a dyn Listener,
    /// Who asks the endpoint whether it serves.
    pub endpoint: &'a dyn Endpoint,
    /// Marks what this run does, in names and tokens: letters and digits, unique.
    pub run: &'a str,
    /// What time it is.
    pub now: fn() -> Timestamp,
    /// How long to wait between two looks.
    pub pace: Pace,
}

/// Asks the endpoint over HTTP, as a client would.
#[async_trait::async_trait]
pub trait Endpoint: Send + Sync {
    /// What `URL/ready` answers.
    async fn ask(&self, url: &str) -> Answer;
}

/// What an endpoint said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It serves.
    Ready,
    /// It answered, and does not serve; what it said.
    NotReady(String),
    /// It cannot be reached from here; why.
    Unreachable(String),
}

/// How long to wait between two looks at AWS. Many small waits at first, then longer ones: an account may ask
/// CloudFormation about 20 times a second in all, and others are at work too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The first wait.
    pub first: std::time::Duration,
    /// The longest one.
    pub longest: std::time::Duration,
    /// How long a service may take to become ready after its stacks are complete.
    pub ready: std::time::Duration,
}

impl Default for Pace {
    fn default() -> Self {
        use std::time::Duration;
        let (first, longest) = (Duration::from_millis(250), Duration::from_secs(5));
        Self { first, longest, ready: Duration::from_secs(15 * 60) }
    }
}

impl Pace {
    /// The waits, each half as long again as the one before.
    pub fn waits(&self) -> impl Iterator<Item = std::time::Duration> + Send + use<> {
        let longest = self.longest;
        std::iter::successors(Some(self.first.min(longest)), move |wait| {
            Some(wait.mul_f64(1.5).min(longest))
        })
    }
}

impl Deployer<'_> {
    /// The blueprint's result.
    #[must_use]
    pub fn deployment(&self) -> &Deployment {
        self.blueprint.deployment()
    }

    /// The server program.
    ///
    /// # Errors
    /// When this operation was begun without one.
    pub(crate) fn release(&self) -> Result<&Release, DeployError> {
        self.release.ok_or(DeployError::NoRelease)
    }

    pub(crate) fn tell(&self, event: Event) {
        self.listener.tell(event);
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.tell(Event::Note { text: text.into() });
    }

    pub(crate) fn trouble(&self, text: impl Into<String>) {
        self.tell(Event::Trouble { text: text.into() });
    }

    /// A step with its beginning and its end.
    pub(crate) async fn step<T, E>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.tell(Event::Began { step });
        let done = work.await?;
        self.tell(Event::Done { step });
        Ok(done)
    }

    /// Token of one operation of this run.
    pub(crate) fn token(&self, what: &str) -> String {
        format!("syncctl-{}-{what}", self.run)
    }
}
