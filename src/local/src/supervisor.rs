//! The control plane: keeps what runs equal to what is wished, and may die without harm.
//!
//! One loop owns everything; threads that watch processes only send it events. Whatever it knows it
//! can find again (processes by their mark, addresses, wish and release in files), so its own death
//! costs nothing but the time until the next one starts.

mod adopt;
mod fleet;
mod group;
mod member;
pub(crate) mod outage;
mod releases;
mod scaling;
pub(crate) mod size;
mod upkeep;
mod watch;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use self::member::{Member, Phase};
use self::outage::Outages;
use self::size::Sizer;
use self::watch::Notice;
use crate::activity::{Event, record};
use crate::balancer::config::{BackendSpec, BalancerConfig};
use crate::balancer::report::{self, BalancerReport};
use crate::component::{BALANCER, Component, ENGINES, Kind, SUPERVISOR, balancer_config, fixed};
use crate::data::DataDir;
use crate::data::files::Stamp;
use crate::data::lock::{Lock, try_lock};
use crate::desired::Desired;
use crate::error::{LocalError, Result};
use crate::history::Verdict;
use crate::layout::{ENGINES_API, ENGINES_S3, Layout};
use crate::rollout::{InForce, Pin};
use crate::state::{RolloutStatus, State};

/// How often files are looked at and limits checked, while something is under way.
const TICK: Duration = Duration::from_millis(50);
/// The same when all is well: deaths, failed checks and new wishes are told at once.
const CALM_TICK: Duration = Duration::from_secs(1);
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Supervises until SIGTERM, which ends the supervisor alone.
///
/// # Errors
/// No wish to follow, or one that can't be read.
pub(crate) fn run(data: &DataDir) -> Result<()> {
    let Some(_lock) = only_one(data)? else {
        tracing::info!("another supervisor is at work");
        return Ok(());
    };
    let (sender, notices) = channel();
    watch::termination(sender.clone());
    let told_of_files = watch::files(data, sender.clone());
    let mut supervisor = Supervisor::new(data.clone(), sender)?;
    supervisor.adopt();
    supervisor.work(&notices, &told_of_files);
    Ok(())
}

/// Waits a little for one that is just ending.
fn only_one(data: &DataDir) -> Result<Option<Lock>> {
    let until = Instant::now() + Duration::from_secs(2);
    loop {
        let lock = try_lock(&data.run_file("supervisor.lock"))?;
        if lock.is_some() || Instant::now() > until {
            return Ok(lock);
        }
        std::thread::sleep(TICK);
    }
}

struct Supervisor {
    data: DataDir,
    /// What was asked for.
    desired: Desired,
    /// The same with the release in force, which may be the one before.
    effective: Desired,
    in_force: InForce,
    layout: Layout,
    /// Engines and balancer as wished.
    fixed: Vec<Component>,
    members: Vec<Member>,
    sender: Sender<Notice>,
    published: Option<State>,
    backends: Option<BalancerConfig>,
    backends_stamp: Option<Stamp>,
    /// The balancer's newest, while it runs.
    report: Option<BalancerReport>,
    report_stamp: Option<Stamp>,
    outages: Outages,
    sizer: Sizer,
    looked_after: Instant,
    /// Digest of the release last seen at work, so that its history is written once.
    known_good: Option<String>,
    /// Something about releases could not be written; it is tried again.
    unkept: bool,
    /// Verdicts that are still to be written.
    verdicts: Vec<(Pin, Verdict)>,
    /// Deaths of servers of the release on trial that nobody intended.
    trial_deaths: u32,
    /// Of the wish, so that only a new one is read.
    stamp: Option<Stamp>,
}

impl Supervisor {
    fn new(data: DataDir, sender: Sender<Notice>) -> Result<Self> {
        let stamp = Desired::stamp(&data);
        let desired = Desired::read(&data)?.ok_or_else(|| LocalError::Damaged {
            path: data.root().to_owned(),
            reason: "nothing says what should run; use: syncctl up".to_owned(),
        })?;
        let in_force = match InForce::read(&data)? {
            Some(in_force) => in_force,
            None => InForce::begin(&data, Pin::from(&desired.programs))?,
        };
        let sizer = Sizer::read(&data, &desired.spec);
        Ok(Self {
            layout: Layout::read(&data),
            effective: desired.with_release(&in_force.release),
            data,
            desired,
            in_force,
            fixed: Vec::new(),
            members: Vec::new(),
            sender,
            published: None,
            backends: None,
            backends_stamp: None,
            report: None,
            report_stamp: None,
            outages: Outages::default(),
            sizer,
            looked_after: Instant::now(),
            known_good: None,
            unkept: false,
            verdicts: Vec::new(),
            trial_deaths: 0,
            stamp,
        })
    }

    fn work(&mut self, notices: &Receiver<Notice>, told_of_files: &AtomicBool) {
        loop {
            self.reconcile();
            self.publish();
            let calm = told_of_files.load(Ordering::Relaxed) && self.is_calm();
            match notices.recv_timeout(if calm { self.calm_tick() } else { TICK }) {
                Ok(Notice::Terminate) => {
                    tracing::info!("the supervisor ends; everything else goes on");
                    return;
                }
                Ok(Notice::Written) | Err(RecvTimeoutError::Timeout) => self.follow_wish(),
                Ok(notice) => self.take_in(notice),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.looked_after.elapsed() > UPKEEP_EVERY {
                self.looked_after = Instant::now();
                upkeep::rotate_logs(&self.data);
                self.keep_what_was_not_kept();
            }
        }
    }

    fn follow_wish(&mut self) {
        let stamp = Desired::stamp(&self.data);
        if stamp == self.stamp {
            return;
        }
        self.stamp = stamp;
        match Desired::read(&self.data) {
            Ok(Some(desired)) if desired != self.desired => {
                self.sizer.follow(&self.data, &desired.spec);
                self.desired = desired;
                let before = self.in_force.release.clone();
                self.follow_release();
                if before == self.in_force.release {
                    self.note(Event::Changed, "the blueprint's settings are in force");
                }
                self.plan();
            }
            Ok(_) => {}
            // The last good wish stays in force.
            Err(error) => tracing::warn!(%error, "cannot read what should run"),
        }
    }

    /// Works out engines and balancer anew.
    fn plan(&mut self) {
        let before = self.layout.clone();
        if let Err(error) = self.layout.complete(self.desired.spec.listen.ip()) {
            tracing::error!(%error, "no address to be had");
        }
        self.keep_layout(&before);
        self.fixed = fixed(&self.data, &self.effective, &self.layout);
    }

    fn keep_layout(&self, before: &Layout) {
        if *before != self.layout
            && let Err(error) = self.layout.write(&self.data)
        {
            tracing::warn!(%error, "cannot keep the addresses");
        }
    }

    fn take_in(&mut self, notice: Notice) {
        let Some(member) = self.members.iter_mut().find(|member| member.is_launch(notice.launch()))
        else {
            return;
        };
        match notice {
            Notice::Died { .. } => {
                if member.runs_trial_of(&self.in_force) {
                    self.trial_deaths += 1;
                }
                member.died(&self.data);
                // Its address may have gone to somebody else in the meantime.
                let name = member.name().to_owned();
                let listeners: &[&str] =
                    if name == ENGINES { &[ENGINES_S3, ENGINES_API] } else { &[&name] };
                if name != BALANCER && self.layout.forget_taken(listeners) {
                    self.plan();
                }
            }
            Notice::Healthy { .. } => member.healthy(&self.data),
            Notice::Unhealthy { reason, answers, .. } => {
                member.unhealthy(&self.data, &reason, answers);
            }
            Notice::Written | Notice::Terminate => {}
        }
    }

    /// Nothing is under way that time alone would bring forward.
    fn is_calm(&self) -> bool {
        self.converged()
            && self.all_in_service()
            && !self.in_force.is_rolling()
            && self.outages.is_empty()
            && self.members.iter().all(Member::is_calm)
    }

    fn calm_tick(&self) -> Duration {
        CALM_TICK.min(self.desired.spec.scale.interval)
    }

    fn reconcile(&mut self) {
        let now = Instant::now();
        self.follow_report();
        self.outages.follow(&self.data);
        self.judge_release();
        self.size_group(now);
        self.steer_fixed(now);
        self.steer_group(now);
        for member in &mut self.members {
            member.watch_by_trust(&self.in_force);
            let busy = self.report.as_ref().and_then(|report| {
                let backend = report.of(member.process()?)?;
                Some(!backend.draining || backend.in_flight > 0)
            });
            member.advance(&self.data, now, busy);
        }
        self.members.retain(|member| {
            member.wished.is_some() || !matches!(member.phase, Phase::Down { .. })
        });
        // Before any start, so that a starting balancer finds its list.
        self.list_backends();
        self.start_due(now);
        self.list_backends();
    }

    /// What there is one of is replaced in its place.
    fn steer_fixed(&mut self, now: Instant) {
        for component in &self.fixed {
            match self.members.iter_mut().find(|member| member.name() == component.name) {
                Some(member) => member.wished = Some(component.clone()),
                None => self.members.push(Member::new(component.clone())),
            }
        }
        let limit = now + self.desired.spec.drain_timeout;
        let outdated = self
            .members
            .iter_mut()
            .filter(|member| member.kind() != Kind::Server && member.is_outdated());
        for member in outdated {
            member.stop(&self.data, limit, "it was started for an earlier blueprint");
        }
    }

    fn start_due(&mut self, now: Instant) {
        let order = [Kind::Engines, Kind::Server, Kind::Balancer];
        for kind in order {
            for member in
                self.members.iter_mut().filter(|member| member.kind() == kind && member.is_due(now))
            {
                let (start, on_trial) = releases::manner(&self.in_force, member);
                member.start(&self.data, &self.sender, start, on_trial);
            }
        }
    }

    fn follow_report(&mut self) {
        let stamp = report::stamp(&self.data);
        if stamp != self.report_stamp {
            self.report_stamp = stamp;
            let balancer = self
                .members
                .iter()
                .find(|member| member.kind() == Kind::Balancer)
                .and_then(|member| Some(member.process()?.identity.pid));
            // One of another process tells of the past.
            self.report = report::read(&self.data).filter(|report| Some(report.pid) == balancer);
            if self.report.is_none() {
                self.report_stamp = None;
            }
        }
    }

    fn list_backends(&mut self) {
        let backends: Vec<BackendSpec> =
            self.members.iter().filter_map(|member| member.backend(&self.in_force)).collect();
        let config = balancer_config(&self.desired, backends);
        // Written anew also when somebody has removed or changed it: a balancer that starts needs it.
        let stamp = BalancerConfig::stamp(&self.data);
        if self.backends.as_ref() != Some(&config) || stamp != self.backends_stamp {
            match config.write(&self.data) {
                Ok(()) => {
                    self.backends = Some(config);
                    self.backends_stamp = BalancerConfig::stamp(&self.data);
                }
                Err(error) => tracing::warn!(%error, "cannot write the list of servers"),
            }
        }
    }

    /// Everything is as it should be with the release in force.
    fn converged(&self) -> bool {
        let parts = || self.members.iter().filter(|member| !member.standby);
        let servers = parts().filter(|member| member.kind() == Kind::Server).count();
        !self.fixed.is_empty()
            && servers == usize::from(self.sizer.desired())
            && parts().count() == self.fixed.len() + servers
            && parts().all(|member| member.is_settled() && !member.is_outdated())
    }

    fn publish(&mut self) {
        let rollout = self.in_force.rollout.as_ref();
        let mut components: Vec<_> = self.members.iter().map(Member::status).collect();
        components.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
        let state = State {
            supervisor: std::process::id(),
            generation: self.desired.generation,
            converged: self.converged(),
            components,
            servers: self.sizer.desired(),
            release: self.in_force.release.digest.clone(),
            rollout: rollout.map(RolloutStatus::from),
        };
        if self.published.as_ref() != Some(&state) {
            match state.write(&self.data) {
                Ok(()) => self.published = Some(state),
                Err(error) => tracing::warn!(%error, "cannot write the state"),
            }
        }
    }

    fn note(&self, event: Event, cause: impl Into<String>) {
        record(&self.data, SUPERVISOR, event, cause);
    }
}
