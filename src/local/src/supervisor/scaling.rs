//! How many servers the load asks for (HA-2): target tracking, as an Auto Scaling group does it.

use std::time::{Duration, Instant};

use crate::spec::ScaleSpec;

/// A group that could shrink waits until it has this much room, so that it does not grow again at
/// once. Application Auto Scaling's target tracking leaves a tenth as well.
const ROOM: f64 = 0.9;

/// Averages over the servers in service since the last look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Load {
    /// Processor time of a server, in percent of one core.
    pub(super) cpu: f64,
    /// Requests of a server in a minute.
    pub(super) requests: f64,
}

/// A change of size, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resize {
    pub(super) desired: u8,
    pub(super) cause: String,
}

/// Remembers for how long the load has asked for the same.
#[derive(Debug, Default)]
pub(super) struct Scaler {
    above: u32,
    below: u32,
    cooling_until: Option<Instant>,
}

impl Scaler {
    /// Takes in one look at the load; answers when the group should change.
    pub(super) fn judge(
        &mut self,
        spec: &ScaleSpec,
        (fewest, most): (u8, u8),
        current: u8,
        load: Load,
        now: Instant,
    ) -> Option<Resize> {
        let (ratio, cause) = pressure(spec, load)?;
        let growing = size(current, ratio);
        let shrinking = size(current, ratio / ROOM);
        self.above = if growing > current { self.above + 1 } else { 0 };
        self.below = if shrinking < current { self.below + 1 } else { 0 };
        if self.cooling_until.is_some_and(|until| now < until) {
            return None;
        }
        let desired = if self.above >= spec.looks_to_grow {
            growing.clamp(fewest, most)
        } else if self.below >= spec.looks_to_shrink {
            // One at a time: load that has moved elsewhere for a moment comes back.
            (current - 1).clamp(fewest, most)
        } else {
            return None;
        };
        if desired == current {
            return None;
        }
        (self.above, self.below) = (0, 0);
        self.cooling_until = Some(now + spec.cooldown);
        Some(Resize { desired, cause })
    }
}

/// The larger of load to target, and in words.
fn pressure(spec: &ScaleSpec, load: Load) -> Option<(f64, String)> {
    let cpu = spec.cpu.map(|target| {
        let text = format!("processor load {:.0} %, target {target} %", load.cpu);
        (load.cpu / f64::from(target), text)
    });
    let requests = spec.requests.map(|target| {
        let text = format!("{:.0} requests per server and minute, target {target}", load.requests);
        (load.requests / f64::from(target), text)
    });
    cpu.into_iter().chain(requests).max_by(|one, other| one.0.total_cmp(&other.0))
}

fn size(current: u8, ratio: f64) -> u8 {
    // Saturates: a wild ratio asks for the most there may be.
    (f64::from(current) * ratio).ceil().clamp(1.0, 255.0) as u8
}

/// Adds up what processes and the balancer count, and makes averages of the differences.
#[derive(Debug)]
pub(super) struct Meter {
    last: Option<(Instant, Vec<Reading>)>,
}

/// The counters of one server process.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    /// Random per start: counters of another process can't be compared.
    pub(super) launch: String,
    pub(super) cpu: Duration,
    pub(super) requests: u64,
}

impl Meter {
    pub(super) const fn new() -> Self {
        Self { last: None }
    }

    /// The load since the last call; `None` at the first one, or when no server was there twice.
    pub(super) fn measure(&mut self, now: Instant, readings: Vec<Reading>) -> Option<Load> {
        let (then, before) = self.last.replace((now, readings.clone()))?;
        let seconds = now.duration_since(then).as_secs_f64();
        let pairs: Vec<(&Reading, &Reading)> = readings
            .iter()
            .filter_map(|reading| {
                Some((before.iter().find(|old| old.launch == reading.launch)?, reading))
            })
            .collect();
        if pairs.is_empty() || seconds <= 0.0 {
            return None;
        }
        let count = pairs.len() as f64;
        let cpu: f64 =
            pairs.iter().map(|(old, new)| new.cpu.saturating_sub(old.cpu).as_secs_f64()).sum();
        let requests: u64 =
            pairs.iter().map(|(old, new)| new.requests.saturating_sub(old.requests)).sum();
        Some(Load {
            cpu: cpu / seconds / count * 100.0,
            requests: requests as f64 / seconds * 60.0 / count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> ScaleSpec {
        ScaleSpec { cpu: Some(50), requests: Some(1000), ..ScaleSpec::default() }
    }

    fn idle() -> Load {
        Load { cpu: 1.0, requests: 2.0 }
    }

    #[test]
    fn load_that_lasts_makes_the_group_grow_to_what_it_needs() {
        let (mut scaler, now) = (Scaler::default(), Instant::now());
        let busy = Load { cpu: 90.0, requests: 10.0 };
        let looks: Vec<Option<Resize>> =
            (0..3).map(|_| scaler.judge(&spec(), (3, 9), 3, busy, now)).collect();
        assert_eq!(looks[..2], [None, None]);
        let resize = looks[2].clone().unwrap();
        assert_eq!(resize.desired, 6);
        assert_eq!(resize.cause, "processor load 90 %, target 50 %");
    }

    #[test]
    fn a_group_never_leaves_its_limits() {
        let (mut scaler, now) = (Scaler::default(), Instant::now());
        let flood = Load { cpu: 10.0, requests: 1e12 };
        let grown =
            (0..3).filter_map(|_| scaler.judge(&spec(), (3, 9), 3, flood, now)).next().unwrap();
        assert_eq!(grown.desired, 9);
        let mut scaler = Scaler::default();
        assert!((0..100).all(|_| scaler.judge(&spec(), (3, 9), 3, idle(), now).is_none()));
    }

    #[test]
    fn it_cools_down_between_changes_and_shrinks_one_by_one() {
        let (mut scaler, mut now) = (Scaler::default(), Instant::now());
        let spec = spec();
        let mut shrink = |now| {
            (0..spec.looks_to_shrink)
                .find_map(|_| scaler.judge(&spec, (3, 9), 6, idle(), now))
                .map(|resize| resize.desired)
        };
        assert_eq!(shrink(now), Some(5));
        assert_eq!(shrink(now), None, "it has just changed");
        now += spec.cooldown;
        assert_eq!(shrink(now), Some(5));
    }

    #[test]
    fn averages_are_over_processes_that_were_there_before() {
        let (mut meter, begin) = (Meter::new(), Instant::now());
        let reading = |launch: &str, cpu, requests| Reading {
            launch: launch.to_owned(),
            cpu: Duration::from_secs(cpu),
            requests,
        };
        assert_eq!(meter.measure(begin, vec![reading("1", 0, 0), reading("2", 8, 500)]), None);
        let later = begin + Duration::from_secs(10);
        let load = meter
            .measure(later, vec![reading("1", 5, 100), reading("2", 8, 500), reading("3", 9, 9)])
            .unwrap();
        assert_eq!(load, Load { cpu: 25.0, requests: 300.0 });
    }
}
