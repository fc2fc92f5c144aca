//! Which release is in force, and the gate that a new one has to pass (DP-2).
//!
//! The supervisor alone writes this file, so that a roll goes on, and a bad release is undone,
//! whatever becomes of the command that asked for it.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::balancer::config::Trust;
use crate::data::DataDir;
use crate::data::files::{Durability, read_json, write_json};
use crate::desired::PinnedPrograms;
use crate::error::{LocalError, Result};

const FILE: &str = "rollout.json";
/// Why a roll ends that nobody wants any more.
pub(crate) const CANCELLED: &str = "the release before it was asked for";
/// Fewer server errors than this prove nothing.
const LEAST_ERRORS: u64 = 5;
/// Share of a new release's answers, in percent, that may be server errors.
const MOST_ERRORS_PERCENT: u64 = 5;

/// A server program of ours, named by its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pin {
    pub(crate) program: PathBuf,
    /// SHA-256.
    pub(crate) digest: String,
    /// Where it was copied from.
    pub(crate) source: PathBuf,
}

impl From<&PinnedPrograms> for Pin {
    fn from(programs: &PinnedPrograms) -> Self {
        Self {
            program: programs.syncd.clone(),
            digest: programs.syncd_digest.clone(),
            source: programs.syncd_source.clone(),
        }
    }
}

/// What servers are started with now, and how it came to that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InForce {
    pub(crate) release: Pin,
    /// The last one, running or over.
    pub(crate) rollout: Option<Rollout>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rollout {
    /// Of the wish that asked for it.
    pub(crate) generation: u64,
    pub(crate) from: Pin,
    pub(crate) to: Pin,
    pub(crate) bake: Duration,
    pub(crate) started_at: Timestamp,
    pub(crate) phase: Phase,
}

/// How far a rollout is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// One server after the other.
    Replacing,
    /// Every server runs the new release, which is being watched.
    Baking {
        since: Timestamp,
    },
    Passed {
        at: Timestamp,
    },
    /// The old release comes back.
    Undoing {
        reason: String,
        log_tail: Vec<String>,
    },
    Undone {
        reason: String,
        log_tail: Vec<String>,
        at: Timestamp,
    },
}

/// What the supervisor sees of the new release.
pub(crate) struct Sight {
    pub(crate) now: Timestamp,
    /// Every server is in service and runs what is in force.
    pub(crate) converged: bool,
    /// A server of the new release that failed: why, and its last log lines.
    pub(crate) fault: Option<(String, Vec<String>)>,
    /// Answers of the new release's servers, and how many of them were 5xx.
    pub(crate) requests: u64,
    pub(crate) errors: u64,
}

impl InForce {
    /// `None` also for a file that is damaged: it holds nothing that the wish does not say again.
    pub(crate) fn read(data: &DataDir) -> Result<Option<Self>> {
        match read_json(&data.run_file(FILE)) {
            Err(LocalError::Damaged { path, reason }) => {
                tracing::warn!(path = %path.display(), reason, "it is made anew");
                Ok(None)
            }
            other => other,
        }
    }

    /// The first release of a deployment.
    pub(crate) fn begin(data: &DataDir, release: Pin) -> Result<Self> {
        let in_force = Self { release, rollout: None };
        in_force.write(data)?;
        Ok(in_force)
    }

    pub(crate) fn write(&self, data: &DataDir) -> Result<()> {
        write_json(&data.run_file(FILE), self, Durability::Disk)
    }

    /// The release in force, or the one before it while it is on trial.
    pub(crate) fn proven(&self) -> &Pin {
        match &self.rollout {
            Some(rollout) if rollout.is_trial() => &rollout.from,
            _ => &self.release,
        }
    }

    /// How far servers of a release may be trusted with requests.
    pub(crate) fn trust(&self, digest: &str) -> Trust {
        match &self.rollout {
            Some(rollout) if rollout.is_running() && rollout.from.digest != digest => {
                match &rollout.phase {
                    // Nobody has judged a release that is only taken back.
                    Phase::Undoing { reason, .. } if reason == CANCELLED => Trust::Trial,
                    Phase::Undoing { .. } => Trust::Failed,
                    _ if rollout.to.digest == digest => Trust::Trial,
                    // Left over from a roll before this one, and never proven.
                    _ => Trust::Failed,
                }
            }
            _ => Trust::Proven,
        }
    }

    /// Whether a new release is on its way in or out.
    pub(crate) fn is_rolling(&self) -> bool {
        self.rollout.as_ref().is_some_and(Rollout::is_running)
    }

    /// Follows a wish for a release. `watched` says whether servers run that a bad one could harm;
    /// without them there is nothing to protect and no gate.
    pub(crate) fn wish(
        &mut self,
        wished: Pin,
        generation: u64,
        bake: Duration,
        watched: bool,
        now: Timestamp,
    ) {
        if self.rollout.as_ref().is_some_and(|rollout| rollout.generation == generation) {
            return;
        }
        if !watched {
            *self = Self { release: wished, rollout: None };
            return;
        }
        if let Some(rollout) = &mut self.rollout
            && rollout.is_running()
        {
            if rollout.to.digest == wished.digest {
                // Asked for again: it goes on, unless it has failed already.
                if matches!(rollout.phase, Phase::Replacing | Phase::Baking { .. }) {
                    rollout.generation = generation;
                    rollout.bake = bake;
                    return;
                }
            } else if rollout.from.digest == wished.digest {
                rollout.generation = generation;
                if !matches!(rollout.phase, Phase::Undoing { .. }) {
                    let reason = CANCELLED.to_owned();
                    rollout.phase = Phase::Undoing { reason, log_tail: Vec::new() };
                }
                self.release = wished;
                return;
            }
        }
        if self.release.digest == wished.digest {
            // The same content, perhaps from elsewhere.
            self.release = wished;
            return;
        }
        // What goes back in case of need is a release that has served, not one still on trial.
        let from = match &self.rollout {
            Some(rollout) if rollout.is_running() => rollout.from.clone(),
            _ => self.release.clone(),
        };
        self.release = wished.clone();
        self.rollout = Some(Rollout {
            generation,
            from,
            to: wished,
            bake,
            started_at: now,
            phase: Phase::Replacing,
        });
    }

    /// Whether servers are being exchanged for others, forth or back.
    pub(crate) fn is_replacing(&self) -> bool {
        self.rollout
            .as_ref()
            .is_some_and(|one| matches!(one.phase, Phase::Replacing | Phase::Undoing { .. }))
    }

    /// One look at the rollout; `true` when it went on to another phase.
    pub(crate) fn look(&mut self, sight: Sight) -> bool {
        let Some(rollout) = &mut self.rollout else { return false };
        let before = rollout.phase.clone();
        rollout.look(sight);
        if matches!(rollout.phase, Phase::Undoing { .. }) {
            self.release = rollout.from.clone();
        }
        rollout.phase != before
    }
}

impl Rollout {
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Replacing | Phase::Baking { .. } | Phase::Undoing { .. })
    }

    /// Whether the new release is on trial: replacing or baking.
    pub(crate) fn is_trial(&self) -> bool {
        matches!(self.phase, Phase::Replacing | Phase::Baking { .. })
    }

    fn look(&mut self, sight: Sight) {
        let Sight { now, converged, fault, requests, errors } = sight;
        match &self.phase {
            Phase::Replacing | Phase::Baking { .. } => {
                let too_many = errors >= LEAST_ERRORS
                    && errors.saturating_mul(100) > requests.saturating_mul(MOST_ERRORS_PERCENT);
                let errors =
                    || (format!("{errors} of its {requests} answers were 5xx"), Vec::new());
                if let Some((reason, log_tail)) = fault.or_else(|| too_many.then(errors)) {
                    self.phase = Phase::Undoing { reason, log_tail };
                } else if self.phase == Phase::Replacing && converged {
                    self.phase = Phase::Baking { since: now };
                }
                if let Phase::Baking { since } = self.phase
                    && converged
                    && elapsed(since, now) >= self.bake
                {
                    self.phase = Phase::Passed { at: now };
                }
            }
            Phase::Undoing { reason, log_tail } if converged => {
                self.phase =
                    Phase::Undone { reason: reason.clone(), log_tail: log_tail.clone(), at: now };
            }
            Phase::Undoing { .. } | Phase::Passed { .. } | Phase::Undone { .. } => {}
        }
    }
}

fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now - since).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAKE: Duration = Duration::from_secs(10);

    fn pin(name: &str) -> Pin {
        Pin { program: name.into(), digest: name.to_owned(), source: name.into() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn sight(second: i64) -> Sight {
        Sight { now: at(second), converged: true, fault: None, requests: 100, errors: 0 }
    }

    fn rolling() -> InForce {
        let mut in_force = InForce { release: pin("old"), rollout: None };
        in_force.wish(pin("new"), 2, BAKE, true, at(0));
        in_force
    }

    fn phase(in_force: &InForce) -> &Phase {
        &in_force.rollout.as_ref().unwrap().phase
    }

    #[test]
    fn a_good_release_passes_after_its_bake() {
        let mut in_force = rolling();
        assert!(!in_force.look(Sight { converged: false, ..sight(1) }));
        assert!(in_force.look(sight(2)));
        assert!(!in_force.look(sight(11)));
        assert!(in_force.look(sight(12)));
        assert_eq!(phase(&in_force), &Phase::Passed { at: at(12) });
        assert_eq!(in_force.release, pin("new"));
    }

    #[test]
    fn a_fault_brings_the_old_release_back() {
        let mut in_force = rolling();
        in_force.look(sight(2));
        let fault = Some(("it crashed".to_owned(), vec!["last words".to_owned()]));
        assert!(in_force.look(Sight { fault, converged: false, ..sight(3) }));
        assert_eq!(in_force.release, pin("old"));
        assert!(in_force.look(sight(4)));
        assert!(matches!(phase(&in_force), Phase::Undone { reason, .. } if reason == "it crashed"));
    }

    #[test]
    fn answers_that_are_errors_count_by_their_share() {
        let mut in_force = rolling();
        assert!(!in_force.look(Sight { errors: 4, requests: 4, converged: false, ..sight(1) }));
        assert!(!in_force.look(Sight { errors: 5, requests: 100, converged: false, ..sight(1) }));
        assert!(in_force.look(Sight { errors: 6, requests: 100, converged: false, ..sight(1) }));
        assert!(
            matches!(phase(&in_force), Phase::Undoing { reason, .. } if reason.contains("6 of"))
        );
    }

    #[test]
    fn asking_for_the_old_release_cancels() {
        let mut in_force = rolling();
        in_force.wish(pin("old"), 3, BAKE, true, at(1));
        assert!(matches!(phase(&in_force), Phase::Undoing { .. }));
        assert_eq!(in_force.release, pin("old"));
        in_force.look(sight(2));
        assert!(!in_force.is_rolling());
    }

    #[test]
    fn a_third_release_in_the_middle_falls_back_to_the_one_that_served() {
        let mut in_force = rolling();
        in_force.wish(pin("newer"), 3, BAKE, true, at(1));
        assert_eq!(in_force.rollout.as_ref().unwrap().from, pin("old"));
        assert_eq!(in_force.release, pin("newer"));
        let trusts = ["old", "new", "newer"].map(|release| in_force.trust(release));
        assert_eq!(trusts, [Trust::Proven, Trust::Failed, Trust::Trial]);
    }

    #[test]
    fn a_release_that_failed_may_be_asked_for_again() {
        let mut in_force = rolling();
        let fault = Some(("it crashed".to_owned(), Vec::new()));
        in_force.look(Sight { fault, ..sight(1) });
        in_force.look(sight(2));
        in_force.wish(pin("new"), 3, BAKE, true, at(3));
        assert_eq!(phase(&in_force), &Phase::Replacing);
    }

    #[test]
    fn where_nothing_runs_there_is_no_gate() {
        let mut in_force = InForce { release: pin("old"), rollout: None };
        in_force.wish(pin("new"), 2, BAKE, false, at(0));
        assert_eq!(in_force, InForce { release: pin("new"), rollout: None });
    }
}
