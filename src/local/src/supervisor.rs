//! The control plane: keeps what runs equal to what is wished, and may die without harm.
//!
//! One loop owns everything; threads that watch processes only send it events. Whatever it knows it
//! can find again (processes by their mark, addresses and wish in files), so its own death costs
//! nothing but the time until the next one starts.

mod member;
mod upkeep;
mod watch;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use self::member::{Member, Phase};
use self::watch::Notice;
use crate::activity::{Event, record};
use crate::balancer::config::{BackendSpec, BalancerConfig};
use crate::balancer::report;
use crate::component::{
    BALANCER, Component, ENGINES, Kind, SUPERVISOR, balancer_config, components,
};
use crate::data::DataDir;
use crate::data::files::Stamp;
use crate::data::lock::{Lock, try_lock};
use crate::desired::Desired;
use crate::error::{LocalError, Result};
use crate::layout::{ENGINES_API, ENGINES_S3, Layout, slots};
use crate::process::discover;
use crate::state::State;

/// How often files are looked at and limits checked, when nothing happens.
const TICK: Duration = Duration::from_millis(50);
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
    let mut supervisor = Supervisor::new(data.clone(), sender)?;
    supervisor.adopt();
    supervisor.work(&notices);
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
    desired: Desired,
    layout: Layout,
    wished: Vec<Component>,
    members: Vec<Member>,
    sender: Sender<Notice>,
    published: Option<State>,
    backends: Option<BalancerConfig>,
    looked_after: Instant,
    /// Of the wish in force, so that only a new one is read.
    stamp: Option<Stamp>,
}

impl Supervisor {
    fn new(data: DataDir, sender: Sender<Notice>) -> Result<Self> {
        let stamp = Desired::stamp(&data);
        let desired = Desired::read(&data)?.ok_or_else(|| LocalError::Damaged {
            path: data.root().to_owned(),
            reason: "nothing says what should run; use: syncctl up".to_owned(),
        })?;
        let layout = Layout::read(&data);
        Ok(Self {
            data,
            desired,
            layout,
            wished: Vec::new(),
            members: Vec::new(),
            sender,
            published: None,
            backends: None,
            looked_after: Instant::now(),
            stamp,
        })
    }

    /// Takes over what runs already. Doubles and leftovers are ended: nobody would watch them.
    fn adopt(&mut self) {
        let mut running = discover(self.data.root());
        running.retain(|process| process.component != SUPERVISOR);
        self.forget_taken_addresses(
            &running.iter().map(|process| process.component.as_str()).collect::<Vec<_>>(),
        );
        self.plan();
        for process in running {
            let wished =
                self.wished.iter().find(|component| component.name == process.component).cloned();
            let known = self.members.iter().any(|member| member.name() == process.component);
            match wished {
                Some(component) if !known => {
                    record(
                        &self.data,
                        &component.name,
                        Event::Adopted,
                        "found running by a new supervisor",
                    );
                    self.members.push(Member::adopted(component, process, &self.sender));
                }
                _ => {
                    let cause = "a leftover of an earlier supervisor";
                    record(&self.data, &process.component, Event::Stopped, cause);
                    process.identity.signal(rustix::process::Signal::KILL);
                }
            }
        }
    }

    fn work(&mut self, notices: &Receiver<Notice>) {
        loop {
            self.reconcile();
            self.publish();
            match notices.recv_timeout(TICK) {
                Ok(Notice::Terminate) => {
                    tracing::info!("the supervisor ends; everything else goes on");
                    return;
                }
                Ok(notice) => self.take_in(notice),
                Err(RecvTimeoutError::Timeout) => self.follow_wish(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.looked_after.elapsed() > UPKEEP_EVERY {
                self.looked_after = Instant::now();
                upkeep::rotate_logs(&self.data);
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
                record(
                    &self.data,
                    SUPERVISOR,
                    Event::Changed,
                    format!("wish {} is in force", desired.generation),
                );
                self.desired = desired;
                self.plan();
            }
            Ok(_) => {}
            // The last good wish stays in force.
            Err(error) => tracing::warn!(%error, "cannot read what should run"),
        }
    }

    /// Works out addresses and components anew.
    fn plan(&mut self) {
        let slots = slots(self.desired.spec.servers, self.desired.spec.zones);
        let before = self.layout.clone();
        if let Err(error) = self.layout.complete(&slots, self.desired.spec.listen.ip()) {
            tracing::error!(%error, "no address to be had");
        }
        if before != self.layout
            && let Err(error) = self.layout.write(&self.data)
        {
            tracing::warn!(%error, "cannot keep the addresses");
        }
        self.wished = components(&self.data, &self.desired, &self.layout);
    }

    fn forget_taken_addresses(&mut self, running: &[&str]) {
        let mut idle: Vec<String> = slots(self.desired.spec.servers, self.desired.spec.zones)
            .into_iter()
            .map(|slot| slot.name)
            .filter(|name| !running.contains(&name.as_str()))
            .collect();
        if !running.contains(&ENGINES) {
            idle.extend([ENGINES_S3.to_owned(), ENGINES_API.to_owned()]);
        }
        self.layout.forget_taken(&idle.iter().map(String::as_str).collect::<Vec<_>>());
    }

    fn take_in(&mut self, notice: Notice) {
        let Some(member) = self.members.iter_mut().find(|member| member.is_launch(notice.launch()))
        else {
            return;
        };
        match notice {
            Notice::Died { .. } => {
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
            Notice::Unhealthy { reason, .. } => member.unhealthy(&self.data, &reason),
            Notice::Terminate => {}
        }
    }

    fn reconcile(&mut self) {
        let now = Instant::now();
        for component in &self.wished {
            match self.members.iter_mut().find(|member| member.name() == component.name) {
                Some(member) => member.wished = Some(component.clone()),
                None => self.members.push(Member::new(component.clone())),
            }
        }
        // Only somebody who leaves has to know whether the balancer is done with it.
        let leaving =
            self.members.iter().any(|member| matches!(member.phase, Phase::Draining { .. }));
        let report = if leaving { report::read(&self.data) } else { None };
        for member in &mut self.members {
            if !self.wished.iter().any(|component| component.name == member.name()) {
                member.wished = None;
            }
            let busy = report.as_ref().and_then(|report| {
                let backend =
                    report.backends.iter().find(|backend| backend.name == member.name())?;
                Some(!backend.draining || backend.in_flight > 0)
            });
            member.advance(&self.data, now, busy);
        }
        self.members.retain(|member| {
            member.wished.is_some() || !matches!(member.phase, Phase::Down { .. })
        });
        self.replace_outdated(now);
        // Before any start, so that a starting balancer finds its list.
        self.list_backends();
        let start: Vec<usize> =
            (0..self.members.len()).filter(|index| self.members[*index].is_due(now)).collect();
        for index in start {
            self.members[index].start(&self.data, &self.sender);
        }
        self.list_backends();
    }

    /// Lets go of what was started for an earlier wish: servers one at a time, each only while all
    /// the others are healthy.
    fn replace_outdated(&mut self, now: Instant) {
        let drain = self.desired.spec.drain_timeout;
        let settled = |member: &Member| member.is_settled();
        let mut servers_settled =
            self.members.iter().filter(|member| member.kind() == Kind::Server).all(settled);
        for member in self.members.iter_mut().filter(|member| member.is_outdated()) {
            if member.kind() != Kind::Server {
                member.stop(&self.data, now + drain, "it was started for an earlier wish");
            } else if member.wished.is_none() || !member.is_settled() {
                member.drain(&self.data, now + drain, "it was started for an earlier wish");
            } else if servers_settled {
                member.drain(&self.data, now + drain, "it was started for an earlier wish");
                servers_settled = false;
            }
        }
    }

    fn list_backends(&mut self) {
        let backends: Vec<BackendSpec> = self.members.iter().filter_map(Member::backend).collect();
        let config = balancer_config(&self.desired, backends);
        if self.backends.as_ref() != Some(&config) {
            match config.write(&self.data) {
                Ok(()) => self.backends = Some(config),
                Err(error) => tracing::warn!(%error, "cannot write the list of servers"),
            }
        }
    }

    fn publish(&mut self) {
        let state = State {
            generation: self.desired.generation,
            converged: !self.wished.is_empty()
                && self.members.len() == self.wished.len()
                && self.members.iter().all(|member| member.is_settled() && !member.is_outdated()),
            components: self.members.iter().map(Member::status).collect(),
        };
        if self.published.as_ref() != Some(&state) {
            match state.write(&self.data) {
                Ok(()) => self.published = Some(state),
                Err(error) => tracing::warn!(%error, "cannot write the state"),
            }
        }
    }
}
