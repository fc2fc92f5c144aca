//! Takes over what an earlier supervisor has left running.

use super::Supervisor;
use super::member::{Member, READY};
use crate::activity::{Event, record};
use crate::component::{Component, ENGINES, SUPERVISOR, fixed, server};
use crate::layout::{ENGINES_API, ENGINES_S3, Layout};
use crate::process::{Process, discover};

impl Supervisor {
    /// Doubles and leftovers are ended: nobody would watch them.
    pub(super) fn adopt(&mut self) {
        let mut running = discover(self.data.root());
        running.retain(|process| process.component != SUPERVISOR);
        self.put_wished_first(&mut running);
        let before = self.layout.clone();
        // Whoever is kept has the last word on where it listens.
        running.iter().rev().for_each(|process| self.layout.remember(&process.listeners));
        self.keep_layout(&before);
        self.forget_taken_addresses(
            &running.iter().map(|process| process.component.as_str()).collect::<Vec<_>>(),
        );
        self.plan();
        for process in running {
            let known = self.members.iter().any(|member| member.name() == process.component);
            match self.component_of(&process) {
                Some(component) if !known => {
                    let cause = "found running by a new supervisor";
                    record(&self.data, &component.name, Event::Adopted, cause);
                    let first_path = self.first_path_of(&process);
                    let member = Member::adopted(component, process, first_path, &self.sender);
                    self.members.push(member);
                }
                _ => {
                    let cause = "a leftover of an earlier supervisor";
                    record(&self.data, &process.component, Event::Stopped, cause);
                    process.identity.signal(rustix::process::Signal::KILL);
                }
            }
        }
        self.follow_release();
        self.plan();
    }

    /// Of doubles the first is kept: one that runs the program in force, and was started as is wished
    /// now, else the oldest.
    fn put_wished_first(&self, running: &mut [Process]) {
        let programs = &self.effective.programs;
        running.sort_by_cached_key(|process| {
            let in_force = [&programs.syncd_digest, &programs.syncctl_digest];
            let is_in_force = in_force.contains(&&process.digest);
            let mut layout = self.layout.clone();
            layout.remember(&process.listeners);
            let as_wished = self
                .component_in(&layout, process)
                .is_some_and(|component| component.fingerprint == process.fingerprint);
            std::cmp::Reverse((is_in_force, as_wished))
        });
    }

    /// What the process is, as far as today's wish and releases tell.
    fn component_of(&self, process: &Process) -> Option<Component> {
        self.component_in(&self.layout, process)
    }

    fn component_in(&self, layout: &Layout, process: &Process) -> Option<Component> {
        let fixed = fixed(&self.data, &self.effective, layout);
        let fixed = fixed.into_iter().find(|component| component.name == process.component);
        if fixed.is_some() {
            return fixed;
        }
        // A server of the release before is started again as such while the new one is on trial.
        let rollout = self.in_force.rollout.as_ref();
        let pins = rollout.into_iter().flat_map(|rollout| [&rollout.from, &rollout.to]);
        let release = pins
            .chain([&self.in_force.release])
            .find(|pin| pin.digest == process.digest)
            .unwrap_or(&self.in_force.release);
        let desired = self.desired.with_release(release);
        server(&self.data, &desired, layout, &process.component)
    }

    /// One on trial has to be ready, whoever looks after it.
    fn first_path_of(&self, process: &Process) -> Option<&'static str> {
        let rollout = self.in_force.rollout.as_ref().filter(|rollout| rollout.is_trial())?;
        (rollout.to.digest == process.digest).then_some(READY)
    }

    fn forget_taken_addresses(&mut self, running: &[&str]) {
        let mut idle: Vec<String> = self
            .layout
            .servers()
            .into_iter()
            .filter(|name| !running.contains(&name.as_str()))
            .collect();
        if !running.contains(&ENGINES) {
            idle.extend([ENGINES_S3.to_owned(), ENGINES_API.to_owned()]);
        }
        self.layout.forget_taken(&idle.iter().map(String::as_str).collect::<Vec<_>>());
    }
}
