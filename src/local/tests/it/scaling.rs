//! The group follows the load between its limits (HA-2).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use local::{Event, ScaleSpec};

use crate::support::{Deployment, all_healthy};

#[test]
fn the_group_grows_under_load_and_shrinks_without() {
    let mut deployment = Deployment::new();
    deployment.spec.least_servers = 2;
    deployment.spec.servers = 2;
    deployment.spec.most_servers = 4;
    deployment.spec.scale = ScaleSpec {
        cpu: None,
        // Above what looking at the status costs, below what one busy client asks for.
        requests: Some(6000),
        interval: Duration::from_millis(200),
        looks_to_grow: 2,
        looks_to_shrink: 3,
        cooldown: Duration::from_millis(500),
    };
    deployment.up();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                assert_eq!(deployment.ask("/wait?2").status, 200);
            }
        });
        deployment.status_when("it has grown to its limit", |status| {
            all_healthy(status) && status.servers.len() == 4
        });
        over.store(true, Ordering::Relaxed);
    });
    let status = deployment.status_when("it has shrunk to its limit", |status| {
        all_healthy(status) && status.servers.len() == 2
    });
    let causes: Vec<&str> = status
        .activities
        .iter()
        .filter(|activity| activity.event == Event::Scaled)
        .map(|activity| activity.cause.as_str())
        .collect();
    assert!(causes.iter().any(|cause| cause.contains("to 4 servers: ")), "{causes:?}");
    assert!(causes.iter().all(|cause| cause.contains("requests per server and minute")));
    // Another `up` leaves the size to the load, unless the blueprint says something new.
    assert!(matches!(deployment.up(), local::UpOutcome::AlreadyRunning(_)));
}
