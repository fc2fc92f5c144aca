//! The release in force: follows what is asked for, and judges what is on trial.

use jiff::Timestamp;

use super::Supervisor;
use super::fleet::in_service;
use super::member::{Blame, Member, Start};
use crate::activity::Event;
use crate::component::Kind;
use crate::desired::Desired;
use crate::history::{self, Verdict};
use crate::rollout::{CANCELLED, InForce, Phase, Pin, Sight};

/// A person, a drill or a busy machine may kill some; a release that uses up the memory goes on dying.
const MOST_TRIAL_DEATHS: u32 = 2;

/// The manner in which a member that is due gets started.
pub(super) fn manner(in_force: &InForce, member: &Member) -> (Start, bool) {
    let on_trial = in_force.rollout.as_ref().is_some_and(|rollout| rollout.is_trial());
    let start = if on_trial && member.kind() == Kind::Server && member.was_outdated() {
        Start::AsBefore
    } else {
        Start::AsWished
    };
    (start, on_trial && start == Start::AsWished)
}

impl Supervisor {
    /// Takes in the release that the wish names.
    pub(super) fn follow_release(&mut self) {
        let wished = Pin::from(&self.desired.programs);
        // Also one that is just being restarted: what it would serve with is worth protecting.
        let watched = self.members.iter().any(|member| member.kind() == Kind::Server);
        let before = self.in_force.clone();
        let Desired { generation, .. } = self.desired;
        self.in_force.wish(wished, generation, self.desired.bake(), watched, Timestamp::now());
        if self.in_force != before {
            let began = self.in_force.rollout != before.rollout;
            self.trial_deaths = 0;
            self.tell_rollout(began);
            self.keep_release();
        }
        self.effective = self.desired.with_release(&self.in_force.release);
        // At once, so that nobody takes servers of the release before for servers of this one.
        self.wish_servers();
    }

    pub(super) fn judge_release(&mut self) {
        let blames: Vec<Blame> = self.members.iter_mut().filter_map(Member::take_blame).collect();
        let converged = self.converged() && self.all_in_service();
        if !self.in_force.is_rolling() {
            if converged && !self.unkept {
                self.remember_good();
            }
            return;
        }
        let Some(rollout) = &self.in_force.rollout else { return };
        let new = &rollout.to.digest;
        let deaths = self.trial_deaths;
        let killed = || {
            let reason = format!(
                "its servers ended {deaths} times without a word, as those do that want too much memory"
            );
            (reason, Vec::new())
        };
        // Somebody may have killed every server once.
        let most = MOST_TRIAL_DEATHS.max(u32::from(self.sizer.desired()));
        let fault = blames
            .into_iter()
            .find(|blame| blame.digest == *new)
            .map(|blame| (blame.reason, blame.log_tail))
            .or_else(|| (deaths > most).then(killed));
        let (requests, errors) = self.answers_of(new);
        let sight = Sight { now: Timestamp::now(), converged, fault, requests, errors };
        let was = self.in_force.release.clone();
        if self.in_force.look(sight) {
            self.tell_rollout(true);
            // The verdict first: whoever waits for the end of the roll asks for it next. After a crash in between it is
            // reached, and written, once more.
            self.keep_verdict();
            self.keep_release();
        }
        if self.in_force.release != was {
            self.effective = self.desired.with_release(&self.in_force.release);
            self.wish_servers();
            self.plan();
        }
    }

    /// A release that serves without any roll, as after the first `up`, has proven itself too.
    fn remember_good(&mut self) {
        let release = &self.in_force.release;
        if self.known_good.as_ref() != Some(&release.digest) {
            match history::add_good(&self.data, release) {
                Ok(()) => self.known_good = Some(release.digest.clone()),
                Err(error) => {
                    tracing::debug!(%error, "the release is remembered later");
                    self.unkept = true;
                }
            }
        }
    }

    /// On a disk that was full, for one.
    pub(super) fn keep_what_was_not_kept(&mut self) {
        if std::mem::take(&mut self.unkept) {
            self.keep_release();
            self.write_verdicts();
        }
    }

    fn keep_verdict(&mut self) {
        let Some(rollout) = &self.in_force.rollout else { return };
        let verdict = match &rollout.phase {
            Phase::Passed { .. } => Verdict::Passed,
            // Nobody has judged a release that was only taken back.
            Phase::Undone { reason, .. } if reason != CANCELLED => {
                Verdict::Undone { reason: reason.clone() }
            }
            _ => return,
        };
        self.verdicts.push((rollout.to.clone(), verdict));
        self.write_verdicts();
    }

    /// In their order; those that can't be written yet stay.
    fn write_verdicts(&mut self) {
        while let Some((release, verdict)) = self.verdicts.first() {
            if let Err(error) = history::add(&self.data, release, verdict.clone()) {
                tracing::warn!(%error, "cannot write the history of releases yet");
                self.unkept = true;
                return;
            }
            self.verdicts.remove(0);
        }
    }

    fn keep_release(&mut self) {
        if let Err(error) = self.in_force.write(&self.data) {
            tracing::warn!(%error, "cannot keep which release is in force yet");
            self.unkept = true;
        }
    }

    pub(super) fn all_in_service(&self) -> bool {
        let mut servers =
            self.members.iter().filter(|member| member.kind() == Kind::Server && !member.standby);
        servers.all(|member| in_service(self.report.as_ref(), member))
    }

    /// Answers, and failed ones among them, of the servers that run this program.
    fn answers_of(&self, digest: &str) -> (u64, u64) {
        let Some(report) = &self.report else { return (0, 0) };
        self.members
            .iter()
            .filter_map(Member::process)
            .filter(|process| process.digest == digest)
            .filter_map(|process| report.of(process))
            .fold((0, 0), |(answers, errors), backend| {
                (answers + backend.answers, errors + backend.errors)
            })
    }

    fn tell_rollout(&self, changed: bool) {
        let Some(rollout) = self.in_force.rollout.as_ref().filter(|_| changed) else { return };
        let [from, to] = [&rollout.from, &rollout.to].map(|pin| history::short_digest(&pin.digest));
        let text = match &rollout.phase {
            Phase::Replacing => format!("rolling from release {from} to {to}"),
            Phase::Baking { .. } => {
                format!("every server runs release {to}; watching it for {:?}", rollout.bake)
            }
            Phase::Passed { .. } => format!("release {to} has passed"),
            Phase::Undoing { reason, .. } => {
                format!("going back from release {to} to {from}: {reason}")
            }
            Phase::Undone { .. } => format!("release {from} is back"),
        };
        self.note(Event::Changed, text);
    }
}
