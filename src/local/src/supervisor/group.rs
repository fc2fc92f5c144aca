//! Which servers come and which go: pure, from what there is and what is wished (HA-5..HA-8).
//!
//! The rules of an Auto Scaling group: spread over the zones that are there, start what is missing
//! at once, and let nobody go before whoever takes its place is in service. One rule more: while a
//! release is on trial, the last server of the release before stays, as a spare beside the group.

/// A server as the group sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instance {
    /// `a-1`: zone and ordinal.
    pub(super) name: String,
    pub(super) zone: String,
    /// In service, and nothing is being done to it.
    pub(super) settled: bool,
    /// On its way out.
    pub(super) leaving: bool,
    /// Runs something else than is wished now.
    pub(super) outdated: bool,
    /// Runs the release that comes back if the one on trial fails; nobody does without a trial.
    pub(super) proven: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) available: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Launch { name: String, zone: String },
    Release { name: String, cause: &'static str },
}

/// How outdated servers are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// The next one begins when the last one is done: a new release has to prove itself.
    OneByOne,
    /// Back to a release that has proven itself.
    Together,
}

/// What to do next. Doing it and asking again leads to `desired` servers, all of them up to date.
pub(super) fn plan(
    instances: &[Instance],
    zones: &[Zone],
    desired: usize,
    pace: Pace,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let spare = spare(instances, zones, desired);
    let staying: Vec<&Instance> = instances
        .iter()
        .filter(|instance| !instance.leaving && Some(instance.name.as_str()) != spare)
        .collect();
    let wanted = spread(zones, desired);
    for (zone, wanted) in &wanted {
        let count = staying.iter().filter(|instance| instance.zone == zone.name).count();
        let missing = wanted.saturating_sub(count);
        let names = free_names(instances, &zone.name).take(missing);
        steps.extend(names.map(|name| Step::Launch { name, zone: zone.name.clone() }));
    }
    if steps.is_empty() {
        steps.extend(surges(instances, &staying, &wanted, pace));
    }
    let starting = !steps.is_empty();
    for (zone, wanted) in &wanted {
        let here: Vec<&Instance> =
            staying.iter().filter(|instance| instance.zone == zone.name).copied().collect();
        let surplus = here.len().saturating_sub(*wanted);
        steps.extend(releases(zone, here, &staying, starting).take(surplus));
    }
    steps
}

/// The last server of the release before, once its zone can do without it.
pub(super) fn spare<'a>(
    instances: &'a [Instance],
    zones: &[Zone],
    desired: usize,
) -> Option<&'a str> {
    let last = last_proven(instances)?;
    let wanted = spread(zones, desired);
    let (_, wanted) =
        wanted.into_iter().find(|(zone, _)| zone.available && zone.name == last.zone)?;
    let serving = instances
        .iter()
        .filter(|one| one.zone == last.zone && one.settled && !one.leaving && !one.outdated);
    (serving.count() >= wanted).then_some(last.name.as_str())
}

/// The only one that could still serve if the release on trial failed now.
fn last_proven<'a>(instances: impl IntoIterator<Item = &'a Instance>) -> Option<&'a Instance> {
    let mut proven = instances.into_iter().filter(|instance| instance.proven && !instance.leaving);
    let last = proven.next()?;
    proven.next().is_none().then_some(last)
}

/// How many servers each zone should have; the first zones take what does not divide.
fn spread(zones: &[Zone], desired: usize) -> Vec<(&Zone, usize)> {
    let available = zones.iter().filter(|zone| zone.available).count();
    let mut index = 0;
    zones
        .iter()
        .map(|zone| {
            if !zone.available {
                return (zone, 0);
            }
            let share = desired / available + usize::from(index < desired % available);
            index += 1;
            (zone, share)
        })
        .collect()
}

/// The lowest ordinals that nobody has, leaving ones included: their address is still in use.
pub(super) fn free_names(instances: &[Instance], zone: &str) -> impl Iterator<Item = String> {
    let taken: Vec<&str> = instances.iter().map(|instance| instance.name.as_str()).collect();
    (1..)
        .map(move |ordinal| format!("{zone}-{ordinal}"))
        .filter(move |name| !taken.contains(&name.as_str()))
}

/// Starts the successor of an outdated server beside it.
fn surges(
    instances: &[Instance],
    staying: &[&Instance],
    wanted: &[(&Zone, usize)],
    pace: Pace,
) -> Vec<Step> {
    let current_settled = staying.iter().all(|instance| instance.settled || instance.outdated);
    let someone_leaves = instances.iter().any(|instance| instance.leaving);
    let someone_should = staying.len() > wanted.iter().map(|(_, count)| count).sum();
    if pace == Pace::OneByOne && (!current_settled || someone_leaves || someone_should) {
        return Vec::new();
    }
    let mut steps = Vec::new();
    for (zone, wanted) in wanted {
        let here = staying.iter().filter(|instance| instance.zone == zone.name);
        let (outdated, current): (Vec<&&Instance>, Vec<&&Instance>) =
            here.partition(|instance| instance.outdated);
        let due = wanted.saturating_sub(current.len()).min(outdated.len());
        let names = free_names(instances, &zone.name).take(due);
        steps.extend(names.map(|name| Step::Launch { name, zone: zone.name.clone() }));
    }
    if pace == Pace::OneByOne {
        // Somebody who is down already has nothing to lose by being replaced first.
        let broken = staying.iter().find(|instance| instance.outdated && !instance.settled);
        let first = broken
            .and_then(|broken| {
                steps.iter().position(
                    |step| matches!(step, Step::Launch { zone, .. } if *zone == broken.zone),
                )
            })
            .unwrap_or(0);
        steps = steps.into_iter().skip(first).take(1).collect();
    }
    steps
}

/// Who may leave a zone that has too many, in this order.
fn releases(
    zone: &Zone,
    mut here: Vec<&Instance>,
    staying: &[&Instance],
    starting: bool,
) -> impl Iterator<Item = Step> {
    let all_current_settled =
        !starting && staying.iter().all(|instance| instance.settled || instance.outdated);
    let all_settled = all_current_settled && staying.iter().all(|instance| instance.settled);
    let has_outdated = here.iter().any(|instance| instance.outdated);
    let gone = !zone.available;
    // By its name, since the answer outlives the list.
    let last_proven = last_proven(staying.iter().copied()).map(|last| last.name.clone());
    here.sort_by_key(|instance| {
        (
            !instance.outdated,
            instance.proven,
            instance.settled,
            std::cmp::Reverse(ordinal(&instance.name)),
        )
    });
    here.into_iter().filter_map(move |instance| {
        let (may, cause) = if gone {
            (true, "its zone is out")
        } else if Some(&instance.name) == last_proven.as_ref() {
            (false, "")
        } else if instance.outdated {
            (all_current_settled || !instance.settled, "its successor is in service")
        } else if has_outdated {
            (false, "")
        } else {
            (!instance.settled || all_settled, "the group has one too many")
        };
        may.then(|| Step::Release { name: instance.name.clone(), cause })
    })
}

fn ordinal(name: &str) -> u32 {
    name.rsplit_once('-').and_then(|(_, ordinal)| ordinal.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Servers that start, serve, leave and end as the steps say.
    #[derive(Debug)]
    struct World {
        instances: Vec<Instance>,
        zones: Vec<Zone>,
        desired: usize,
        pace: Pace,
    }

    impl World {
        fn new(zones: usize, desired: usize) -> Self {
            let zones = (0..zones)
                .map(|index| Zone {
                    name: char::from(b'a' + index as u8).to_string(),
                    available: true,
                })
                .collect();
            let mut world = Self { instances: Vec::new(), zones, desired, pace: Pace::OneByOne };
            world.settle();
            world
        }

        fn advance(&mut self) -> Vec<Step> {
            self.instances.retain(|instance| !instance.leaving);
            let steps = plan(&self.instances, &self.zones, self.desired, self.pace);
            for step in &steps {
                match step {
                    Step::Launch { name, zone } => {
                        assert!(self.find(name).is_none(), "{name} exists: {self:?}");
                        self.instances.push(Instance {
                            name: name.clone(),
                            zone: zone.clone(),
                            settled: false,
                            leaving: false,
                            outdated: false,
                            proven: false,
                        });
                    }
                    Step::Release { name, .. } => {
                        let index = self.find(name).unwrap();
                        self.instances[index].leaving = true;
                        self.instances[index].settled = false;
                    }
                }
            }
            steps
        }

        fn find(&self, name: &str) -> Option<usize> {
            self.instances.iter().position(|instance| instance.name == name)
        }

        fn serving(&self) -> usize {
            self.instances.iter().filter(|instance| instance.settled).count()
        }

        /// Until nothing is left to do; whoever starts gets ready in between.
        fn settle(&mut self) {
            for _ in 0..500 {
                self.instances.iter_mut().for_each(|one| one.settled = !one.leaving);
                if self.advance().is_empty() && self.instances.iter().all(|one| !one.leaving) {
                    return;
                }
            }
            panic!("never done: {self:?}");
        }

        /// Another release is wished; the one before comes back if it fails.
        fn outdate(&mut self) {
            for instance in &mut self.instances {
                instance.proven = !instance.outdated;
                instance.outdated = true;
            }
        }

        /// The new release has passed, or has failed.
        fn end_trial(&mut self) {
            self.instances.iter_mut().for_each(|instance| instance.proven = false);
        }

        fn spare(&self) -> Option<&str> {
            spare(&self.instances, &self.zones, self.desired)
        }

        fn names(&self) -> Vec<&str> {
            let mut names: Vec<&str> =
                self.instances.iter().map(|instance| instance.name.as_str()).collect();
            names.sort_unstable();
            names
        }
    }

    #[test]
    fn servers_are_spread_over_the_zones() {
        assert_eq!(World::new(3, 5).names(), ["a-1", "a-2", "b-1", "b-2", "c-1"]);
    }

    #[test]
    fn in_a_roll_the_new_one_serves_before_the_old_one_leaves() {
        let mut world = World::new(3, 3);
        world.outdate();
        let launch = |zone: &str| Step::Launch { name: format!("{zone}-2"), zone: zone.into() };
        assert_eq!(world.advance(), [launch("a")]);
        assert_eq!(world.advance(), [], "the new one is not ready");
        world.instances.iter_mut().for_each(|one| one.settled = true);
        let cause = "its successor is in service";
        assert_eq!(world.advance(), [Step::Release { name: "a-1".into(), cause }]);
        assert_eq!(world.advance(), [launch("b")], "once the old one is gone");
        world.settle();
        assert_eq!(world.names(), ["a-2", "b-2", "c-1", "c-2"]);
        assert_eq!(world.spare(), Some("c-1"));
        world.end_trial();
        world.settle();
        assert_eq!(world.names(), ["a-2", "b-2", "c-2"]);
    }

    #[test]
    fn the_spare_counts_nowhere_and_is_there_when_the_release_fails() {
        let mut world = World::new(3, 5);
        world.outdate();
        world.settle();
        assert_eq!(world.names(), ["a-2", "a-3", "b-2", "b-3", "c-1", "c-2"]);
        assert_eq!(world.spare(), Some("c-1"));
        world.desired = 6;
        world.settle();
        assert_eq!(world.names(), ["a-2", "a-3", "b-2", "b-3", "c-1", "c-2", "c-3"]);
        assert_eq!(world.spare(), Some("c-1"));
        // One of its zone has trouble: the spare helps out, and nobody lets it go.
        world.instances.iter_mut().find(|one| one.name == "c-2").unwrap().settled = false;
        assert_eq!(world.spare(), None);
        assert_eq!(world.advance(), []);
        // The release fails: what was outdated is wished again.
        world.pace = Pace::Together;
        world.end_trial();
        world.instances.iter_mut().for_each(|one| one.outdated = !one.outdated);
        world.settle();
        assert!(world.names().contains(&"c-1"), "{:?}", world.names());
        assert_eq!(world.instances.len(), 6);
    }

    #[test]
    fn a_lost_zone_is_made_up_for_by_the_others_and_taken_back_later() {
        let mut world = World::new(3, 3);
        world.zones[0].available = false;
        world.settle();
        assert_eq!(world.names(), ["b-1", "b-2", "c-1"]);
        world.zones[0].available = true;
        let steps = world.advance();
        assert_eq!(steps, [Step::Launch { name: "a-1".into(), zone: "a".into() }]);
        world.settle();
        assert_eq!(world.names(), ["a-1", "b-1", "c-1"]);
    }

    #[test]
    fn a_broken_new_release_goes_at_once_and_costs_nobody() {
        let mut world = World::new(3, 3);
        world.outdate();
        world.advance();
        // The new release is given up: what was outdated is wished again, and the new one is not.
        world.pace = Pace::Together;
        world.end_trial();
        world.instances.iter_mut().for_each(|one| one.outdated = !one.outdated);
        let cause = "its successor is in service";
        assert_eq!(world.advance(), [Step::Release { name: "a-2".into(), cause }]);
        assert_eq!(world.serving(), 3);
    }

    #[derive(Clone, Debug)]
    enum Happening {
        Plan,
        Ready(usize),
        Die(usize),
        Outage(usize),
        Return(usize),
        Wish(usize),
        NewRelease,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            6 => Just(Happening::Plan),
            4 => (0..16_usize).prop_map(Happening::Ready),
            2 => (0..16_usize).prop_map(Happening::Die),
            1 => (0..4_usize).prop_map(Happening::Outage),
            1 => (0..4_usize).prop_map(Happening::Return),
            1 => (1..9_usize).prop_map(Happening::Wish),
            1 => Just(Happening::NewRelease),
        ]
    }

    proptest! {
        #[test]
        fn whatever_happens_the_group_comes_back(
            zones in 1..4_usize,
            desired in 1..9_usize,
            together in any::<bool>(),
            happenings in prop::collection::vec(happening(), 0..60),
        ) {
            let mut world = World::new(zones, desired);
            world.pace = if together { Pace::Together } else { Pace::OneByOne };
            for happening in happenings {
                match happening {
                    Happening::Plan => { world.advance(); }
                    Happening::Ready(index) => {
                        if let Some(one) = world.instances.get_mut(index) {
                            one.settled = !one.leaving;
                        }
                    }
                    Happening::Die(index) => {
                        if let Some(one) = world.instances.get_mut(index) {
                            one.settled = false;
                        }
                    }
                    Happening::Outage(index) => {
                        if let Some(zone) = world.zones.get_mut(index) {
                            zone.available = false;
                        }
                    }
                    Happening::Return(index) => {
                        if let Some(zone) = world.zones.get_mut(index) {
                            zone.available = true;
                        }
                    }
                    Happening::Wish(count) => world.desired = count,
                    Happening::NewRelease => world.outdate(),
                }
            }
            world.zones.iter_mut().for_each(|zone| zone.available = true);
            world.settle();
            let spare = usize::from(world.spare().is_some());
            prop_assert_eq!(world.instances.len(), world.desired + spare);
            world.end_trial();
            world.settle();
            prop_assert_eq!(world.instances.len(), world.desired);
            prop_assert!(world.instances.iter().all(|one| !one.outdated && one.settled));
            let (most, fewest) = spread(&world.zones, world.desired).iter().fold(
                (0, usize::MAX),
                |(most, fewest), (zone, _)| {
                    let here =
                        world.instances.iter().filter(|one| one.zone == zone.name).count();
                    (most.max(here), fewest.min(here))
                },
            );
            prop_assert!(most - fewest <= 1);
        }

        /// Without faults a roll never has fewer servers in service than wished (HA-7).
        #[test]
        fn a_roll_never_lacks_a_server(zones in 1..4_usize, desired in 1..9_usize) {
            let mut world = World::new(zones, desired);
            world.outdate();
            while !(world.advance().is_empty() && world.instances.iter().all(|one| !one.leaving)) {
                prop_assert!(world.serving() >= desired);
                prop_assert!(world.instances.len() <= desired + 1);
                world.instances.iter_mut().for_each(|one| one.settled = !one.leaving);
            }
            // All are new but one, which goes when the trial is over.
            let old: Vec<&Instance> = world.instances.iter().filter(|one| one.outdated).collect();
            prop_assert_eq!(old.len(), 1);
            prop_assert_eq!(Some(old[0].name.as_str()), world.spare());
            prop_assert_eq!(world.instances.len(), desired + 1);
            world.end_trial();
            world.settle();
            prop_assert!(world.instances.iter().all(|one| !one.outdated));
            prop_assert_eq!(world.instances.len(), desired);
        }
    }
}
