//! `up` and `down`: idempotent, and never half (DP-1).

use std::io::Write;
use std::time::{Duration, Instant};

use local::{ComponentState, DownOutcome, LocalError, LogQuery, Silent, TlsSpec, UpOutcome};

use crate::support::{Deployment, Recorder, all_healthy, kill, parts, under_load};

#[test]
fn a_fresh_machine_has_a_service_after_one_call_and_nothing_after_down() {
    let deployment = Deployment::new();
    let begun = Instant::now();
    assert!(matches!(deployment.up(), UpOutcome::Started(_)));
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(deployment.ask("/instance").status, 200);
    let status = deployment.status();
    assert!(all_healthy(&status), "{status:#?}");
    let mut zones: Vec<String> =
        status.servers.iter().filter_map(|server| server.zone.clone()).collect();
    zones.sort();
    assert_eq!(zones, ["a", "b", "c"]);
    assert!(
        parts(&status).filter_map(|part| part.address).all(|address| address.ip().is_loopback())
    );
    let lines: Vec<_> = local::logs(deployment.data(), &LogQuery::default()).unwrap().collect();
    assert!(lines.iter().any(|line| line.component == "a-1" && line.text.contains("listening")));

    assert_eq!(
        local::down(deployment.data(), &Silent).unwrap(),
        DownOutcome::Stopped { processes: 6 }
    );
    assert!(deployment.processes().is_empty());
    assert!(deployment.data().join("metadata").exists());
    assert_eq!(local::down(deployment.data(), &Silent).unwrap(), DownOutcome::NothingRan);
    let status = deployment.status();
    assert!(parts(&status).all(|part| part.state == ComponentState::Stopped && part.pid.is_none()));
}

#[test]
fn a_second_up_changes_nothing_and_says_so() {
    let deployment = Deployment::started();
    let mut before = deployment.processes();
    let begun = Instant::now();
    assert!(matches!(deployment.up(), UpOutcome::AlreadyRunning(_)));
    assert!(begun.elapsed() < Duration::from_secs(2));
    let mut after = deployment.processes();
    before.sort_unstable();
    after.sort_unstable();
    assert_eq!(before, after);
}

#[test]
fn of_two_at_once_one_starts_and_the_other_finds_it_running() {
    let deployment = Deployment::new();
    let outcomes: Vec<UpOutcome> = std::thread::scope(|scope| {
        let both = [scope.spawn(|| deployment.up()), scope.spawn(|| deployment.up())];
        both.map(|one| one.join().unwrap()).into()
    });
    let started =
        outcomes.iter().filter(|outcome| matches!(outcome, UpOutcome::Started(_))).count();
    let found =
        outcomes.iter().filter(|outcome| matches!(outcome, UpOutcome::AlreadyRunning(_))).count();
    assert_eq!((started, found), (1, 1), "{outcomes:?}");
    assert_eq!(deployment.processes().len(), 6);
}

#[test]
fn after_a_reboot_the_same_data_is_served_again() {
    let deployment = Deployment::started();
    let secret = std::fs::read(deployment.data().join("secrets/credentials")).unwrap();
    let supervisor = deployment.status().supervisor.pid.unwrap();
    kill(supervisor, "KILL");
    deployment.processes().into_iter().for_each(|pid| kill(pid, "KILL"));
    crate::support::eventually("everything is dead", || deployment.processes().is_empty());
    // What a state of an earlier boot says about process ids now means strangers: us, for one.
    let state = deployment.data().join("run/state.json");
    let text = std::fs::read_to_string(&state).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    for part in value["components"].as_array_mut().unwrap() {
        part["pid"] = std::process::id().into();
    }
    std::fs::write(&state, value.to_string()).unwrap();

    assert!(matches!(deployment.up(), UpOutcome::Started(_)));
    assert!(all_healthy(&deployment.status()));
    assert_eq!(std::fs::read(deployment.data().join("secrets/credentials")).unwrap(), secret);
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_before_anything_is_changed() {
    let mut deployment = Deployment::new();
    let path = |name: &str| deployment.outside().join(name);
    let made = Deployment::new();
    let (good, text, none) = (path("good.pem"), path("text.pem"), path("none.pem"));
    std::fs::write(&text, "not a certificate").unwrap();
    let half = path("half.pem");
    let begin = "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n";
    std::fs::write(&half, begin).unwrap();
    let mut first = made.spec.clone();
    first.tls = Some(TlsSpec::SelfMade);
    local::up(&first, &made.programs, &Silent).unwrap();
    std::fs::copy(made.data().join("secrets/tls.pem"), &good).unwrap();
    local::down(made.data(), &Silent).unwrap();
    for (certificate, key, wrong, reason) in [
        (&none, &good, &none, "No such file"),
        (&good, &none, &none, "No such file"),
        (&text, &good, &text, "a certificate in PEM form is missing"),
        (&good, &text, &text, "a private key in PEM form is missing"),
        (&half, &good, &half, "damaged"),
    ] {
        let (certificate, key) = (certificate.clone(), key.clone());
        deployment.spec.tls = Some(TlsSpec::Files { certificate, key });
        let error = local::up(&deployment.spec, &deployment.programs, &Silent).unwrap_err();
        let LocalError::Certificate { path, reason: told } = &error else { panic!("{error:?}") };
        assert!(path == wrong && told.contains(reason), "{error}");
        assert!(!deployment.data().exists());
    }
    deployment.spec.tls = Some(TlsSpec::Files { certificate: good.clone(), key: good });
    deployment.up();
}

#[test]
fn a_wish_that_was_lost_is_not_mistaken_for_the_next_one() {
    let mut deployment = Deployment::started();
    std::fs::remove_file(deployment.data().join("run/desired.json")).unwrap();
    deployment.spec.servers = 2;
    assert!(matches!(deployment.up(), UpOutcome::Changed { .. }));
    let status = deployment.status();
    assert!(all_healthy(&status) && status.servers.len() == 2, "{status:#?}");
}

#[test]
fn a_directory_where_the_report_belongs_is_told_at_once() {
    let deployment = Deployment::started();
    local::down(deployment.data(), &Silent).unwrap();
    let report = deployment.data().join("run/state.json");
    std::fs::remove_file(&report).unwrap();
    std::fs::create_dir(&report).unwrap();
    let error = local::up(&deployment.spec, &deployment.programs, &Silent).unwrap_err();
    assert!(matches!(&error, LocalError::Damaged { path, .. } if *path == report), "{error:?}");
    assert!(error.to_string().contains("it is a directory"), "{error}");
    assert!(deployment.processes().is_empty());
    std::fs::remove_dir(&report).unwrap();
    deployment.up();
}

#[test]
fn a_server_that_cannot_start_is_told_with_its_last_words_and_nothing_stays() {
    let deployment = Deployment::started();
    local::down(deployment.data(), &Silent).unwrap();
    deployment.set_fault("exit");
    let error = local::up(&deployment.spec, &deployment.programs, &Silent).unwrap_err();
    assert!(matches!(error, LocalError::DoesNotStart { .. }), "{error:?}");
    assert!(error.log_tail().iter().any(|line| line.contains("told to fail")), "{error:?}");
    assert!(deployment.processes().is_empty());
    deployment.clear_fault("exit");
    assert!(matches!(deployment.up(), UpOutcome::Started(_)));
}

#[test]
fn an_interrupted_up_leaves_nothing_running() {
    let deployment = Deployment::new();
    let reporter = Recorder { cancel_at: Some("finished supervisor"), ..Recorder::default() };
    let outcome = local::up(&deployment.spec, &deployment.programs, &reporter);
    assert!(matches!(outcome, Err(LocalError::Interrupted)), "{outcome:?}");
    assert!(deployment.processes().is_empty());
    assert!(matches!(deployment.up(), UpOutcome::Started(_)));
}

#[test]
fn an_up_killed_at_any_moment_can_be_repeated() {
    for milliseconds in [0, 20, 60, 120, 250, 500] {
        let deployment = Deployment::new();
        let mut up = std::process::Command::new(&deployment.programs.syncctl)
            .arg("up")
            .args([deployment.data().as_os_str(), deployment.spec.listen.to_string().as_ref()])
            .spawn()
            .unwrap();
        // Not a wait for something: the moment of death is what varies.
        std::thread::sleep(Duration::from_millis(milliseconds));
        let _ = up.kill();
        up.wait().unwrap();
        deployment.up();
        assert!(all_healthy(&deployment.status()), "killed after {milliseconds} ms");
        assert_eq!(deployment.processes().len(), 6);
        local::down(deployment.data(), &Silent).unwrap();
        assert!(deployment.processes().is_empty());
    }
}

#[test]
fn the_group_grows_and_shrinks_without_touching_who_stays() {
    let mut deployment = Deployment::started();
    let before = deployment.status();
    deployment.spec.servers = 5;
    let UpOutcome::Changed { replaced, .. } = deployment.up() else { panic!("a change") };
    assert_eq!(replaced, ["a-2", "b-2"]);
    deployment.spec.servers = 2;
    let (outcome, _) = under_load(&deployment, || deployment.up());
    let UpOutcome::Changed { replaced, .. } = outcome else { panic!("a change") };
    assert!(replaced.is_empty(), "{replaced:?}");
    let after = deployment.status();
    assert_eq!(after.servers.len(), 2);
    assert_eq!(before.servers[0].pid, after.servers[0].pid);
    assert_eq!(deployment.processes().len(), 5);
}

#[test]
fn a_new_server_program_replaces_the_servers_one_by_one_without_a_failed_request() {
    let mut deployment = Deployment::started();
    let newer = deployment.outside().join("syncd");
    std::fs::copy(&deployment.programs.syncd, &newer).unwrap();
    std::fs::OpenOptions::new().append(true).open(&newer).unwrap().write_all(b"newer").unwrap();
    deployment.programs.syncd = newer;
    let before = deployment.status();
    let (outcome, requests) = under_load(&deployment, || deployment.up());
    let UpOutcome::Changed { replaced, .. } = outcome else { panic!("{outcome:?}") };
    // Each successor was there before the server whose place it took.
    assert_eq!(replaced, ["a-2", "b-2", "c-2"]);
    let after = deployment.status();
    assert_ne!(before.servers[0].digest, after.servers[0].digest);
    assert_eq!(before.engines.pid, after.engines.pid);
    assert_eq!(before.balancer.pid, after.balancer.pid);
    assert!(requests > 50, "{requests}");
}

#[test]
fn a_bad_server_program_is_taken_back() {
    let mut deployment = Deployment::started();
    let bad = deployment.outside().join("syncd");
    std::fs::write(&bad, "#!/bin/sh\necho bad release >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&bad, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let good = std::mem::replace(&mut deployment.programs.syncd, bad);
    let error = local::up(&deployment.spec, &deployment.programs, &Silent).unwrap_err();
    assert!(error.log_tail().iter().any(|line| line.contains("bad release")), "{error:?}");
    deployment.programs.syncd = good;
    deployment.status_when("the old release is back", all_healthy);
    assert!(matches!(deployment.up(), UpOutcome::Changed { .. } | UpOutcome::AlreadyRunning(_)));
}
