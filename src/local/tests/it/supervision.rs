//! Whoever dies is replaced, and whoever lives goes on (HA-5, HA-6).

use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use local::{ComponentState, Event, Status, UpOutcome};

use crate::support::{Deployment, UntilDropped, all_healthy, eventually, kill, under_load};

/// Kills a part and says how long it took until everything was healthy again.
fn kill_and_wait(
    deployment: &Deployment,
    signal: &str,
    part: impl Fn(&Status) -> Option<u32>,
) -> Duration {
    let before = part(&deployment.status()).unwrap();
    let begun = Instant::now();
    kill(before, signal);
    deployment.status_when("a replacement is healthy", |status| {
        all_healthy(status) && part(status).is_some_and(|pid| pid != before)
    });
    begun.elapsed()
}

#[test]
fn each_kind_of_part_is_replaced_within_two_seconds() {
    let deployment = Deployment::started();
    let server = kill_and_wait(&deployment, "KILL", |status| status.servers[0].pid);
    let engines = kill_and_wait(&deployment, "KILL", |status| status.engines.pid);
    let balancer = kill_and_wait(&deployment, "KILL", |status| status.balancer.pid);
    for took in [server, engines, balancer] {
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    let status = deployment.status();
    assert_eq!(status.servers[0].restarts, 1);
    let told = status.activities.iter().any(|activity| {
        activity.component == "a-1"
            && activity.event == Event::Died
            && activity.cause.contains("signal 9")
    });
    assert!(told, "{:#?}", status.activities);
}

#[test]
fn a_frozen_server_is_taken_out_and_replaced() {
    let deployment = Deployment::started();
    kill_and_wait(&deployment, "STOP", |status| status.servers[1].pid);
    let status = deployment.status();
    assert!(status.activities.iter().any(|activity| activity.event == Event::Unhealthy));
    assert_eq!(deployment.processes().len(), 6);
}

#[test]
fn without_a_supervisor_everything_serves_and_the_next_one_takes_over() {
    let deployment = Deployment::started();
    let before = deployment.status();
    kill(before.supervisor.pid.unwrap(), "KILL");
    let orphaned =
        deployment.status_when("the supervisor is dead", |status| status.supervisor.pid.is_none());
    assert_eq!(deployment.ask("/instance").status, 200);
    assert!(orphaned.ready && !orphaned.converged);
    assert_eq!(orphaned.balancer.state, ComponentState::Healthy);
    // Nobody replaces this one until there is a supervisor again.
    kill(before.servers[2].pid.unwrap(), "KILL");
    assert!((0..20).all(|_| deployment.ask("/instance").status == 200));

    assert!(local::revive(deployment.data()).unwrap());
    // The last state on disk, from before the death, says healthy as well: the new pid is the sign.
    let after = deployment.status_when("all is well again", |status| {
        all_healthy(status) && status.servers[2].pid != before.servers[2].pid
    });
    assert_eq!(before.engines.pid, after.engines.pid);
    assert_eq!(before.balancer.pid, after.balancer.pid);
    assert_eq!(before.servers[0].pid, after.servers[0].pid);
    assert!(!local::revive(deployment.data()).unwrap());
    assert!(matches!(deployment.up(), UpOutcome::AlreadyRunning(_)));
    // What was adopted is watched as well as what was started.
    kill_and_wait(&deployment, "KILL", |status| status.engines.pid);
}

/// Who looks right after a revival sees the service as it is: the new supervisor has taken over.
#[test]
fn a_revival_is_over_when_the_next_supervisor_has_taken_over() {
    let deployment = Deployment::started();
    for _ in 0..3 {
        kill(deployment.status().supervisor.pid.unwrap(), "KILL");
        eventually("nobody supervises", || deployment.status().supervisor.pid.is_none());
        assert!(local::revive(deployment.data()).unwrap());
        let status = deployment.status();
        assert!(all_healthy(&status) && status.converged, "{status:#?}");
        let told = |activity: &local::Activity| {
            activity.component == "supervisor" && activity.cause.contains("it had died")
        };
        assert!(status.activities.iter().any(told));
    }
}

/// How a process was started, so that another one can be started in the same way.
struct Mark {
    environment: String,
    arguments: String,
}

impl Mark {
    fn of(pid: u32) -> Self {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap();
        Self { environment: read("environ"), arguments: read("cmdline") }
    }

    /// The same with another value in one place, for another program with its own argument.
    fn start(&self, program: &Path, argument: Option<&str>, changed: (&str, &str)) -> Child {
        let pairs = self.environment.split('\0').filter_map(|pair| pair.split_once('='));
        let own = self.arguments.split('\0').skip(1).filter(|word| !word.is_empty());
        let mut command = Command::new(program);
        match argument {
            Some(argument) => command.arg(argument),
            None => command.args(own),
        };
        command.env_clear().envs(pairs).env(changed.0, changed.1).spawn().unwrap()
    }
}

#[test]
fn of_two_processes_for_one_part_the_one_that_is_wished_is_kept() {
    let deployment = Deployment::started();
    let status = deployment.status();
    let server = status.servers.iter().find(|server| server.name == "a-1").unwrap();
    let pid = server.pid.unwrap();
    let program = deployment.data().join("releases").join(&server.digest).join("syncd");
    let mark = Mark::of(pid);
    kill(status.supervisor.pid.unwrap(), "KILL");
    eventually("nobody supervises", || deployment.status().supervisor.pid.is_none());
    kill(pid, "KILL");
    eventually("the server is dead", || !deployment.processes().contains(&pid));
    // The older one runs something else; the younger one is what the first was.
    let digest = ("SYNCCTL_LOCAL_DIGEST", "of another release");
    let mut stranger = mark.start(Path::new("/bin/sleep"), Some("600"), digest);
    std::thread::sleep(Duration::from_millis(50));
    let mut wished = mark.start(&program, None, ("SYNCCTL_LOCAL_LAUNCH", "0123456789abcdef"));
    assert!(local::revive(deployment.data()).unwrap());
    eventually("the stranger is ended", || stranger.try_wait().unwrap().is_some());
    let status = deployment.status_when("everybody is well again", all_healthy);
    let server = status.servers.iter().find(|server| server.name == "a-1").unwrap();
    assert_eq!(server.pid, Some(wished.id()), "{status:#?}");
    assert!(wished.try_wait().unwrap().is_none());
    kill(wished.id(), "KILL");
    let _ = wished.wait();
}

#[test]
fn a_frozen_supervisor_is_replaced_by_the_next_command() {
    let deployment = Deployment::started();
    let frozen = deployment.status().supervisor.pid.unwrap();
    kill(frozen, "STOP");
    crate::support::eventually("it is frozen", || {
        std::fs::read_to_string(format!("/proc/{frozen}/stat")).unwrap().contains(") T ")
    });
    assert!(
        matches!(deployment.up(), UpOutcome::Changed { replaced, .. } if replaced == ["supervisor"])
    );
    assert!(all_healthy(&deployment.status()));
    assert_eq!(deployment.processes().len(), 6);
}

#[test]
fn a_server_that_keeps_dying_waits_longer_each_time_and_says_why() {
    let deployment = Deployment::started();
    deployment.set_fault("exit");
    kill(deployment.status().servers[0].pid.unwrap(), "KILL");
    let status = deployment.status_when("it backs off", |status| {
        status.servers[0].state == ComponentState::Backoff && status.servers[0].failures >= 3
    });
    let reason = status.servers[0].reason.clone().unwrap();
    assert!(reason.contains("exit code 3") && reason.contains("told to fail"), "{reason}");
    assert_eq!(deployment.ask("/instance").status, 200);
    deployment.clear_fault("exit");
    deployment.status_when("it recovers", all_healthy);
}

#[test]
fn a_killed_server_costs_the_readers_nothing() {
    let deployment = Deployment::started();
    let victims: Vec<u32> =
        deployment.status().servers.iter().filter_map(|server| server.pid).take(2).collect();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let until = UntilDropped(&over);
        let readers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut statuses = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        statuses.push(deployment.ask("/wait?3").status);
                    }
                    statuses
                })
            })
            .collect();
        for victim in victims {
            kill(victim, "KILL");
            deployment.status_when("it is replaced", |status| {
                all_healthy(status)
                    && status.servers.iter().all(|server| server.pid != Some(victim))
            });
        }
        drop(until);
        let statuses: Vec<u16> =
            readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect();
        let failed = statuses.iter().filter(|status| **status != 200).count();
        assert_eq!(failed, 0, "of {}", statuses.len());
    });
}

/// Kills and freezes in an order that a seed decides, faster than anybody recovers.
#[test]
fn after_a_storm_of_deaths_everything_is_back_once() {
    let deployment = Deployment::started();
    let mut seed: u64 = 0x5eed;
    let mut random = |below: u64| {
        // A linear congruential generator (Knuth's MMIX constants): the same storm every time.
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) % below
    };
    for _ in 0..40 {
        let processes = deployment.processes();
        if let Some(victim) = processes.get(random(processes.len().max(1) as u64) as usize) {
            kill(*victim, if random(4) == 0 { "STOP" } else { "KILL" });
        }
        let pause = Duration::from_millis(random(150));
        let begun = Instant::now();
        crate::support::eventually("the storm goes on", || begun.elapsed() >= pause);
        if random(3) == 0 {
            let _ = local::revive(deployment.data());
        }
    }
    deployment.up();
    deployment.status_when("all is well again", all_healthy);
    assert_eq!(deployment.processes().len(), 6);
}

#[test]
fn damaged_notes_are_made_anew_and_cost_no_service() {
    let deployment = Deployment::started();
    let run = deployment.data().join("run");
    for file in ["backends.json", "rollout.json", "group.json", "outages.json", "layout.json"] {
        std::fs::write(run.join(file), "{garbage").unwrap();
    }
    let before = deployment.status();
    kill(before.balancer.pid.unwrap(), "KILL");
    deployment.status_when("another balancer serves", |status| {
        all_healthy(status) && status.balancer.pid != before.balancer.pid
    });
    let (after, _) = under_load(&deployment, || {
        kill(before.supervisor.pid.unwrap(), "KILL");
        deployment.status_when("the supervisor is dead", |status| status.supervisor.pid.is_none());
        assert!(local::revive(deployment.data()).unwrap());
        deployment.status_when("all is well", all_healthy)
    });
    let places = |status: &Status| -> Vec<_> {
        status.servers.iter().map(|server| (server.pid, server.address)).collect()
    };
    assert_eq!(places(&after), places(&before), "the next supervisor goes on with what runs");
}

/// How often the supervisor's loop has gone to sleep.
fn rests(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_supervisor_with_nothing_to_do_sleeps_and_hears_of_everything() {
    const WINDOW: Duration = Duration::from_secs(3);
    let deployment = Deployment::started();
    let pid = deployment.status().supervisor.pid.unwrap();
    // Right after the start there is something to do.
    eventually("it comes to rest", || {
        let before = rests(pid);
        std::thread::sleep(WINDOW);
        rests(pid) - before < 10
    });
    // A list that somebody has taken away is there again long before the next look at it.
    let list = deployment.data().join("run/backends.json");
    let begun = Instant::now();
    std::fs::remove_file(&list).unwrap();
    eventually("the list is written anew", || list.exists());
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(500), "{took:?}");
}
