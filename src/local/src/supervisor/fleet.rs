//! Carries out what the group's plan asks for, on real processes.

use std::time::Instant;

use jiff::Timestamp;
use rustix::process::Signal;

use super::Supervisor;
use super::group::{Instance, Pace, Step, Zone, free_names, plan, spare};
use super::member::{Member, Phase};
use crate::activity::{Event, record};
use crate::balancer::report::BalancerReport;
use crate::component::{Kind, server};
use crate::desired::Desired;
use crate::layout::{zone_names, zone_of};
use crate::rollout;

impl Supervisor {
    pub(super) fn steer_group(&mut self, now: Instant) {
        self.wish_servers();
        let zones = self.zones();
        self.end_servers_of_lost_zones(&zones);
        let instances: Vec<Instance> = self
            .members
            .iter()
            .filter(|member| member.kind() == Kind::Server)
            .map(|member| self.instance(member))
            .collect();
        let desired = usize::from(self.sizer.desired());
        self.keep_spare(spare(&instances, &zones, desired));
        let steps = plan(&instances, &zones, desired, self.pace());
        if steps.is_empty() {
            self.make_up_for_standby(&instances, &zones);
        }
        for step in steps {
            match step {
                Step::Launch { name, .. } => self.launch(&name, &self.effective.clone()),
                Step::Release { name, cause } => {
                    let until = now + self.desired.spec.drain_timeout;
                    if let Some(member) =
                        self.members.iter_mut().find(|member| member.name() == name)
                    {
                        member.release(&self.data, until, cause);
                    }
                }
            }
        }
    }

    /// Beside the group, and running: for what servers on trial fail, or must not be given.
    fn keep_spare(&mut self, name: Option<&str>) {
        for member in &mut self.members {
            let standby = Some(member.name()) == name;
            if standby && !member.standby {
                let cause = "it stays as a standby while the new release is on trial";
                record(&self.data, member.name(), Event::Changed, cause);
            }
            member.standby = standby;
        }
    }

    /// One that was lost together with its supervisor, or with its zone.
    fn make_up_for_standby(&mut self, instances: &[Instance], zones: &[Zone]) {
        let Some(rollout) = &self.in_force.rollout else { return };
        let watched = matches!(rollout.phase, rollout::Phase::Baking { .. });
        let alone = instances.iter().all(|one| one.settled && !one.leaving && !one.outdated);
        if watched
            && alone
            && let Some(zone) = zones.iter().find(|zone| zone.available)
        {
            let before = self.desired.with_release(&rollout.from);
            if let Some(name) = free_names(instances, &zone.name).next() {
                self.launch(&name, &before);
            }
        }
    }

    /// Says to every server that stays what it should be.
    pub(super) fn wish_servers(&mut self) {
        let before = self.layout.clone();
        for member in self.members.iter_mut().filter(|member| member.kind() == Kind::Server) {
            if member.wished.is_some() {
                let name = member.name().to_owned();
                // A lost address is chosen anew; the process at the old one is outdated by that.
                if let Err(error) = self.layout.complete_server(&name) {
                    tracing::error!(%error, "no address to be had");
                }
                if let Some(component) = server(&self.data, &self.effective, &self.layout, &name) {
                    member.wished = Some(component);
                }
            }
        }
        self.keep_layout(&before);
    }

    fn launch(&mut self, name: &str, desired: &Desired) {
        let before = self.layout.clone();
        if let Err(error) = self.layout.complete_server(name) {
            tracing::error!(%error, "no address to be had");
        }
        self.keep_layout(&before);
        if let Some(component) = server(&self.data, desired, &self.layout, name) {
            self.members.push(Member::new(component));
        }
    }

    /// The zones of the wish, and those that servers are left in from an earlier one.
    fn zones(&self) -> Vec<Zone> {
        let now = Timestamp::now();
        let names = zone_names(self.desired.spec.zones);
        let mut zones: Vec<Zone> = names
            .into_iter()
            .map(|name| Zone { available: !self.outages.is_out(&name, now), name })
            .collect();
        for member in self.members.iter().filter(|member| member.kind() == Kind::Server) {
            let name = zone_of(member.name()).unwrap_or_default();
            if !zones.iter().any(|zone| zone.name == name) {
                zones.push(Zone { name: name.to_owned(), available: false });
            }
        }
        zones
    }

    /// A zone that is lost takes its servers with it; nothing is drained.
    fn end_servers_of_lost_zones(&self, zones: &[Zone]) {
        let now = Timestamp::now();
        let lost = zones.iter().filter(|zone| self.outages.is_out(&zone.name, now));
        for zone in lost {
            let servers = self.members.iter().filter(|member| {
                member.kind() == Kind::Server && zone_of(member.name()) == Some(&zone.name)
            });
            for member in servers {
                if let Some(process) = member.process()
                    && process.identity.signal(Signal::KILL)
                {
                    let cause = format!("zone {} is out", zone.name);
                    record(&self.data, member.name(), Event::Died, cause);
                }
            }
        }
    }

    fn instance(&self, member: &Member) -> Instance {
        let held_back = self.in_force.rollout.as_ref().is_some_and(rollout::Rollout::is_trial);
        let outdated = match member.process() {
            Some(_) => member.is_outdated(),
            None => held_back && member.was_outdated(),
        };
        Instance {
            name: member.name().to_owned(),
            zone: zone_of(member.name()).unwrap_or_default().to_owned(),
            settled: member.is_settled() && in_service(self.report.as_ref(), member),
            leaving: member.wished.is_none(),
            outdated,
            proven: self.in_force.rollout.as_ref().is_some_and(|rollout| {
                rollout.is_trial() && member.digest() == rollout.from.digest
            }),
        }
    }

    fn pace(&self) -> Pace {
        match &self.in_force.rollout {
            Some(rollout) if matches!(rollout.phase, rollout::Phase::Undoing { .. }) => {
                Pace::Together
            }
            _ => Pace::OneByOne,
        }
    }
}

/// Whether the balancer sends it requests. Without a word from the balancer nobody is replaced.
pub(super) fn in_service(report: Option<&BalancerReport>, member: &Member) -> bool {
    use crate::balancer::report::Standing;
    report.and_then(|report| report.of(member.process()?)).is_some_and(|backend| {
        backend.standing == Standing::Healthy
            && !backend.draining
            && matches!(member.phase, Phase::Healthy { .. })
    })
}
