//! One deployment, `acme`, in a cloud of plain data.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use blueprint::values::Architecture;
use blueprint::{Sources, parse, resolve};
use cloud::failing::{Failing, Fault, How};
use cloud::fake::{Asked, Facts, Fake, World};
use deploy::apply::{Applied, apply};
use deploy::planner::{Planning, Prepared, prepare};
use deploy::release::{Elf, Release};
use deploy::{Answer, DeployError, Deployer, Endpoint, Event, Listener, Pace, Wish};
use jiff::Timestamp;
use stack::Sha256Digest;

/// A plan as `up` makes it.
pub(crate) const PLAN: Planning = Planning { keep: true, drift: true, ..QUIET };

/// Leaves nothing behind and looks at nothing besides.
const QUIET: Planning = Planning {
    keep: false,
    seal: false,
    quick: false,
    glance: false,
    renew_image: false,
    without_alarms: false,
    drift: false,
    revert_drift: false,
};

const HEAD: &str = "version: 1\nname: acme\ntarget: aws\nregion: eu-west-1\n";

pub(crate) struct Scene {
    pub(crate) cloud: Failing<Fake>,
    pub(crate) heard: Heard,
    blueprint: blueprint::Resolved,
    release: Release,
    run: String,
}

/// What the deployer has told, and how often it has asked what to do next.
#[derive(Default)]
pub(crate) struct Heard(Mutex<Vec<Event>>, AtomicU32);

/// Looks after which a story that does not end is left.
const PATIENCE: u32 = 1_000;

struct Serves;

impl Scene {
    /// An account in which nothing is deployed yet; `rest` follows the head of the blueprint.
    pub(crate) fn empty(rest: &str) -> Self {
        let digest = Sha256Digest::new(&"5e".repeat(32)).unwrap();
        Self {
            cloud: Failing::new(Fake::new(World::new(now(), Facts::default()))),
            heard: Heard::default(),
            blueprint: blueprint(rest),
            release: Release {
                path: PathBuf::from("syncd"),
                source: "bundled".to_owned(),
                digest,
                size: 0,
                elf: Elf { architecture: Architecture::X86, glibc: None },
            },
            run: "1".to_owned(),
        }
    }

    /// An account in which it is deployed and serves.
    pub(crate) async fn deployed(rest: &str) -> Self {
        let scene = Self::empty(rest);
        // Twice: some values are other ones where the stacks exist.
        for _ in 0..2 {
            let quick = Planning { quick: true, ..QUIET };
            let prepared = prepare(&scene.deployer(), quick).await.unwrap();
            let protect = scene.blueprint.deployment().protect;
            crate::world::put(&mut scene.world(), &prepared.rendered, protect);
        }
        scene
    }

    /// The same with another blueprint, in another run.
    pub(crate) fn changed(mut self, rest: &str) -> Self {
        self.blueprint = blueprint(rest);
        self.again()
    }

    /// The same with another server program.
    pub(crate) fn released(mut self) -> Self {
        self.release.digest = Sha256Digest::new(&"0b".repeat(32)).unwrap();
        self
    }

    /// Another run.
    pub(crate) fn again(mut self) -> Self {
        self.run.push('1');
        self
    }

    pub(crate) fn deployer(&self) -> Deployer<'_> {
        Deployer {
            cloud: &self.cloud,
            blueprint: &self.blueprint,
            blueprint_name: "acme.yaml",
            release: Some(&self.release),
            service_role: None,
            listener: &self.heard,
            endpoint: &Serves,
            run: &self.run,
            now,
            pace: Pace { first: Duration::ZERO, longest: Duration::ZERO, ready: Duration::ZERO },
        }
    }

    pub(crate) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.cloud.inner().world()
    }

    /// Lets calls of one kind fail, from the `nth` from now on.
    pub(crate) fn fail(&self, operation: &'static str, nth: usize, times: usize, how: How) {
        self.cloud.fail(Fault { operation, nth, times, how });
    }

    pub(crate) async fn plan(&self) -> Result<Prepared, DeployError> {
        prepare(&self.deployer(), PLAN).await
    }

    /// Plans and carries out, with these losses agreed to.
    pub(crate) async fn up(&self, approved: &[&str]) -> Result<Applied, DeployError> {
        let prepared = self.plan().await?;
        let approved: BTreeSet<String> = approved.iter().map(|&id| id.to_owned()).collect();
        apply(&self.deployer(), &prepared, &approved).await
    }

    /// Carries out what was planned before, with no loss agreed to.
    pub(crate) async fn apply(&self, prepared: &Prepared) -> Result<Applied, DeployError> {
        apply(&self.deployer(), prepared, &BTreeSet::new()).await
    }

    /// What was asked that changes something, since the beginning.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.world().asked.clone()
    }

    /// Where a stack stands; `none` where there is none.
    pub(crate) fn status(&self, stack: &str) -> String {
        let world = self.world();
        world.stack(stack).map_or("none".to_owned(), |it| it.summary.status.to_string())
    }
}

impl Heard {
    pub(crate) fn troubles(&self) -> Vec<String> {
        self.texts(|event| match event {
            Event::Trouble { text } => Some(text),
            _ => None,
        })
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.texts(|event| match event {
            Event::Note { text } => Some(text),
            _ => None,
        })
    }

    /// What the group of servers did.
    pub(crate) fn activities(&self) -> Vec<String> {
        self.texts(|event| match event {
            Event::Activity { description, status, .. } => Some(format!("{description}: {status}")),
            _ => None,
        })
    }

    fn texts(&self, text: impl Fn(Event) -> Option<String>) -> Vec<String> {
        self.0.lock().unwrap().iter().cloned().filter_map(text).collect()
    }
}

impl Listener for Heard {
    fn tell(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }

    fn wish(&self) -> Wish {
        match self.1.fetch_add(1, Ordering::Relaxed) < PATIENCE {
            true => Wish::GoOn,
            false => Wish::Detach,
        }
    }
}

#[async_trait::async_trait]
impl Endpoint for Serves {
    async fn ask(&self, _: &str) -> Answer {
        Answer::Ready
    }
}

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn blueprint(rest: &str) -> blueprint::Resolved {
    let file = parse(format!("{HEAD}{rest}"), "acme.yaml").unwrap();
    resolve(&Sources { file: Some(file), ..Sources::default() }).unwrap()
}
