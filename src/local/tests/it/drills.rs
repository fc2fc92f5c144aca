//! What is taken away on purpose comes back, and users notice nothing after the window (HA-6, HA-7).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use local::{DrillKind, DrillReport, DrillRequest, Event, LocalError, Silent, TlsSpec, WriteProbe};

use crate::support::{Deployment, Recorder, all_healthy, kill};

fn request(kind: DrillKind) -> DrillRequest {
    DrillRequest { kind, target: None, outage: Duration::from_secs(2), rate: 100 }
}

fn run(deployment: &Deployment, request: &DrillRequest) -> DrillReport {
    let report = local::drill(deployment.data(), request, None, &Silent).unwrap();
    assert!(report.passed(), "{report:#?}");
    assert!(report.requests > 100, "{report:#?}");
    assert!(all_healthy(&deployment.status()));
    assert_eq!(deployment.processes().len(), 6);
    report
}

#[test]
fn a_killed_server_is_replaced_and_the_history_shows_it() {
    let deployment = Deployment::started();
    let report = run(
        &deployment,
        &DrillRequest { target: Some("b-1".into()), ..request(DrillKind::Instance) },
    );
    assert_eq!(report.target, "b-1");
    assert!(report.replaced_after.unwrap() < Duration::from_secs(60), "{report:#?}");
    assert!(report.timeline.iter().any(|moment| moment.text.contains("signal 9")), "{report:#?}");
}

#[test]
fn drills_ask_over_https_where_clients_have_to() {
    let mut deployment = Deployment::new();
    deployment.spec.tls = Some(TlsSpec::SelfMade);
    deployment.up();
    let report = run(&deployment, &request(DrillKind::Instance));
    assert!(report.failed * 10 < report.requests, "{report:#?}");
}

#[test]
fn a_frozen_server_is_replaced() {
    let deployment = Deployment::started();
    let report = run(&deployment, &request(DrillKind::Freeze));
    let told = story(&deployment);
    assert!(told.contains("drill began: freezing a-1"), "{told}");
    assert!(told.contains("drill ended: a-1, which was frozen, was replaced"), "{told}");
    // 2 checks, each 300 ms after the one before and 250 ms for an answer.
    assert_eq!(report.window, Duration::from_millis(1_100));
}

#[test]
fn a_lost_zone_is_made_up_for_elsewhere_and_comes_back() {
    let deployment = Deployment::started();
    let report =
        run(&deployment, &DrillRequest { target: Some("c".into()), ..request(DrillKind::Zone) });
    assert!(report.full_strength_after.unwrap() >= Duration::from_secs(2));
    assert!(report.replaced_after.unwrap() > Duration::ZERO);
    let activities = deployment.status().activities;
    let elsewhere = activities
        .iter()
        .any(|one| one.event == Event::Started && ["a-2", "b-2"].contains(&one.component.as_str()));
    assert!(elsewhere, "{activities:#?}");
}

/// The history of drills alone.
fn story(deployment: &Deployment) -> String {
    let activities = local::history(deployment.data(), 1000).unwrap();
    let drills = activities.iter().filter(|one| one.component == "drill");
    drills.map(|one| format!("drill {}: {}\n", one.event, one.cause)).collect()
}

/// Stands in for a client that stores content.
struct Content<'a>(&'a std::path::Path, AtomicBool);

impl WriteProbe for Content<'_> {
    fn write(&self) -> Result<(), String> {
        let until = std::fs::read_to_string(self.0.join("run/disk-full-until"));
        let until: i64 = until.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let full = (now.as_secs() as i64) < until;
        self.1.fetch_or(full, Ordering::Relaxed);
        if full { Err("no space left".to_owned()) } else { Ok(()) }
    }
}

#[test]
fn a_full_disk_refuses_content_and_takes_it_again() {
    let deployment = Deployment::started();
    let content = Content(deployment.data(), AtomicBool::new(false));
    let report =
        local::drill(deployment.data(), &request(DrillKind::Disk), Some(&content), &Silent)
            .unwrap();
    assert!(report.passed() && report.writes_refused > 0, "{report:#?}");
    assert!(report.writes > report.writes_refused, "{report:#?}");
    assert!(content.1.load(Ordering::Relaxed));
    assert!(!deployment.data().join("run/disk-full-until").exists());
    let told = story(&deployment);
    assert!(told.contains("drill began: the disk takes no content for 2 s"), "{told}");
    assert!(told.contains("drill ended: the disk takes content again"), "{told}");
}

#[test]
fn a_drill_wants_a_service_that_is_well() {
    let deployment = Deployment::started();
    let unknown = DrillRequest { target: Some("q".into()), ..request(DrillKind::Zone) };
    let refused = local::drill(deployment.data(), &unknown, None, &Silent);
    assert!(matches!(refused, Err(LocalError::UnknownZone { .. })), "{refused:?}");
    deployment.set_fault("exit");
    kill(deployment.status().servers[0].pid.unwrap(), "KILL");
    // The balancer notices first, the supervisor a moment later; a drill asks the supervisor.
    deployment.status_when("one is missing", |status| !all_healthy(status) && !status.converged);
    let refused = local::drill(deployment.data(), &request(DrillKind::Instance), None, &Silent);
    assert!(matches!(refused, Err(LocalError::NotAtFullStrength)), "{refused:?}");
    deployment.clear_fault("exit");
}

#[test]
fn an_interrupted_drill_gives_back_what_it_took() {
    let deployment = Deployment::started();
    let reporter = Recorder { cancel_at: Some("is lost"), ..Recorder::default() };
    let long = DrillRequest { outage: Duration::from_secs(600), ..request(DrillKind::Zone) };
    let report = local::drill(deployment.data(), &long, None, &reporter).unwrap();
    assert!(report.interrupted && !report.passed() && report.requests > 0, "{report:#?}");
    let told = story(&deployment);
    assert!(told.contains("drill began: zone a is lost for 600 s"), "{told}");
    assert!(told.contains("drill ended: it was interrupted; zone a takes servers again"), "{told}");
    deployment.status_when("the zone is back", |status| {
        all_healthy(status)
            && status.servers.iter().filter_map(|server| server.zone.as_deref()).eq(["a", "b", "c"])
    });
}
