//! A new release has to prove itself; one that does not is undone by itself (DP-2, HA-7).

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use local::{ComponentState, LocalError, Phase, RollOutcome, RollRequest, Silent, Verdict};

use crate::support::{
    Deployment, Recorder, UntilDropped, all_healthy, kill, request as http, under_load,
    under_repeatable_load,
};

/// The same program with other content, as another build is.
fn other_build(deployment: &Deployment, name: &str) -> PathBuf {
    let path = deployment.outside().join(name);
    std::fs::copy(&deployment.programs.syncd, &path).unwrap();
    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(name.as_bytes())
        .unwrap();
    path
}

/// A release that wraps the good one in a script.
fn script(deployment: &Deployment, name: &str, text: &str) -> PathBuf {
    let path = deployment.outside().join(name);
    let good = deployment.programs.syncd.display();
    std::fs::write(&path, text.replace("GOOD", &format!("exec '{good}'"))).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

fn request(program: PathBuf) -> RollRequest {
    RollRequest { program, bake: None }
}

fn roll(deployment: &Deployment, program: PathBuf) -> local::Result<RollOutcome> {
    local::roll(deployment.data(), &request(program), &Silent)
}

/// Rolls under load, sees it undone, and that nobody noticed.
fn see_undone(deployment: &Deployment, program: PathBuf) -> LocalError {
    let before = deployment.status();
    let (outcome, requests) = under_repeatable_load(deployment, || roll(deployment, program));
    let error = outcome.unwrap_err();
    assert!(matches!(error, LocalError::ReleaseUndone { .. }), "{error:?}");
    assert!(requests > 20, "{requests}");
    let after = deployment.status_when("everything is well", all_healthy);
    assert_eq!(after.release, before.release);
    assert!(after.servers.iter().all(|server| server.digest == before.release));
    error
}

#[test]
fn a_good_release_is_rolled_and_rolled_back_without_a_failed_request() {
    let deployment = Deployment::started();
    let first = deployment.status().release;
    let newer = other_build(&deployment, "newer");
    let (outcome, requests) = under_load(&deployment, || roll(&deployment, newer.clone()));
    let outcome = outcome.unwrap();
    assert_eq!(outcome.from, first);
    assert!(requests > 50, "{requests}");
    let status = deployment.status();
    assert_eq!(status.release, outcome.to);
    assert!(status.servers.iter().all(|server| server.digest == outcome.to));
    assert!(status.servers.iter().all(|server| server.restarts == 0));
    assert!(roll(&deployment, newer).unwrap().is_unchanged());

    let (back, _) =
        under_load(&deployment, || local::rollback(deployment.data(), None, None, &Silent));
    assert_eq!(back.unwrap().to, first);
    let known = local::releases(deployment.data()).unwrap();
    let verdicts: Vec<(bool, bool)> =
        known.iter().map(|one| (one.in_force, one.verdict == Verdict::Passed)).collect();
    assert_eq!(verdicts, [(true, true), (false, true)]);
    // And forward again, by the first digits of its digest.
    let digits = &outcome.to[..8];
    let again = local::rollback(deployment.data(), Some(digits), None, &Silent).unwrap();
    assert_eq!(again.to, outcome.to);
}

#[test]
fn a_release_that_crashes_is_undone_and_its_last_words_are_told() {
    let deployment = Deployment::started();
    let bad = script(&deployment, "crash", "#!/bin/sh\necho no such table >&2\nexit 4\n");
    let error = see_undone(&deployment, bad);
    assert!(error.to_string().contains("exit code 4"), "{error}");
    assert!(error.log_tail().iter().any(|line| line.contains("no such table")));
    let known = local::releases(deployment.data()).unwrap();
    // Not by its place: a deployment that was just started remembers its own release when it comes to it.
    let undone = known.iter().any(|release| {
        matches!(&release.verdict, Verdict::Undone { reason } if reason.contains("exit code 4"))
    });
    assert!(undone, "{known:?}");
}

#[test]
fn a_release_that_cannot_even_be_executed_is_undone() {
    let deployment = Deployment::started();
    let bad = deployment.outside().join("garbage");
    std::fs::write(&bad, b"\x7fELF is not enough").unwrap();
    std::fs::set_permissions(&bad, PermissionsExt::from_mode(0o755)).unwrap();
    see_undone(&deployment, bad);
}

#[test]
fn a_release_that_answers_but_is_never_ready_is_undone() {
    let mut deployment = Deployment::new();
    deployment.spec.start_limit = Duration::from_secs(3);
    deployment.up();
    let bad = script(&deployment, "unready", "#!/bin/sh\nexport STAND_IN_FAULT=unready\nGOOD\n");
    let error = see_undone(&deployment, bad);
    // Not by its errors: nobody was sent to it.
    assert!(error.to_string().contains("not in service within 3 s"), "{error}");
}

#[test]
fn a_release_that_turns_unhealthy_while_it_is_watched_is_undone() {
    let mut deployment = Deployment::new();
    deployment.spec.bake = Duration::from_secs(30);
    deployment.up();
    let text = "#!/bin/sh\nexport STAND_IN_FAULT=unhealthy-later\nGOOD\n";
    let error = see_undone(&deployment, script(&deployment, "unhealthy", text));
    assert!(error.to_string().contains("became unhealthy"), "{error}");
}

#[test]
fn a_release_that_crashes_while_it_is_watched_is_undone() {
    let mut deployment = Deployment::new();
    deployment.spec.bake = Duration::from_secs(30);
    deployment.up();
    let text = "#!/bin/sh\nexport STAND_IN_FAULT=exit-later\nGOOD\n";
    let error = see_undone(&deployment, script(&deployment, "mortal", text));
    assert!(error.to_string().contains("exit code 3"), "{error}");
}

#[test]
fn a_release_that_answers_with_errors_is_undone_and_no_client_sees_one() {
    let mut deployment = Deployment::new();
    deployment.spec.bake = Duration::from_secs(30);
    deployment.up();
    let text = "#!/bin/sh\nexport STAND_IN_FAULT=errors\nGOOD\n";
    let bad = script(&deployment, "errors", text);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // What nobody may repeat is kept away from servers that have proven nothing yet.
        let posting = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let answer =
                    http(deployment.spec.listen, "POST", "/anything", "", b"once").unwrap();
                assert_eq!(answer.status, 200);
            }
        });
        let until = UntilDropped(&over);
        let error = see_undone(&deployment, bad);
        drop(until);
        posting.join().unwrap();
        assert!(error.to_string().contains("5xx"), "{error}");
    });
}

/// What clients saw of a release that was well until every server ran it.
#[derive(Debug, Default)]
struct Seen {
    answered: usize,
    /// Requests that failed and could have been repeated, and those that could not.
    failed: [Vec<String>; 2],
    slowest: Duration,
}

/// Rolls onto five servers, gives the new release its cue when the last of them serves, and sees it
/// undone under load of both kinds of requests.
fn fail_in_the_bake(fault: &str) -> (LocalError, Seen) {
    let mut deployment = Deployment::new();
    deployment.spec.servers = 5;
    deployment.spec.bake = Duration::from_secs(60);
    deployment.up();
    let before = deployment.status().release;
    let text = format!("#!/bin/sh\nexport STAND_IN_FAULT={fault}-on-cue\nGOOD\n");
    let bad = script(&deployment, fault, &text);
    let (over, seen) = (AtomicBool::new(false), Mutex::new(Seen::default()));
    let error = std::thread::scope(|scope| {
        let until = UntilDropped(&over);
        let named = ("POST", "X-Repeatable: yes\r\n");
        for (method, header) in [("PUT", ""), ("PUT", ""), named, named, ("POST", ""), ("POST", "")]
        {
            let (deployment, over, seen) = (&deployment, &over, &seen);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let answer = http(deployment.spec.listen, method, "/wait?5", header, b"hello");
                    let mut seen = seen.lock().unwrap();
                    seen.slowest = seen.slowest.max(begun.elapsed());
                    match answer {
                        Ok(answer) if answer.status == 200 => seen.answered += 1,
                        other => {
                            seen.failed[usize::from(method == "POST" && header.is_empty())]
                                .push(format!("{other:?}"));
                        }
                    }
                }
            });
        }
        let rolling = scope.spawn(|| roll(&deployment, bad));
        let watched = deployment.status_when("every server runs the new release", |status| {
            matches!(status.rollout.as_ref().map(|one| &one.phase), Some(Phase::Baking { .. }))
        });
        let (standby, group): (Vec<_>, Vec<_>) =
            watched.servers.iter().partition(|server| server.standby);
        assert!(group.len() == 5 && group.iter().all(|server| server.digest != before));
        assert!(standby.len() == 1 && standby[0].digest == before, "{standby:#?}");
        deployment.set_fault("cue");
        let error = rolling.join().unwrap().unwrap_err();
        deployment.status_when("everything is well", all_healthy);
        drop(until);
        error
    });
    let after = deployment.status();
    assert_eq!(after.servers.len(), 5, "{after:#?}");
    assert!(after.servers.iter().all(|server| server.digest == before && !server.standby));
    assert!(matches!(error, LocalError::ReleaseUndone { .. }), "{error:?}");
    let seen = seen.into_inner().unwrap();
    assert!(seen.answered > 200, "{seen:?}");
    (error, seen)
}

/// What nobody may repeat is at risk at one server at a time.
fn require_nothing_failed_but_one_post(seen: &Seen) {
    let [repeatable, posts] = &seen.failed;
    assert!(repeatable.is_empty() && posts.len() <= 1, "{seen:#?}");
}

#[test]
fn a_release_that_freezes_everywhere_once_it_is_watched_costs_nobody_anything() {
    let (error, seen) = fail_in_the_bake("freeze");
    assert!(error.to_string().contains("became unhealthy"), "{error}");
    require_nothing_failed_but_one_post(&seen);
    assert!(seen.slowest < Duration::from_secs(10), "{:?}", seen.slowest);
}

#[test]
fn a_release_that_crashes_everywhere_once_it_is_watched_costs_nobody_anything() {
    let (error, seen) = fail_in_the_bake("exit");
    assert!(error.to_string().contains("exit code 3"), "{error}");
    require_nothing_failed_but_one_post(&seen);
}

#[test]
fn a_release_that_errs_everywhere_once_it_is_watched_costs_nobody_anything() {
    let (error, seen) = fail_in_the_bake("errors");
    assert!(error.to_string().contains("5xx"), "{error}");
    require_nothing_failed_but_one_post(&seen);
}

#[test]
fn a_standby_outlives_its_supervisor_and_its_own_death_and_goes_when_the_release_has_passed() {
    let mut deployment = Deployment::new();
    deployment.spec.bake = Duration::from_secs(10);
    deployment.up();
    let before = deployment.status().release;
    let newer = other_build(&deployment, "newer");
    let standby = |status: &local::Status| {
        let found = status.servers.iter().find(|server| server.standby)?;
        (found.state == ComponentState::Healthy).then_some(found.pid?)
    };
    std::thread::scope(|scope| {
        let rolling = scope.spawn(|| roll(&deployment, newer));
        let status = deployment.status_when("one stands by", |status| standby(status).is_some());
        let first = standby(&status).unwrap();
        kill(status.supervisor.pid.unwrap(), "KILL");
        // Whoever waits for the roll starts another.
        let status = deployment.status_when("the next supervisor lets it stand by", |now| {
            now.supervisor.pid.is_some_and(|pid| Some(pid) != status.supervisor.pid)
                && standby(now) == Some(first)
        });
        assert_eq!(status.servers.len(), 4);
        kill(first, "KILL");
        let status = deployment.status_when("another stands by", |status| {
            standby(status).is_some_and(|pid| pid != first)
        });
        let second = status.servers.iter().find(|server| server.standby).unwrap();
        assert_eq!(second.digest, before);
        // Both at once: nobody finds it running.
        kill(status.supervisor.pid.unwrap(), "KILL");
        kill(second.pid.unwrap(), "KILL");
        let third = deployment.status_when("one is started to stand by", |status| {
            standby(status).is_some_and(|pid| Some(pid) != second.pid)
        });
        assert_eq!(third.servers.len(), 4);
        let outcome = rolling.join().unwrap().unwrap();
        assert_ne!(outcome.to, before);
    });
    let status = deployment.status();
    assert!(all_healthy(&status) && status.servers.len() == 3, "{status:#?}");
    assert!(status.servers.iter().all(|server| server.digest != before && !server.standby));
    assert_eq!(deployment.processes().len(), 6);
}

#[test]
fn down_in_the_middle_of_a_bake_leaves_no_standby_behind() {
    let mut deployment = Deployment::new();
    deployment.spec.bake = Duration::from_secs(60);
    deployment.up();
    let newer = other_build(&deployment, "newer");
    let mut command = std::process::Command::new(&deployment.programs.syncctl)
        .arg("roll")
        .arg(deployment.data())
        .arg(&newer)
        .spawn()
        .unwrap();
    deployment
        .status_when("one stands by", |status| status.servers.iter().any(|server| server.standby));
    command.kill().unwrap();
    command.wait().unwrap();
    local::down(deployment.data(), &Silent).unwrap();
    assert_eq!(deployment.processes(), [0_u32; 0]);
}

#[test]
fn a_release_that_is_killed_again_and_again_is_undone() {
    let mut deployment = Deployment::new();
    deployment.spec.bake = Duration::from_secs(30);
    deployment.up();
    // Each time after it has served well for long enough that the death counts as its first.
    let text = "#!/bin/sh\n(sleep 2.5; kill -s KILL $$) &\nGOOD\n";
    let error = see_undone(&deployment, script(&deployment, "hungry", text));
    assert!(error.to_string().contains("without a word"), "{error}");
}

#[test]
fn a_cancelled_roll_brings_the_old_release_back() {
    let mut deployment = Deployment::new();
    deployment.spec.bake = Duration::from_secs(60);
    deployment.up();
    let before = deployment.status().release;
    let newer = other_build(&deployment, "newer");
    let reporter = Recorder { cancel_at: Some("runs everywhere"), ..Recorder::default() };
    let outcome = local::roll(deployment.data(), &request(newer), &reporter);
    assert!(matches!(outcome, Err(LocalError::Interrupted)), "{outcome:?}");
    let after = deployment.status_when("the old release is back", |status| {
        all_healthy(status)
            && status.release == before
            && status.servers.iter().all(|server| server.digest == before)
            && matches!(status.rollout.as_ref().unwrap().phase, Phase::Undone { .. })
    });
    assert_eq!(after.servers.len(), 3);
}

#[test]
fn a_roll_goes_on_without_its_command_and_without_its_supervisor() {
    let mut deployment = Deployment::new();
    deployment.spec.bake = Duration::from_secs(2);
    deployment.up();
    let newer = other_build(&deployment, "newer");
    let mut command = std::process::Command::new(&deployment.programs.syncctl)
        .arg("roll")
        .arg(deployment.data())
        .arg(&newer)
        .spawn()
        .unwrap();
    deployment.status_when("the roll has begun", |status| {
        status.rollout.as_ref().is_some_and(local::RolloutStatus::is_running)
    });
    command.kill().unwrap();
    command.wait().unwrap();
    kill(deployment.status().supervisor.pid.unwrap(), "KILL");
    deployment.status_when("it is dead", |status| status.supervisor.pid.is_none());
    assert!(local::revive(deployment.data()).unwrap());
    let after = deployment.status_when("the new release has passed", |status| {
        all_healthy(status)
            && matches!(
                status.rollout.as_ref().map(|rollout| &rollout.phase),
                Some(Phase::Passed { .. })
            )
    });
    assert!(after.servers.iter().all(|server| server.digest == after.release));
    assert_eq!(deployment.processes().len(), 6);
}

#[test]
fn whoever_waits_for_a_roll_starts_a_supervisor_that_died_again() {
    let mut deployment = Deployment::new();
    deployment.spec.bake = Duration::from_secs(2);
    deployment.up();
    let newer = other_build(&deployment, "newer");
    std::thread::scope(|scope| {
        let rolling = scope.spawn(|| roll(&deployment, newer));
        deployment.status_when("the roll has begun", |status| {
            status.rollout.as_ref().is_some_and(local::RolloutStatus::is_running)
        });
        kill(deployment.status().supervisor.pid.unwrap(), "KILL");
        let outcome = rolling.join().unwrap().unwrap();
        assert_eq!(deployment.status().release, outcome.to);
    });
    deployment.status_when("everything is well", all_healthy);
}

#[test]
fn a_server_killed_in_the_middle_of_a_roll_is_replaced_and_the_roll_goes_on() {
    let deployment = Deployment::started();
    let newer = other_build(&deployment, "newer");
    let victim = deployment.status().servers[2].pid.unwrap();
    std::thread::scope(|scope| {
        let rolling = scope.spawn(|| roll(&deployment, newer));
        deployment.status_when("the roll has begun", |status| {
            status.rollout.as_ref().is_some_and(local::RolloutStatus::is_running)
        });
        kill(victim, "KILL");
        assert!(rolling.join().unwrap().is_ok());
    });
    let status = deployment.status();
    assert!(all_healthy(&status) && status.servers.len() == 3, "{status:#?}");
}

#[test]
fn where_there_is_nothing_to_go_back_to_rollback_says_so() {
    let deployment = Deployment::started();
    let none = local::rollback(deployment.data(), None, None, &Silent);
    assert!(matches!(none, Err(LocalError::NoEarlierRelease)), "{none:?}");
    let unknown = local::rollback(deployment.data(), Some("ffff"), None, &Silent);
    assert!(matches!(unknown, Err(LocalError::UnknownRelease { .. })), "{unknown:?}");
}

#[test]
fn a_roll_left_alone_can_be_taken_back_by_the_next_command() {
    let mut deployment = Deployment::new();
    deployment.spec.bake = Duration::from_secs(60);
    deployment.up();
    let first = deployment.status().release;
    let newer = other_build(&deployment, "newer");
    let mut command = std::process::Command::new(&deployment.programs.syncctl)
        .arg("roll")
        .arg(deployment.data())
        .arg(&newer)
        .spawn()
        .unwrap();
    deployment.status_when("the new release is watched", |status| {
        matches!(status.rollout.as_ref().map(|one| &one.phase), Some(Phase::Baking { .. }))
    });
    command.kill().unwrap();
    command.wait().unwrap();
    let back = local::rollback(deployment.data(), None, None, &Silent).unwrap();
    assert_eq!(back.to, first);
    let status = deployment.status();
    assert!(all_healthy(&status) && status.release == first, "{status:#?}");
    assert!(status.servers.iter().all(|server| server.digest == first));
    // What was only taken back has not failed.
    let known = local::releases(deployment.data()).unwrap();
    assert!(known.iter().all(|release| release.verdict == Verdict::Passed), "{known:#?}");
}

#[test]
fn a_part_that_has_recovered_is_held_against_no_later_roll() {
    let deployment = Deployment::started();
    deployment.set_fault("exit");
    kill(deployment.status().servers[0].pid.unwrap(), "KILL");
    deployment.status_when("it backs off", |status| status.servers[0].failures >= 3);
    deployment.clear_fault("exit");
    deployment.status_when("it recovers", |status| {
        all_healthy(status) && status.servers[0].failures == 0
    });
    let newer = other_build(&deployment, "newer");
    let outcome = roll(&deployment, newer).unwrap();
    assert_eq!(deployment.status().release, outcome.to);
}

#[test]
fn nobody_survives_a_release_that_was_undone() {
    let deployment = Deployment::started();
    let text = "#!/bin/sh\nsleep 300 &\nexit 3\n";
    see_undone(&deployment, script(&deployment, "forker", text));
    assert_eq!(deployment.processes().len(), 6);
}

#[test]
fn a_bake_beyond_reason_is_refused() {
    let deployment = Deployment::started();
    let newer = other_build(&deployment, "newer");
    let request = RollRequest { program: newer, bake: Some(Duration::MAX) };
    let refused = local::roll(deployment.data(), &request, &Silent);
    assert!(matches!(refused, Err(LocalError::InvalidSpec(_))), "{refused:?}");
}
