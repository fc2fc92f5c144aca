//! The deployer's events on the screen: a line per step, resources as they go, nothing hidden that went wrong.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deploy::events::Progress as Resource;
use deploy::{Event, Listener, Step, Wish};

use super::signals::Signals;
use crate::settings::{Settings, Verbosity};
use crate::ui::log_line::printable;
use crate::ui::progress::Progress;
use crate::ui::stream;
use crate::ui::units;

pub(crate) struct Screen {
    progress: Progress,
    can_ask: bool,
    every_resource: bool,
    is_job: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    began: BTreeMap<&'static str, Instant>,
    /// Resources of both stacks with how far each is.
    resources: BTreeMap<String, Resource>,
    doing: String,
    /// What a terminal would show now.
    current: String,
    /// When the last line came.
    said: Option<Instant>,
}

/// How long a job's log stays silent while something is under way.
const SILENCE: Duration = Duration::from_secs(60);

impl State {
    /// A line for whoever wonders whether the job still lives, once nothing was said for long enough.
    fn sign_of_life(&mut self, now: Instant) -> Option<String> {
        let said = *self.said.get_or_insert(now);
        if now.duration_since(said) < SILENCE || self.current.is_empty() {
            return None;
        }
        self.said = Some(now);
        let since = self.began.get(self.doing.as_str());
        let since = since.map(|began| units::duration(now.duration_since(*began)));
        Some(match since {
            Some(since) => format!("{}, for {since} now", self.current),
            None => self.current.clone(),
        })
    }
}

impl Screen {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            progress: Progress::new(settings),
            can_ask: settings.can_ask,
            every_resource: settings.verbosity >= Verbosity::Verbose,
            is_job: settings.is_job && settings.verbosity < Verbosity::Verbose,
            state: Mutex::default(),
        }
    }

    fn resource(&self, id: &str, resource_type: &str, progress: Resource, reason: Option<&str>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.resources.insert(id.to_owned(), progress);
        let count = |wanted: Resource| state.resources.values().filter(|it| **it == wanted).count();
        let (ready, configured) =
            (count(Resource::Ready) + count(Resource::Gone), count(Resource::Configured));
        let settling = match configured {
            0 => String::new(),
            more => format!(", {more} configured and settling"),
        };
        let text = format!(
            "{}: {ready} of {} resources done{settling}; {} {}",
            state.doing,
            state.resources.len(),
            word(progress),
            printable(id)
        );
        state.current.clone_from(&text);
        drop(state);
        self.progress.doing(&text);
        let line = || format!("{:<10}  {} ({resource_type})", word(progress), printable(id));
        match progress {
            Resource::Failed => {
                let reason = reason.map(|reason| format!(": {}", printable(reason)));
                self.progress.trouble(&format!("{}{}", line(), reason.unwrap_or_default()));
            }
            Resource::Kept => self.progress.trouble(&line()),
            Resource::Ready | Resource::Gone | Resource::Configured if self.every_resource => {
                self.progress.done(&line());
            }
            _ => {}
        }
    }
}

fn word(progress: Resource) -> &'static str {
    match progress {
        Resource::Working => "working on",
        Resource::Configured => "configured",
        Resource::Ready => "ready",
        Resource::Gone => "removed",
        Resource::Kept => "kept",
        Resource::Failed => "failed",
    }
}

/// Auto Scaling's word in a person's.
fn activity(status: &str) -> &str {
    match status {
        "InProgress" => "begun",
        "Successful" => "done",
        "Failed" => "failed",
        "Cancelled" => "cancelled",
        "WaitingForELBConnectionDraining" => "connections are draining",
        "WaitingForInstanceWarmup" => "warming up",
        "PreInService" | "MidLifecycleAction" => "booting",
        other => other,
    }
}

impl Listener for Screen {
    fn tell(&self, event: Event) {
        if self.progress.streams() {
            return stream::write(&event);
        }
        match event {
            Event::Began { step } => {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.began.insert(step.name(), Instant::now());
                state.doing = step.name().to_owned();
                state.current = step.name().to_owned();
                state.said = Some(Instant::now());
                if matches!(step, Step::Data | Step::App | Step::RemoveApp | Step::RemoveData) {
                    state.resources.clear();
                }
                self.progress.doing(step.name());
            }
            Event::Done { step } => {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                let began = state.began.remove(step.name());
                let took = began.map_or_else(String::new, |began| units::seconds(began.elapsed()));
                let count = match step {
                    Step::Data | Step::App | Step::RemoveApp | Step::RemoveData => {
                        let count = std::mem::take(&mut state.resources).len() as u64;
                        format!("  {}", units::count(count, "resource", "resources"))
                    }
                    _ => String::new(),
                };
                drop(state);
                self.progress.done(&format!("{:<17}  {took}{count}", step.name()));
            }
            Event::Resource { logical_id, resource_type, progress, reason, .. } => {
                self.resource(&logical_id, &resource_type, progress, reason.as_deref());
            }
            // A job's log has the steps, and what went wrong.
            Event::Server { .. } if self.is_job => {}
            Event::Activity { status, .. } if self.is_job && !deploy::is_failure(&status) => {}
            Event::Server { instance, zone, state } => {
                let text = format!(
                    "server {} in {}: {}",
                    printable(&instance),
                    printable(&zone),
                    printable(&state)
                );
                self.progress.done(&text);
            }
            Event::Activity { description, status, reason } => {
                let text = format!("{}: {}", printable(&description), activity(&status));
                match reason.filter(|_| deploy::is_failure(&status)) {
                    Some(reason) => {
                        self.progress.trouble(&format!("{text}: {}", printable(&reason)));
                    }
                    None => self.progress.done(&text),
                }
            }
            Event::Shipped { sha256, bytes: 0 } => {
                self.progress.done(&format!("release {} is there already", &sha256[..12]));
            }
            Event::Shipped { sha256, bytes } => {
                let size = units::bytes(bytes);
                self.progress.done(&format!("release {} uploaded, {size}", &sha256[..12]));
            }
            Event::Emptied { bucket, removed } => {
                let removed = units::grouped(removed);
                self.progress.doing(&format!("emptying {}: {removed} removed", printable(&bucket)));
            }
            Event::Note { text } => self.progress.done(&printable(&text)),
            Event::Trouble { text } => self.progress.trouble(&printable(&text)),
        }
    }

    fn wish(&self) -> Wish {
        if self.is_job && !self.progress.streams() {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let text = state.sign_of_life(Instant::now());
            drop(state);
            if let Some(text) = text {
                self.progress.going_on(&text);
            }
        }
        Signals::of_process().wish(self.can_ask)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{SILENCE, State};

    #[test]
    fn a_jobs_log_says_once_a_minute_that_it_lives() {
        let begun = Instant::now();
        let mut state =
            State { current: "app stack: 3 of 40 resources done".to_owned(), ..State::default() };
        state.doing = "app stack".to_owned();
        state.began.insert("app stack", begun);
        state.said = Some(begun);
        assert_eq!(state.sign_of_life(begun + SILENCE - Duration::from_secs(1)), None);
        let told = state.sign_of_life(begun + SILENCE).unwrap();
        assert_eq!(told, "app stack: 3 of 40 resources done, for 1 min now");
        assert_eq!(state.sign_of_life(begun + SILENCE), None);
        assert!(state.sign_of_life(begun + 2 * SILENCE).unwrap().ends_with("for 2 min now"));
    }
}
