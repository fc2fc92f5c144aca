//! What there is to tell of a roll between two looks at the status.

use std::collections::BTreeSet;

use local::{Phase, RolloutStatus, Status, short_digest};

use super::describe::{goal, is_there};
use crate::ui::units;

/// One thing to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Done(String),
    Doing(String),
    Trouble(String),
}

/// Remembers what was told already.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// The release that servers are being replaced with.
    goal: Option<String>,
    /// Servers that run it.
    told: BTreeSet<String>,
    watching: bool,
}

impl Steps {
    /// What is new since the last look.
    pub(super) fn look(&mut self, status: &Status) -> Vec<Step> {
        let Some(rollout) = &status.rollout else { return Vec::new() };
        // One that was over before anybody looked is not ours.
        if !rollout.is_running() && self.goal.is_none() {
            return Vec::new();
        }
        let mut steps = Vec::new();
        if self.goal.as_deref() != Some(goal(rollout)) {
            steps.extend(self.begin(rollout, status));
        }
        let goal = goal(rollout);
        for server in status.servers.iter().filter(|server| is_there(server, goal)) {
            if self.told.insert(server.name.clone()) {
                steps.push(Step::Done(format!(
                    "{} runs release {}",
                    server.name,
                    short_digest(goal)
                )));
            }
        }
        if matches!(rollout.phase, Phase::Baking { .. }) && !self.watching {
            self.watching = true;
            let bake = units::duration(std::time::Duration::from_secs(rollout.bake_seconds));
            steps.push(Step::Doing(format!("watching release {} for {bake}", short_digest(goal))));
        }
        steps
    }

    fn begin(&mut self, rollout: &RolloutStatus, status: &Status) -> Vec<Step> {
        let goal = goal(rollout);
        let (back, to) = (matches!(rollout.phase, Phase::Undoing { .. }), short_digest(goal));
        self.goal = Some(goal.to_owned());
        self.watching = false;
        self.told.clear();
        match &rollout.phase {
            Phase::Undoing { reason, .. } | Phase::Undone { reason, .. } => {
                // Those that were not replaced yet never left.
                let stayed = status.servers.iter().filter(|server| server.digest == goal);
                self.told.extend(stayed.map(|server| server.name.clone()));
                let text = format!("going back to release {to}: {reason}");
                if back { vec![Step::Trouble(text)] } else { Vec::new() }
            }
            Phase::Replacing | Phase::Baking { .. } | Phase::Passed { .. } => {
                vec![Step::Doing(format!("replacing the servers with release {to}"))]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use local::{ComponentState, ComponentStatus};

    use super::*;
    use crate::commands::status::sample;

    fn with(phase: Phase, servers: &[(&str, char, ComponentState)]) -> Status {
        let mut status = sample::running();
        let [from, to] = ["a", "b"].map(|digit| digit.repeat(64));
        let template = status.servers.remove(0);
        status.servers = servers
            .iter()
            .map(|(name, digit, state)| ComponentStatus {
                name: (*name).to_owned(),
                digest: digit.to_string().repeat(64),
                state: *state,
                ..template.clone()
            })
            .collect();
        status.rollout = Some(RolloutStatus {
            generation: 2,
            from,
            to,
            started_at: sample::now(),
            bake_seconds: 10,
            phase,
        });
        status
    }

    #[test]
    fn every_replacement_is_told_once_and_so_is_the_way_back() {
        use ComponentState::{Draining, Healthy, Starting};
        let mut steps = Steps::default();
        let passed = || Phase::Passed { at: sample::now() };
        assert_eq!(steps.look(&with(passed(), &[("a-1", 'a', Healthy)])), []);
        let begun = with(Phase::Replacing, &[("a-1", 'a', Healthy), ("a-2", 'b', Starting)]);
        let replacing = "replacing the servers with release bbbbbbbbbbbb".to_owned();
        assert_eq!(steps.look(&begun), [Step::Doing(replacing)]);
        let half = with(Phase::Replacing, &[("a-1", 'a', Draining), ("a-2", 'b', Healthy)]);
        assert_eq!(steps.look(&half), [Step::Done("a-2 runs release bbbbbbbbbbbb".to_owned())]);
        assert_eq!(steps.look(&half), []);
        let undoing = Phase::Undoing { reason: "it crashed".to_owned(), log_tail: Vec::new() };
        let back = with(undoing, &[("a-1", 'a', Healthy), ("b-1", 'b', Healthy)]);
        let told = "going back to release aaaaaaaaaaaa: it crashed".to_owned();
        assert_eq!(steps.look(&back), [Step::Trouble(told)]);
    }
}
