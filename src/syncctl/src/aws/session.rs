//! One command's connection to an account: client, runtime, release, blueprint.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use blueprint::Resolved;
use cloud::aws::{Aws, Options};
use deploy::release::Release;
use deploy::{Deployer, Event, Listener, Pace, wait};
use rand::distr::{Alphanumeric, SampleString as _};
use signal_hook::consts::SIGTERM;

use super::endpoint::Http;
use super::signals::Signals;
use crate::deployment::Chosen;
use crate::error::{CliError, Kind, Result};
use crate::programs;
use crate::ui::{Ui, units};

/// What the operations of one command share.
pub(crate) struct Session {
    runtime: tokio::runtime::Runtime,
    aws: Aws,
    endpoint: Http,
    blueprint: Resolved,
    blueprint_name: String,
    release: Option<Release>,
    /// SHA-256 of the release that the blueprint names.
    named_release: Option<String>,
    run: String,
    service_role: Option<String>,
    terminated: Arc<AtomicBool>,
}

impl Session {
    /// Connects with the profile and the Region that were chosen. Nothing is asked of AWS yet.
    pub(crate) fn open(chosen: Chosen, ui: &Ui) -> Result<Self> {
        chosen.refuse_unsupported()?;
        let release = release(&chosen, None)?;
        Self::with_release(chosen, release, ui)
    }

    /// For what only looks, or takes down: needs no server program.
    pub(crate) fn look(chosen: Chosen, ui: &Ui) -> Result<Self> {
        Self::connect(chosen, None, ui)
    }

    /// The same with another server program than the blueprint's.
    pub(crate) fn with_release(chosen: Chosen, release: Release, ui: &Ui) -> Result<Self> {
        Self::connect(chosen, Some(release), ui)
    }

    fn connect(chosen: Chosen, release: Option<Release>, ui: &Ui) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CliError::io("cannot start the asynchronous runtime", &error))?;
        let named_release = self::release(&chosen, None).ok();
        let named_release = named_release.map(|it| it.digest.as_str().to_owned());
        let (blueprint, blueprint_name) = chosen.into_parts();
        let region = blueprint.deployment().region.to_string();
        let options = Options { profile: ui.settings().profile.clone(), region };
        let aws = runtime.block_on(Aws::connect(options));
        // Lower case: the run names change sets and tokens, and people read them.
        let run = Alphanumeric.sample_string(&mut rand::rng(), 10).to_ascii_lowercase();
        let endpoint = Http::new()?;
        let _ = Signals::of_process();
        let terminated = Arc::new(AtomicBool::new(false));
        let _ = signal_hook::flag::register(SIGTERM, Arc::clone(&terminated));
        Ok(Self {
            runtime,
            aws,
            endpoint,
            blueprint,
            blueprint_name,
            release,
            named_release,
            run,
            service_role: None,
            terminated,
        })
    }

    /// Runs one operation that changes nothing of account: Ctrl-C ends it at once.
    pub(crate) fn inquire<T>(
        &self,
        listener: &dyn Listener,
        operation: impl AsyncFnOnce(Deployer<'_>) -> deploy::Result<T>,
    ) -> deploy::Result<T> {
        self.run(listener, async |deployer| {
            tokio::select! {
                done = operation(deployer) => done,
                () = interrupted() => Err(deploy::DeployError::Cancelled(self.name().to_owned())),
            }
        })
    }

    /// The same, and where somebody else is at work it waits for the end and tries again, `limit` in all at most.
    pub(crate) fn inquire_patiently<T>(
        &self,
        limit: Option<Duration>,
        listener: &dyn Listener,
        operation: impl AsyncFn(Deployer<'_>) -> deploy::Result<T>,
    ) -> deploy::Result<T> {
        let begun = Instant::now();
        loop {
            let found = self.inquire(listener, &operation);
            let left = limit.map(|limit| limit.saturating_sub(begun.elapsed()));
            let (Err(deploy::DeployError::Busy { stack, status, since }), Some(left)) =
                (&found, left.filter(|left| !left.is_zero()))
            else {
                return found;
            };
            let text = format!(
                "{stack} is busy: {status} since {since}. Waiting for its end, {} at most.",
                units::seconds(left)
            );
            listener.tell(Event::Note { text });
            self.inquire(listener, async |deployer| {
                wait::until_quiet(&deployer, stack, left).await
            })?;
        }
    }

    /// Runs one operation to its end. It asks its listener what to do about Ctrl-C.
    pub(crate) fn run<T>(
        &self,
        listener: &dyn Listener,
        operation: impl AsyncFnOnce(Deployer<'_>) -> deploy::Result<T>,
    ) -> deploy::Result<T> {
        let deployer = Deployer {
            cloud: &self.aws,
            blueprint: &self.blueprint,
            blueprint_name: &self.blueprint_name,
            release: self.release.as_ref(),
            service_role: self.service_role.as_deref(),
            listener,
            endpoint: &self.endpoint,
            run: &self.run,
            now: jiff::Timestamp::now,
            pace: Pace::default(),
        };
        // SIGTERM leaves at once, wherever the operation is waiting; AWS goes on.
        self.runtime.block_on(async {
            tokio::select! {
                done = operation(deployer) => done,
                () = self.terminated() => {
                    Err(deploy::DeployError::Detached(self.name().to_owned()))
                }
            }
        })
    }

    /// Waits until SIGTERM has come, perhaps before this operation began.
    async fn terminated(&self) {
        while !self.terminated.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The same on the accounts of the service.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The runtime alone, for clients that outlive the session.
    pub(crate) fn into_runtime(self) -> tokio::runtime::Runtime {
        self.runtime
    }

    pub(crate) fn aws(&self) -> &Aws {
        &self.aws
    }

    pub(crate) fn blueprint(&self) -> &Resolved {
        &self.blueprint
    }

    pub(crate) fn region(&self) -> &str {
        self.blueprint.deployment().region.as_str()
    }

    pub(crate) fn name(&self) -> &str {
        self.blueprint.deployment().name.as_str()
    }

    /// The role that CloudFormation acts with in what follows.
    pub(crate) fn set_service_role(&mut self, role: Option<String>) {
        self.service_role = role;
    }

    /// Whether the blueprint's own release is another one. One that cannot be read is not compared: `up` will say so.
    pub(crate) fn named_release_differs(&self, sha256: &str) -> bool {
        self.named_release.as_ref().is_some_and(|named| named != sha256)
    }

    /// Another release for what follows.
    pub(crate) fn set_release(&mut self, release: Release) {
        self.release = Some(release);
    }
}

/// How often signals are looked at.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);

/// Waits until Ctrl-C has come, perhaps before this operation began.
async fn interrupted() {
    while !Signals::of_process().interrupted_anew() {
        tokio::time::sleep(LOOK).await;
    }
}

/// The server program: of `path`, else what the blueprint names, else the bundled one for the servers' processors.
pub(crate) fn release(chosen: &Chosen, path: Option<&Path>) -> Result<Release> {
    let named = chosen.named_release();
    if let Some(path) = path {
        let program = programs::with_server(path)?.syncd;
        return Release::read(&program, &program.display().to_string()).map_err(from_release);
    }
    if named != "bundled" {
        let program = programs::with_server(Path::new(&named))?.syncd;
        return Release::read(&program, &named).map_err(from_release);
    }
    let program = programs::bundled_for(chosen.architecture())?;
    Release::read(&program, &named).map_err(from_release)
}

fn from_release(error: deploy::release::ReleaseError) -> CliError {
    deploy::DeployError::from(error).into()
}

/// Kept apart from a refusal by AWS: the blueprint is for this machine.
pub(crate) fn require_aws(chosen: &Chosen, command: &str) -> Result<()> {
    if chosen.is_aws() {
        return Ok(());
    }
    let message = format!(
        "`syncctl {command}` is for `target: aws`, and `{}` runs on this machine",
        chosen.name()
    );
    Err(CliError::new(Kind::Failed, message)
        .hint("`syncctl up` brings it up here, and `syncctl status` shows it")
        .hint("for a blueprint that runs on AWS: `syncctl init --preset production`"))
}
